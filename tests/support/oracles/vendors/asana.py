from typing import Any

from support.oracles.calls import Call, Vendor

TASK = {"data": {"name": "Été", "workspace": "12", "projects": ["1", "2"],
                 "custom_fields": {"54": "a"}}}  # fmt: skip


def client() -> Any:
    import asana

    configuration = asana.Configuration()
    configuration.access_token = "secret"
    return asana.ApiClient(configuration)


def api(name: str, sdk: Any) -> Any:
    import asana

    return getattr(asana, name)(sdk)


DIFFERS = {
    "query order",
    "query escapes",
    "json spelling",
    "accept",
    "empty body",
    "charset",
    "idle type",
}
VENDOR = Vendor("asana.com.json", "asana", client, [
    Call("POST /tasks", {"opt_fields": ["name", "assignee.name"], "data": TASK["data"]},
         lambda sdk: api("TasksApi", sdk).create_task(TASK, {"opt_fields": "name,assignee.name"})),
    Call("GET /tasks",
         {"project": "1", "limit": 20, "completed_since": "2026-01-01T00:00:00+02:00",
          "opt_fields": ["name", "due_on"]},
         lambda sdk: next(iter(api("TasksApi", sdk).get_tasks({
             "project": "1", "limit": 20, "completed_since": "2026-01-01T00:00:00+02:00",
             "opt_fields": "name,due_on"})))),
    Call("GET /tasks/{task_gid}", {"task_gid": "a b/é"},
         lambda sdk: api("TasksApi", sdk).get_task("a b/é", {})),
    Call("PUT /tasks/{task_gid}", {"task_gid": "7", "data": {"completed": True}},
         lambda sdk: api("TasksApi", sdk).update_task({"data": {"completed": True}}, "7", {})),
    Call("DELETE /tags/{tag_gid}", {"tag_gid": "9"},
         lambda sdk: api("TagsApi", sdk).delete_tag("9")),
], DIFFERS)  # fmt: skip
