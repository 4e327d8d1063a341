"""Writes docs/generated-code.md: `make pages`."""

from noctule import apidoc
from noctule.codegen import render
from noctule.providers import pack
from support.codegen_tasks import stripe_task
from support.paths import DOCS

PAGE = DOCS / "generated-code.md"
TEXT = """\
# The generated code

This is what `noctule generate` writes for the request "Intégrer Stripe pour les paiements", in
full. The page is written by `make pages`, and a test
holds it equal to what is generated today.

The code is yours. Edit it: a rerun merges what is new into what you changed
([merging](merging.md)). It imports `noctule.runtime` and `noctule.webhooks`, and nothing else of
noctule.

| file | what it is |
|---|---|
| `app/services/stripe_service.py` | the wrapper: models, operations, one typed method each |
| `app/api/webhooks/stripe.py` | the webhook handler: one function per event |
| `tests/test_stripe_service.py` | tests with a scripted provider and virtual time |
| `app/main.py` | the application, only where the project has none |
| `.env.example` | the variables to set, merged into what is there |

This is the target `fastapi`. `target` in the task may also be

| target | wrapper | webhooks come in through |
|---|---|---|
| `fastapi` | `Service`, to be awaited | a route of an `APIRouter`, the receiver itself |
| `plain` | `Service`, to be awaited | the receiver, an ASGI application of its own |
| `django` | `SyncService` | a view in `urlpatterns`, which hands requests to the receiver |
| `flask` | `SyncService` | a view of a `Blueprint`, in the same way |

With `--whole` (`scope: whole` in the task) every operation of the document is wrapped. The wrapper
is a package with one module per resource, loaded when it is first used:
`stripe.customers.create_customer(...)`. Lines are as wide as the project's ruff or black says, 88
columns where they say nothing. The tests are a folder beside it, a file per resource. The gate then
looks at every operation, `methods` may rename some, and `integrate` proves those and one method of
each kind of call; `noctule prove` proves all of them, `--method` a single one.

## How to read it

- **Arguments** are keyword-only, required ones first, named as the provider names them (a
  Python keyword gets an underscore: `from_`). None is not sent; `NULL` clears a value where the
  provider allows that.
- **Enumerations are open**: `Literal["a", "b"] | str`. A value that came after the document
  breaks nothing.
- **Models** hold what the document promises. A nested object has a model of its own where it is
  small (12 members) and not deeper than one level (`depth` in the task: up to 3); deeper parts are
  `dict[str, JSON]`. An id that the provider would expand on request is a `str`.
- **Lists** that come in pages have an iterator beside the method: `async for customer in
  stripe.list_customers_all()`. Content that may be long has a stream: `download_file_stream`.
- **`raw`** gives status, headers and bytes: `await stripe.raw(CREATE_CUSTOMER, body={{...}})`.
- **Small objects in requests** are typed dicts under their wire names.
- **`retry`** says when a write may be sent again: under an idempotency key the provider
  honours (`"with_key"`), always (`"idempotent"`), or never. A write that may not be repeated raises
  `OutcomeUnknown` rather than happen twice.
- **Nothing is numbered.** Names that meet are told apart by where they come from
  (`CreateCustomerAddress`).

## What it takes

`python benchmarks/codegen/run.py stripe.json` with Stripe's whole document (2.5 MB, 452
operations) at commit ed89798: one after the other on one idle core, processes from their start to
their end. Lines are of Python; `import` is of every module of the package with its bytecode there,
beyond what it stands on. One run of the others, the median of three for the seven operations.

| | seconds | peak MB | lines | import, s |
|---|---|---|---|---|
| noctule, the whole API and its tests | 1.98 | 68 | 91,207 | 0.061 |
| openapi-python-client 0.29.1, literal enums | 29.5 | 709 | 364,363 | 1.829 |
| datamodel-code-generator 0.89.0, models alone | 12.5 | 309 | 22,684 | 1.477 |
| noctule, 7 operations and their tests | 0.42 | 43 | 1,926 | 0.009 |

`python benchmarks/codegen/whole.py FOLDER` makes the whole client of each document of a folder. Of
13 (Adyen Checkout, Box, DigitalOcean, GitHub, GitLab, Notion, Plaid, Postmark, SendGrid, Slack,
Spotify, Stripe, Twilio) at commit 30a2452, ruff, mypy and pyright (both strict, tests included) had
nothing to say of any, and the tests of each passed: 2,616 to 149,569 lines, 0.7 to 4 s, 82 MB at
most.

## The wrapper

```python
{wrapper}```

## The webhook handler

```python
{webhook}```

## The tests

One example call per method, checked down to the bytes on the wire, then every fault over all
methods: refused connection, 429 with `Retry-After`, 500, timeout, each documented refusal, an
answer that is not JSON, an answer of another shape, options, the provider's own advice, money that
no fallback stands in for, missing variables, secrets in logs; and for webhooks: accepted,
duplicate, tampered, stale, unsigned.

```python
{tests}```
"""


def page() -> str:
    task = stripe_task()
    known = pack("stripe")
    document = apidoc.parse(known.document_bytes(), source="pack:stripe")
    texts = {str(file.role): file.text for file in render(task, document, known)}
    parts = {role: texts[role] for role in ("wrapper", "webhook", "tests")}
    return TEXT.format(**parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
