"""A secret gives its value to `.reveal()` and to nothing else."""

from __future__ import annotations

import copy
import io
import json
import logging
import pickle
import traceback
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.runtime.errors import ConfigurationError, LiteralSecret, MissingSecrets
from noctule.runtime.redaction import redact
from noctule.runtime.secrets import Secret, SecretRef, env, read_all, require_env, secret_source

if TYPE_CHECKING:
    from pathlib import Path

VALUE = "hunter2-hunter2"


def shown(secret: Secret) -> list[str]:
    """Every way to turn an object into text that does not fail."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s %r", (secret, secret), None)
    handler.emit(record)
    error = ValueError(secret)
    return [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>80}",
        format(secret, "s"),
        "%s %r" % (secret, secret),  # noqa: UP031 - this spelling is what is tested
        str([secret]),
        str({"a": secret}),
        str(error),
        "".join(traceback.format_exception(error)),
        json.dumps({"a": secret}, default=str),
        log.getvalue(),
        str(msgspec.structs.asdict(msgspec.defstruct("S", [("s", object)])(secret))),
    ]


def test_nothing_that_makes_text_of_a_secret_shows_its_value() -> None:
    secret = Secret(VALUE, "PASSWORD")
    for text in shown(secret):
        assert VALUE not in text
    assert "PASSWORD" in repr(secret)
    assert secret.reveal() == VALUE


@pytest.mark.parametrize(
    "leak",
    [
        pickle.dumps,
        json.dumps,
        msgspec.json.encode,
        msgspec.msgpack.encode,
        msgspec.to_builtins,
        list,
        bytes,
        iter,
        vars,
        len,
        lambda secret: "Bearer " + secret,
        lambda secret: "".join([secret]),
        lambda secret: secret[0],
        lambda secret: secret < "z",
    ],
)
def test_a_secret_refuses_to_be_anything_else(leak: object) -> None:
    with pytest.raises((TypeError, AttributeError)) as caught:
        leak(Secret(VALUE))  # type: ignore[operator]  # that it is refused is the point
    assert VALUE not in str(caught.value)


def test_secrets_compare_with_each_other_only_and_copies_are_the_same() -> None:
    secret, same, other = Secret(VALUE), Secret(VALUE), Secret(VALUE + "x")
    assert secret == same
    assert hash(secret) == hash(same)
    assert secret.fingerprint == same.fingerprint
    assert secret != other
    assert secret.fingerprint != other.fingerprint
    assert (secret == VALUE) is False
    assert copy.copy(secret) is secret
    assert copy.deepcopy(secret) is secret
    assert VALUE not in secret.fingerprint


def test_an_exception_whose_frames_are_printed_does_not_show_it() -> None:
    secret = Secret(VALUE)
    try:
        raise RuntimeError(secret)
    except RuntimeError as error:
        deep = traceback.TracebackException.from_exception(error, capture_locals=True)
        assert secret is not None
        assert VALUE not in "".join(deep.format()).replace(f"VALUE = {VALUE!r}", "")


def test_reading_from_the_environment_and_from_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text("from a file\n")
    monkeypatch.setenv("DIRECT", "direct\r\n")
    monkeypatch.setenv("MOUNTED_FILE", str(file))
    values = require_env("DIRECT", "MOUNTED")
    assert {name: secret.reveal() for name, secret in values.items()} == {
        "DIRECT": "direct",
        "MOUNTED": "from a file",
    }


def test_all_missing_names_are_in_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE", VALUE)
    monkeypatch.setenv("BLANK", "  \n")
    for name in ("GONE", "LOST"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(MissingSecrets) as caught:
        require_env("GONE", "HERE", "BLANK", "LOST", "GONE")
    assert caught.value.names == ("GONE", "BLANK", "LOST")
    assert "GONE, BLANK, LOST" in str(caught.value)
    assert VALUE not in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({"KEY": "a", "KEY_FILE": "/b"}, "both set"),
        ({"KEY_FILE": "/does/not/exist"}, "No such file"),
        ({"KEY_FILE": "."}, "directory"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(environ: dict[str, str], reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason) as caught:
        env("KEY").read(environ)
    assert "KEY_FILE" in str(caught.value)


@pytest.mark.parametrize("data", [b"\xff\xfe", b"x" * 70_000])
def test_a_file_that_is_no_secret_is_refused_without_showing_it(
    tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "f").write_bytes(data)
    with pytest.raises(ConfigurationError) as caught:
        env("KEY").read({"KEY_FILE": str(tmp_path / "f")})
    assert "xxxx" not in str(caught.value)


LITERALS = [
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "AKIAIOSFODNN7EXAMPLE",
    "0123456789ABCDEF0123456789ABCDEF",
    "pass word",
    "hunter2",
    "",
]


@pytest.mark.parametrize("literal", LITERALS)
def test_a_credential_in_place_of_a_name_is_refused_and_not_echoed(literal: str) -> None:
    with pytest.raises(LiteralSecret) as caught:
        env(literal)
    assert not literal or literal not in str(caught.value)
    with pytest.raises(LiteralSecret, match=r'env\("NAME"\)') as caught:
        secret_source(literal, "Bearer")
    assert not literal or literal not in str(caught.value)


@pytest.mark.parametrize("literal", [b"sk_live_1", bytearray(b"x"), Secret(VALUE), 7, None])
def test_other_literals_are_refused_as_well(literal: object) -> None:
    with pytest.raises(LiteralSecret) as caught:
        secret_source(literal, "Bearer")
    assert VALUE not in str(caught.value)
    with pytest.raises(LiteralSecret):
        env(literal)  # type: ignore[arg-type]  # callers without a type checker


class Vault:
    name = "vault: payments"

    def read(self) -> Secret:
        return Secret("from the vault", self.name)


def test_a_source_of_ones_own_is_accepted() -> None:
    assert secret_source(Vault(), "Bearer").read().reveal() == "from the vault"
    assert read_all((Vault(), SecretRef("PATH")))["vault: payments"].name == "vault: payments"


def test_an_empty_secret_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="KEY"):
        Secret("", "KEY")


@given(st.text(min_size=8, max_size=60).filter(lambda value: value not in "[redacted]"))
def test_from_its_construction_on_no_redacted_text_holds_the_value(value: str) -> None:
    Secret(value)
    for text in (value, f"x={value}&y", repr(value), json.dumps(value), repr(value.encode())):
        assert value not in redact(text)
