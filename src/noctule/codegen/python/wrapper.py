"""The wrapper module: aliases, models, typed dicts, operations, and the service class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.form import (
    Auth,
    Choice,
    Field,
    ListOf,
    MapOf,
    Method,
    Nullable,
    OneOf,
    Param,
    Record,
    Type,
    Wrapper,
)
from noctule.codegen.names import constant_name
from noctule.codegen.python.annotations import RUNTIME, annotation, literals, optional
from noctule.codegen.python.docs import class_doc, common_failures, method_doc, module_doc
from noctule.codegen.python.layout import Brackets, Code, call, collection, joined, lay_out
from noctule.codegen.python.literals import literal, string
from noctule.codegen.python.source import Block, Imports, docstring, function, module

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REPLAY_BY_DEFAULT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


def wrapper_module(wrapper: Wrapper, package: str) -> str:
    """The source of the wrapper; `package` is the project's own top-level package."""
    return WrapperWriter(wrapper, package).text()


class WrapperWriter:
    def __init__(self, wrapper: Wrapper, package: str) -> None:
        self._wrapper = wrapper
        self._imports = Imports(package)
        self._common = common_failures(wrapper)

    def text(self) -> str:
        blocks = [
            *self._aliases(),
            *map(self._record, self._wrapper.records),
            *map(self._operation, self._wrapper.methods),
            self._service(),
        ]
        return module(module_doc(self._wrapper), self._imports, blocks)

    # -- types

    def _aliases(self) -> Iterator[Block]:
        params = (param for method in self._wrapper.methods for param in method.params)
        fields = (field for record in self._wrapper.records for field in record.fields)
        found = {
            choice.name: choice.values
            for kind in (*(field.type for field in fields), *(param.type for param in params))
            for choice in choices(kind)
            if choice.name
        }
        for name, values in found.items():
            literals(values, self._imports)
            items = tuple(map(string, values))
            yield Block(tuple(lay_out(Brackets(f"{name} = Literal[", items, "]"))))

    def _record(self, record: Record) -> Block:
        base, member = "Model", self._member
        if record.role == "answer":
            self._imports.use(RUNTIME, "Model")
        else:
            self._imports.use("typing", "TypedDict")
            some = any(field.required for field in record.fields)
            base, member = "TypedDict" if some else "TypedDict, total=False", self._key
        lines = [f"class {record.name}({base}):", *docstring([record.doc], 4), ""]
        several = any(field.required for field in record.fields)
        for field in record.fields:
            lines += member(field, several)
        return Block(tuple(lines), definition=True)

    def _member(self, field: Field, several: bool) -> Iterator[str]:
        """A member of a model, with its unit where it has one."""
        del several
        if field.required:
            kind = annotation(field.type, "answer", self._imports)
        else:
            kind = optional(field.type, "answer", self._imports)
        if field.wire != field.name:
            self._imports.use(RUNTIME, "field")
            items = [] if field.required else ["default=None"]
            made = call("field", *items, f"name={string(field.wire)}")
            yield from lay_out(joined(f"{field.name}: {kind} = ", made), 4)
        else:
            yield from annotated(field.name, kind, "" if field.required else " = None")
        if field.doc:
            yield from docstring([field.doc], 4)

    def _key(self, field: Field, several: bool) -> Iterator[str]:
        kind = annotation(field.type, "member", self._imports)
        if several and not field.required:
            kind = f"{self._imports.use('typing', 'NotRequired')}[{kind}]"
        yield from annotated(field.name, kind, "")

    # -- operations

    def _operation(self, method: Method) -> Block:
        returns = "None"
        if method.returns is not None:
            returns = annotation(method.returns, "answer", self._imports)
        items: list[Code] = [string(method.name), string(method.verb), string(method.path)]
        items.append(f"returns={returns}")
        if method.body:
            items.append(f"body={string(method.body)}")
        if method.replay != ("safe" if method.verb in REPLAY_BY_DEFAULT else "never"):
            items.append(f"replay={string(method.replay)}")
        if method.styles:
            items.append(joined("styles=", literal(dict(method.styles))))
        if method.moves_money:
            items.append("moves_money=True")
        if method.accepts:
            items.append(f"accepts={string(method.accepts)}")
        self._imports.use(RUNTIME, "Operation")
        name = constant_name(method.name)
        return Block(tuple(lay_out(joined(f"{name} = ", call("Operation", *items)))))

    # -- the service

    def _service(self) -> Block:
        for name in ("Service", "ServiceConfig"):
            self._imports.use(RUNTIME, name)
        lines = [
            f"class {self._wrapper.name}(Service):",
            *docstring(class_doc(self._wrapper), 4),
            "",
        ]
        lines += lay_out(joined("config = ", call("ServiceConfig", *self._config())), 4)
        for method in self._wrapper.methods:
            lines += ["", *self._method(method)]
        return Block(tuple(lines), definition=True)

    def _config(self) -> Iterator[Code]:
        wrapper, pack = self._wrapper, self._wrapper.pack
        yield f"name={string(wrapper.slug)}"
        yield f"base_url={string(wrapper.base_url)}"
        yield joined("auth=", self._auth(wrapper.auth))
        if wrapper.idempotency_header:
            yield f"idempotency_header={string(wrapper.idempotency_header)}"
        if pack and pack.retry.should_retry_header:
            yield f"should_retry_header={string(pack.retry.should_retry_header)}"
        if pack and pack.request_id_header:
            yield f"request_id_header={string(pack.request_id_header)}"
        if pack and pack.rate_limit:
            limit = pack.rate_limit
            names = (limit.remaining_header, limit.reset_header, limit.reset_kind)
            constructor = self._imports.use(RUNTIME, "RateLimitHeaders")
            yield joined("rate_limit=", call(constructor, *map(string, names)))
        if pack and pack.headers:
            yield joined("headers=", literal(dict(pack.headers)))
        policies = list(self._policies())
        if policies:
            constructor = self._imports.use(RUNTIME, "Policies")
            yield joined("policies=", call(constructor, *policies))

    def _policies(self) -> Iterator[Code]:
        if self._wrapper.timeout is not None:
            yield f"timeout={self._wrapper.timeout!r}"
        if self._wrapper.attempts is not None:
            constructor = self._imports.use(RUNTIME, "RetryLimits")
            yield f"retry={constructor}(attempts={self._wrapper.attempts})"

    def _auth(self, auth: Auth) -> Code:
        def make(name: str, *arguments: Code) -> Code:
            return call(self._imports.use(RUNTIME, name), *arguments)

        secrets = [self._variable(name) for name in auth.secrets]
        match auth.kind:
            case "none":
                return make("NoAuth")
            case "all":
                return make("All", *map(self._auth, auth.parts))
            case "bearer":
                return make("Bearer", *secrets)
            case "basic":
                return make("Basic", *secrets)
            case "header":
                prefix = auth.settings.get("prefix", "")
                extra = [f"prefix={string(prefix)}"] if prefix else []
                return make("ApiKeyHeader", string(auth.settings["name"]), *secrets, *extra)
            case "query":
                return make("ApiKeyQuery", string(auth.settings["name"]), *secrets)
            case "client_credentials":
                scopes = ", ".join(map(string, auth.scopes))
                extra = [f"scopes=({scopes},)"] if len(auth.scopes) == 1 else []
                extra = [f"scopes=({scopes})"] if len(auth.scopes) > 1 else extra
                url = string(auth.settings["url"])
                return make("OAuth2ClientCredentials", url, *secrets, *extra)
            case "refresh_token":
                return make("OAuth2RefreshToken", string(auth.settings["url"]), *secrets)

    def _variable(self, name: str) -> str:
        return f"{self._imports.use(RUNTIME, 'env')}({string(name)})"

    # -- methods

    def _method(self, method: Method) -> list[str]:
        parameters = ["self", "*", *map(self._parameter, method.params)]
        parameters.append(f"options: {self._imports.use(RUNTIME, 'CallOptions')} | None = None")
        returns = "None"
        if method.returns is not None:
            returns = annotation(method.returns, "answer", self._imports)
        arguments: list[Code] = [
            constant_name(method.name),
            *self._places(method),
            "options=options",
        ]
        start = "await self.call" if method.returns is None else "return await self.call"
        body = [
            *docstring(method_doc(method, self._common), 8),
            *lay_out(call(start, *arguments), 8),
        ]
        return function(method.name, parameters, returns, body, indent=4)

    def _parameter(self, param: Param) -> str:
        if param.required:
            return f"{param.name}: {annotation(param.type, 'argument', self._imports)}"
        return f"{param.name}: {optional(param.type, 'argument', self._imports)} = None"

    def _places(self, method: Method) -> Iterator[Code]:
        """The arguments of `call` that carry the parameters."""
        for place, argument in (
            ("path", "path"),
            ("query", "query"),
            ("header", "headers"),
            ("body", "body"),
        ):
            params = [param for param in method.params if param.place == place]
            whole = next((param for param in params if not param.wire), None)
            pairs = [f"{string(param.wire)}: {param.name}" for param in params]
            pairs += [
                f"{string(wire)}: {self._variable(name)}.read().reveal()"
                for fixed, wire, name in method.fixed
                if fixed == place
            ]
            if place == "path":
                pairs.sort(key=lambda pair: method.path.find(pair.split('"')[1]))
            if whole is not None:
                yield f"{argument}={whole.name}"
            elif pairs:
                yield joined(f"{argument}=", collection("{", pairs, "}"))


def annotated(name: str, kind: str, default: str, indent: int = 4) -> Iterable[str]:
    """`name: kind = default`; a long union goes into parentheses."""
    margin = " " * indent
    line = f"{margin}{name}: {kind}{default}"
    if len(line) <= 88 or " | " not in kind:
        return [line]
    return [f"{margin}{name}: (", f"{margin}    {kind}", f"{margin}){default}"]


def choices(kind: Type) -> Iterator[Choice]:
    """The enumerations inside a type."""
    match kind:
        case Choice():
            yield kind
        case ListOf(inner) | MapOf(inner) | Nullable(inner):
            yield from choices(inner)
        case OneOf(options):
            for option in options:
                yield from choices(option)
        case _:
            return
