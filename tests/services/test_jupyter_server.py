"""jupyter_server, from the Swagger 2.0 document that it ships.

Where the document differs from the server, and what a user does about it:

- It names no scheme; every call needs a token: `--auth bearer`.
- It names no host: `JUPYTER_SERVER_BASE_URL`.
- Texts of `Contents` may be null, and the content of a folder is a list: reading such a member
  raises `InvalidMember`, `raw` has what came.
- An absent file is 404, which DELETE does not document: `NotFound` all the same.
- A name that is taken is 409, not documented: `Conflict` all the same.
- `/api/` answers with a redirect; the version is in the status of `/api/status` as well.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from noctule.runtime import Conflict, Forbidden, InvalidMember, NotFound
from support.real_services import documented, program, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .conftest import Integrate

TOKEN = "token-of-a-test"
OPERATIONS = """
    GET /api/contents/{path}
    POST /api/contents/{path}
    PUT /api/contents/{path}
    PATCH /api/contents/{path}
    DELETE /api/contents/{path}
    GET /api/contents/{path}/checkpoints
    POST /api/contents/{path}/checkpoints
    POST /api/contents/{path}/checkpoints/{checkpoint_id}
    GET /api/kernels
    GET /api/kernels/{kernel_id}
    GET /api/me
    GET /api/status
    GET /api/spec.yaml
"""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    server = program("jupyter-server")
    folder = tmp_path / "jupyter"
    (folder / "files").mkdir(parents=True)

    def arguments(port: int) -> list[str]:
        options = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": port,
            "ServerApp.port_retries": 0,
            "ServerApp.open_browser": False,
            "ServerApp.allow_root": True,
            "ServerApp.root_dir": folder / "files",
            "IdentityProvider.token": TOKEN,
        }
        return [server, *(f"--{name}={value}" for name, value in options.items())]

    with running(folder, arguments) as url:
        yield url


def test_life_of_a_file(
    address: str, integrate: Integrate, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = documented("documents/jupyter_server.yaml")
    request = "Edit files on our Jupyter server: create, read, rename, save and delete them"
    reason = "errors are documented for few operations"
    options = ("--auth", "bearer", "--accept-incomplete", reason)
    wrapper = integrate(request, document, OPERATIONS, *options)
    monkeypatch.setenv("JUPYTER_SERVER_BASE_URL", address)
    monkeypatch.setenv("JUPYTER_SERVER_TOKEN", TOKEN)
    asyncio.run(life_of_a_file(wrapper.JupyterServerService(), wrapper))

    monkeypatch.setenv("JUPYTER_SERVER_TOKEN", "not-the-token")
    with pytest.raises(Forbidden):
        asyncio.run(wrapper.JupyterServerService().get_me())


async def life_of_a_file(service: Any, wrapper: Any) -> None:
    async with service as jupyter:
        assert (await jupyter.get_status()).kernels == 0
        assert await jupyter.list_kernels() == []
        assert "updatable_fields" in (await jupyter.get_me()).permissions
        assert (await jupyter.get_spec_yaml()).startswith("swagger:")

        untitled = await jupyter.create_content(path="/", type="file", ext=".txt")
        assert (untitled.path, untitled.size) == ("untitled.txt", 0)
        folder = await jupyter.replace_content(path="dir é", type="directory")
        assert folder.type == "directory"
        path = "dir é/a b.txt"
        texts = {"type": "file", "format": "text"}
        saved = await jupyter.replace_content(path=path, content="été", **texts)
        assert (saved.name, saved.size) == ("a b.txt", 5)
        assert (await jupyter.get_content(path=path)).content == "été"
        with pytest.raises(InvalidMember, match="null"):
            assert saved.content

        raw = await jupyter.raw(wrapper.GET_CONTENT, path={"path": "dir é"})
        assert [file["path"] for file in raw.response.json()["content"]] == [path]
        with pytest.raises(InvalidMember, match="content"):
            assert raw.value.content

        checkpoint = await jupyter.create_content_checkpoint(path=path)
        assert [one.id for one in await jupyter.list_content_checkpoints(path=path)] == [
            checkpoint.id
        ]
        await jupyter.replace_content(path=path, content="changed", **texts)
        await jupyter.restore_content_checkpoint(path=path, checkpoint_id=checkpoint.id)
        assert (await jupyter.get_content(path=path)).content == "été"

        renamed = await jupyter.update_content(path=path, body_path="b?#%2F.txt")
        assert renamed.path == "b?#%2F.txt"
        with pytest.raises(Conflict):
            await jupyter.update_content(path=renamed.path, body_path="untitled.txt")
        assert (await jupyter.get_content(path=renamed.path)).content == "été"

        await jupyter.delete_content(path=renamed.path)
        for gone in (jupyter.get_content, jupyter.delete_content):
            with pytest.raises(NotFound):
                await gone(path=renamed.path)
        with pytest.raises(NotFound):
            await jupyter.get_kernel(kernel_id="6b0c4b2e-7b8e-4a0e-9d0e-2f0a3f8f1c11")
