"""Writes docs/generated-code.md: `make pages`."""

from noctule import apidoc
from noctule.codegen import render
from noctule.providers import pack
from support.codegen_tasks import stripe_task
from support.paths import DOCS

PAGE = DOCS / "generated-code.md"
TEXT = """\
# The generated code

This page shows everything that `noctule generate` writes for the request "Intégrer Stripe pour les
paiements". `make pages` writes the page, and a test checks that it matches what is generated today.

The code is yours: edit it. When you generate again, new code is merged into your version
([merging](merging.md)). At run time it needs `noctule.runtime` and `noctule.webhooks`, and nothing
else of noctule.

| file | content |
|---|---|
| `app/services/stripe_service.py` | the wrapper: models, operations, one typed method each |
| `app/api/webhooks/stripe.py` | the webhook handlers: one function per event |
| `tests/test_stripe_service.py` | tests with a mock provider and virtual time |
| `app/main.py` | the application, only if the project has none |
| `.env.example` | the variables to set, merged into the file if it exists |

The example uses the target `fastapi`. `target` in the task can be:

| target | wrapper | how webhooks arrive |
|---|---|---|
| `fastapi` | `Service`, with `await` | a route of an `APIRouter` |
| `plain` | `Service`, with `await` | the receiver itself, an ASGI application |
| `django` | `SyncService` | a view in `urlpatterns` that calls the receiver |
| `flask` | `SyncService` | a view of a `Blueprint` that calls the receiver |

`--whole` (`scope: whole` in the task) wraps every operation of the document. The wrapper is then a
package with one module per resource, imported on first use: `stripe.customers.create(...)`. The
tests are a folder: a table of calls per resource, `conftest.py` with the facts that hold for all of
them, and `test_resilience.py` for failures. The gate checks every operation. `methods` in the
task can rename some of them. `integrate` proves the methods named there and one method of each
kind of call; `noctule prove` proves all of them, and `--method` one.

Lines are as wide as the project's ruff or black configuration says, otherwise 88 columns.

## How to read it

- **Method names** come from the document's operation ids where somebody chose them, otherwise from
  method and path: `list_customers`, `search_customers`, `capture_charge`. In a whole API the
  resource is not repeated: `customers.list()`, `customers.create_source()`. Telemetry and settings
  use the full name, `customers.list`.
- **Arguments** are keyword-only, required ones first, and named as the provider names them. A
  Python keyword gets an underscore: `from_`. An optional argument that is `None` is not sent;
  `NULL` clears a value where the provider allows it. A required one that may be null is null when
  it is `None`, and so is every `None` inside a JSON value. What the document calls deprecated
  comes last, and its description begins with "Deprecated."
- **Enumerations are open**: `Literal["a", "b"] | str`, also those of one value. A value added after
  the document was written breaks nothing.
- **Models** contain the documented fields, deprecated ones too. A nested object has its own model
  if it has at most 12 fields and is one level deep (`depth` in the task allows up to 3); deeper
  parts are `dict[str, JSON]`. An id that the provider can expand on request is a `str`. A member
  of a response has its declared type, or reading it raises `InvalidMember`
  ([types](runtime.md#types)).
- **Paginated lists** have an iterator next to the method: `async for customer in
  stripe.list_customers_all()`. Content that can be large has a stream: `download_file_stream`.
- **`raw`** returns status, headers and bytes: `await stripe.raw(CREATE_CUSTOMER, body={{...}})`.
- **Small objects in requests** are typed dicts with the provider's field names.
- **`retry`** says when a write may be sent again: with an idempotency key that the provider honours
  (`"with_key"`), always (`"idempotent"`) or never. A write that may or may not have happened raises
  `OutcomeUnknown`, whatever its mode.
- **No name has a number.** A shared type is named after itself (`AddressInput`); name clashes are
  resolved with the owner's name (`PaymentIntentStatus`).

## What it takes

`python -m benchmarks codegen.generators stripe.json` with Stripe's whole document (2.5 MB, 452
operations) at commit ed89798, one generator after the other on one idle core. Seconds are of the
whole process. Lines are Python; `import` is the time to import every module of the package with its
bytecode cached, without its dependencies. One run each; the median of three for the last row.

| | seconds | peak MB | lines | import, s |
|---|---|---|---|---|
| noctule, the whole API and its tests | 1.98 | 68 | 91,207 | 0.061 |
| openapi-python-client 0.29.1, literal enums | 29.5 | 709 | 364,363 | 1.829 |
| datamodel-code-generator 0.89.0, models alone | 12.5 | 309 | 22,684 | 1.477 |
| noctule, 7 operations and their tests | 0.42 | 43 | 1,926 | 0.009 |

`python -m benchmarks codegen.whole FOLDER` generates the whole client of each document in a folder.
For 13 documents (Adyen Checkout, Box, DigitalOcean, GitHub, GitLab, Notion, Plaid, Postmark,
SendGrid, Slack, Spotify, Stripe, Twilio) at commit 30a2452, ruff, mypy and pyright (both strict,
tests included) found nothing, and all tests passed: 2,616 to 149,569 lines, 0.7 to 4 s, at most
82 MB.

## The wrapper

```python
{wrapper}```

## The webhook handler

```python
{webhook}```

## The tests

A table of example calls: for each method the call, the request that it must send down to the
body, and an answer. `ServiceContract` tests each of them as documented and under every failure of
the provider; `WebhookContract` sends each event signed, repeated, tampered with, unsigned and old.
[Testing](testing.md) lists what they assert. Add rows and tests of your own: the file is yours.

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
