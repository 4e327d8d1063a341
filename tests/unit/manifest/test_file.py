from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

import jsonschema_rs
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from noctule import manifest
from noctule.manifest import (
    DocumentRef,
    EnvVar,
    ErrorHandling,
    Evidence,
    IntegrationTask,
    PlannedFile,
    PlannedMethod,
    RefusedPart,
    RequestSigning,
    SignedText,
    TaskPart,
    Webhook,
)
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from pathlib import Path

CARD = """\
integration_task:
  service: "Stripe"
  files:
    - path: "lib/services/stripe.service.ts"
      purpose: "Wrapper Stripe"
  env_vars:
    - name: "STRIPE_SECRET_KEY"
      description: "Clé API secrète"
  methods:
    - name: "createPaymentIntent"
      does: "Créer un intent de paiement"
  webhooks:
    - event: "payment_intent.succeeded"
      endpoint: "/api/webhooks/stripe"
  error_handling:
    retry: "3 attempts, exponential backoff (1s, 2s, 4s)"
    fallback: "Log error, notify monitoring, return user-friendly message"
  tests: "lib/services/stripe.service.test.ts"
"""

texts = st.text(max_size=30)
names = st.text(min_size=1, max_size=12)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def parts(kind: type[TaskPart], **strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Instances of `kind` with any text or choice in each key, and unknown keys beside its own."""
    hints = get_type_hints(kind)
    own = {
        name: st.sampled_from(get_args(hints[name]))
        if get_origin(hints[name]) is Literal
        else texts
        for name in kind.__dataclass_fields__
        if name not in {"extra", "beside", "lines"}
    }
    unknown = names.filter(lambda name: name not in own)
    extra = st.dictionaries(unknown, plain, max_size=2)
    return st.builds(kind, **(own | strategies), extra=extra)


def some(kind: type[TaskPart], **strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(parts(kind, **strategies), max_size=2)


tasks = parts(
    IntegrationTask,
    files=some(PlannedFile),
    env_vars=some(EnvVar, required=st.booleans()),
    methods=some(PlannedMethod),
    webhooks=some(Webhook),
    error_handling=parts(ErrorHandling),
    document=parts(DocumentRef),
    signing=parts(
        RequestSigning, headers=some(SignedText), query=some(SignedText), form=some(SignedText)
    ),
    refused=some(RefusedPart),
    evidence=some(Evidence),
    beside=st.dictionaries(names.filter(lambda n: n != "integration_task"), plain, max_size=2),
)


@given(tasks)
def test_a_task_survives_its_file(task: IntegrationTask) -> None:
    text = manifest.dumps(task)
    assert manifest.loads(text) == task
    assert manifest.dumps(manifest.loads(text)) == text


@settings(max_examples=30)
@given(tasks)
def test_any_yaml_reader_reads_what_is_written(task: IntegrationTask) -> None:
    data = yaml.safe_load(manifest.dumps(task))["integration_task"]
    assert data["service"] == task.service
    assert [method["does"] for method in data["methods"]] == [m.does for m in task.methods]


@settings(max_examples=30)
@given(tasks)
def test_the_schema_accepts_every_task_written(task: IntegrationTask) -> None:
    data = yaml.safe_load(manifest.dumps(IntegrationTask(**_without_extras(task))))
    jsonschema_rs.validate(manifest.json_schema(), data)


def _without_extras(task: IntegrationTask) -> dict[str, Any]:
    return {key: value for key, value in vars(task).items() if key not in {"extra", "beside"}}


@pytest.mark.parametrize(
    "wrong", [{}, {"integration_task": {"service": 3}}, {"integration_task": []}]
)
def test_the_schema_refuses_what_is_no_task(wrong: dict[str, Any]) -> None:
    assert not jsonschema_rs.is_valid(manifest.json_schema(), wrong)


def test_the_card_reads_and_writes_back_byte_for_byte() -> None:
    task = manifest.loads(CARD)
    assert task.methods[0].name == "createPaymentIntent"
    assert manifest.dumps(task) == CARD
    assert manifest.card(task) == CARD


def test_own_keys_come_after_the_card_and_unknown_ones_last() -> None:
    task = manifest.loads(CARD)
    task.methods[0].operation = "POST /v1/payment_intents"
    task.error_handling.timeout = "10s"
    task.request = "Intégrer Stripe"
    task.extra["owner"] = "team-payments"
    root = yaml.safe_load(manifest.dumps(task))["integration_task"]
    assert list(root)[:7] == [
        "service", "files", "env_vars", "methods", "webhooks", "error_handling", "tests",
    ]  # fmt: skip
    assert list(root)[7:] == ["request", "owner"]
    assert list(root["methods"][0]) == ["name", "does", "operation"]
    assert list(root["error_handling"]) == ["retry", "fallback", "timeout"]
    assert manifest.card(task) == CARD


def test_the_old_name_of_a_key_is_read_and_the_new_one_written() -> None:
    text = 'integration_task:\n  service: "S"\n  document:\n    probed: "2026-11-24"\n'
    task = manifest.loads(text)
    assert task.document.compared == "2026-11-24"
    assert 'compared: "2026-11-24"' in manifest.dumps(task)
    assert "probed" not in manifest.dumps(task)


def test_every_place_knows_its_line() -> None:
    lines = manifest.loads(CARD).lines
    text = CARD.splitlines()
    assert text[lines["webhooks[0].event"] - 1].strip().startswith("- event:")
    assert text[lines["error_handling.retry"] - 1].strip().startswith("retry:")


def test_versions_and_telephone_numbers_keep_their_characters() -> None:
    task = manifest.loads(CARD + "  api_version: 1.10\n  phone: +33612\n  country: no\n  n: 3\n")
    assert task.extra == {"api_version": "1.10", "phone": "+33612", "country": "no", "n": 3}


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("integration_task: [", "manifest.not_yaml", 1),
        ("a: 1\nb: 2\n", "manifest.no_root", 1),
        ("", "manifest.no_root", 1),
        ("- a\n", "manifest.no_root", 1),
        ("integration_task:\n  service: &x A\n  tests: *x\n", "manifest.alias", 2),
        ("integration_task:\n  service: !!python/name:os.system\n", "manifest.tag", 2),
        ("integration_task:\n  service: A\n  service: B\n", "manifest.duplicate_key", 3),
        ("integration_task:\n  ? [a]\n  : b\n", "manifest.key_not_text", 2),
        ("integration_task:\n  service: A\n---\nb: 1\n", "manifest.several_documents", 4),
        ("integration_task:\n  tests: A\n", "manifest.missing_key", 2),
        ("integration_task:\n  service: A\n  files: x\n", "manifest.wrong_shape", 3),
        ("integration_task:\n  service: A\n  files:\n    - path: [x]\n", "manifest.wrong_shape", 4),
        ("integration_task:\n  service: A\n  language: de\n", "manifest.wrong_shape", 3),
        ("integration_task: " + "[" * 40 + "]" * 40, "manifest.too_deep", 1),
        ('integration_task:\n  service: "\x01"\n', "manifest.not_yaml", 1),
    ],
)
def test_what_is_no_task_is_one_problem_with_its_place(text: str, key: str, line: int) -> None:
    with pytest.raises(Problem) as caught:
        manifest.loads(text, "task.yaml")
    assert caught.value.key == key
    assert caught.value.exit is Exit.USAGE
    assert caught.value.place == f"task.yaml:{line}"
    for language in ("en", "fr"):
        assert f"task.yaml:{line}" in caught.value.cause(language)


def test_a_file_larger_than_any_task_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "task.yaml"
    path.write_text("#" * 3_000_000)
    with pytest.raises(Problem) as caught:
        manifest.read(path)
    assert caught.value.key == "manifest.too_large"


def test_missing_folder_and_binary_files_are_problems(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    found = {}
    for name in ("missing.yaml", ".", "binary.yaml"):
        with pytest.raises(Problem) as caught:
            manifest.read(tmp_path / name)
        found[name] = caught.value.key
    assert found == {
        "missing.yaml": "manifest.not_found",
        ".": "manifest.unreadable",
        "binary.yaml": "manifest.not_utf8",
    }


def test_a_file_is_read_with_or_without_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "task.yaml"
    path.write_text("\ufeff" + CARD, encoding="utf-8")
    assert manifest.read(path) == manifest.loads(CARD)


def test_an_infinite_number_is_written_as_text_that_reads() -> None:
    task = IntegrationTask(service="A", extra={"limit": math.inf})
    assert manifest.loads(manifest.dumps(task)).extra == {"limit": "inf"}
