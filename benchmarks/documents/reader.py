"""How many answers the code of a generator can read, in that code's own environment.

A case is `[verb, path, status, body]`, names of variables left out of the path. Prints as JSON how
each ended: "" where it was read, "untrue" where a value in the result is not what its annotation
says, the type of the error, or null where no operation is called so.
"""

import argparse
import importlib
import json
import re
import runpy
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

Reader = Callable[[int, bytes], object]
Readers = dict[tuple[str, str], Reader]
VARIABLE = re.compile(r"{[^{}]*}")
CLIENT = re.compile(r'"method": "(\w+)",\s+"url": "([^"]+)"')
GENERATOR = re.compile(
    r"_response_types_map: [^{]+({.*?})|method='(\w+)',\s+resource_path='([^']+)'", re.DOTALL
)


TRUTH = Path(__file__).parents[2] / "src/noctule/runtime/testing/truth.py"
UNTRUE: Callable[[object], list[str]] = runpy.run_path(str(TRUTH))["untrue"]


def modules(folder: Path, package: str) -> list[Path]:
    paths = sorted((folder / package).rglob("*.py"))
    return [path.relative_to(folder) for path in paths if "tests" not in path.parts]


def imported(path: Path) -> object:
    return importlib.import_module(".".join(path.with_suffix("").parts))


def key(verb: str, path: str) -> tuple[str, str]:
    return verb.upper(), VARIABLE.sub("{}", path)


def noctule(folder: Path, package: str) -> Readers:
    from noctule.runtime import NoAuth, Operation, ServiceConfig, SyncService
    from noctule.runtime.testing import MockProvider

    class Reading(SyncService):
        config = ServiceConfig(name="reading", base_url="http://none", auth=NoAuth())

    def read(operation: Operation[object], status: int, data: bytes) -> object:
        """What a call returns: the encoding of its arguments is not what is tried here."""
        provider = MockProvider().replies(status, content=data)
        plain = Operation("read", operation.method, "/", returns=operation.returns)
        return Reading(transport=provider).call(plain)

    readers: Readers = {}
    for path in modules(folder, package):
        for member in vars(imported(path)).values():
            if isinstance(member, Operation):
                readers[key(member.method, member.path)] = partial(read, member)
    return readers


def openapi_python_client(folder: Path, package: str) -> Readers:
    import httpx

    client = importlib.import_module(f"{package}.client").Client(base_url="http://none")
    readers: Readers = {}
    for path in modules(folder, package):
        for verb, url in CLIENT.findall((folder / path).read_text(encoding="utf-8")):
            parse = imported(path)._parse_response
            readers[key(verb, url)] = lambda status, data, parse=parse: parse(
                client=client, response=httpx.Response(status, content=data)
            )
    return readers


def openapi_generator(folder: Path, package: str) -> Readers:
    client = importlib.import_module(f"{package}.api_client").ApiClient()

    def reader(kinds: dict[str, str]) -> Reader:
        def read(status: int, data: bytes) -> object:
            headers = {"content-type": "application/json"}
            answer = SimpleNamespace(status=status, data=data, headers=headers, reason="")
            answer.getheaders = lambda: headers
            answer.getheader = headers.get
            return client.response_deserialize(answer, kinds)

        return read

    readers: Readers = {}
    for path in modules(folder, package):
        kinds: dict[str, str] = {}
        for declared, verb, url in GENERATOR.findall((folder / path).read_text(encoding="utf-8")):
            kinds = dict(re.findall(r"'(\w+)': \"([^\"]+)\"", declared)) if declared else kinds
            if verb:
                readers[key(verb, url)] = reader(kinds)
    return readers


READERS = {
    "noctule": noctule,
    "openapi-python-client": openapi_python_client,
    "openapi-generator": openapi_generator,
}


def outcome(read: Reader | None, status: int, body: object) -> str | None:
    if read is None:
        return None
    try:
        value = read(status, json.dumps(body).encode())
    except Exception as error:
        return type(error).__name__
    return "untrue" if next(iter(UNTRUE(value)), None) is not None else ""


def main() -> None:
    command_line = argparse.ArgumentParser(description=__doc__)
    command_line.add_argument("generator", choices=READERS)
    command_line.add_argument("folder", type=Path)
    command_line.add_argument("package")
    options = command_line.parse_args()
    readers = READERS[options.generator](options.folder, options.package)
    cases = json.load(sys.stdin)
    print(json.dumps([outcome(readers.get(key(v, p)), s, body) for v, p, s, body in cases]))


if __name__ == "__main__":
    main()
