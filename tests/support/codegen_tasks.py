"""Tasks for the tests of codegen, written by hand."""

from noctule.manifest import EnvVar, IntegrationTask, PlannedFile, PlannedMethod, Webhook
from noctule.providers import pack


def task_of(
    provider: str,
    operations: dict[str, str],
    events: tuple[str, ...] = (),
    *,
    app: bool = False,
) -> IntegrationTask:
    """A task over a pack: method name -> operation."""
    known = pack(provider)
    files = [
        PlannedFile(path=f"app/services/{provider}_service.py", purpose="", role="wrapper"),
        PlannedFile(path=f"app/api/webhooks/{provider}.py", purpose="", role="webhook"),
        PlannedFile(path=f"tests/test_{provider}_service.py", purpose="", role="tests"),
    ]
    if app:
        files.append(PlannedFile(path="app/main.py", purpose="", role="app"))
    return IntegrationTask(
        service=known.name,
        provider=provider,
        target="fastapi",
        files=[file for file in files if events or file.role != "webhook"],
        env_vars=[
            EnvVar(name=fact.name, description=fact.fr, role=fact.role, required=fact.required)
            for fact in known.env
        ],
        methods=[
            PlannedMethod(name=name, does="…", operation=operation)
            for name, operation in operations.items()
        ],
        webhooks=[
            Webhook(event=event, endpoint=f"/api/webhooks/{provider}", signature=provider)
            for event in events
        ],
    )


def stripe_task() -> IntegrationTask:
    """The card's own example."""
    return task_of(
        "stripe",
        {
            "create_payment_intent": "POST /v1/payment_intents",
            "create_customer": "POST /v1/customers",
        },
        ("payment_intent.succeeded", "payment_intent.payment_failed"),
        app=True,
    )
