"""What a signature covers, computed from what is signed."""

from dataclasses import dataclass
from functools import cached_property

from noctule.webhooks.schemes.locator import Locator, Locators
from noctule.webhooks.schemes.template import Template


@dataclass(frozen=True)
class SignedScope:
    """Which parts of a delivery the signature protects.

    `signed` is the text that is signed; `body_digest` where the body's digest is read; `id` how a
    delivery is identified; `inner_forms` the form fields that hold the whole body, one for each
    media type ("" where the body is not in a field); `signs_keys` whether only some keys of the
    body are signed; `components` what an HTTP message signature must cover.
    """

    signed: Template
    id: Locators
    body_digest: Locator | None
    inner_forms: frozenset[str]
    signs_keys: bool
    components: frozenset[str] = frozenset()

    @cached_property
    def sorts_form(self) -> bool:
        """Whether the sorted fields of a form are signed."""
        return "sorted_form" in self.signed

    @cached_property
    def url(self) -> bool:
        """Whether the full address is signed."""
        signed = "url" in self.signed or "uri" in self.signed
        return signed or not {"@authority", "@target-uri"}.isdisjoint(self.components)

    @cached_property
    def path(self) -> bool:
        """Whether the path and query are signed, without the host."""
        signed = "path" in self.signed or "encoded_path" in self.signed
        return signed or not {"@path", "@target-uri"}.isdisjoint(self.components)

    @cached_property
    def is_token(self) -> bool:
        """Whether the signature is a JSON web token."""
        return "token" in self.signed

    @cached_property
    def body(self) -> bool:
        """Whether the whole body is signed in some form."""
        return self.sorts_form or self.body_fields

    @cached_property
    def body_digested(self) -> bool:
        """Whether the exact body is signed, so that its digest distinguishes deliveries."""
        signed = not {"body", "sha256"}.isdisjoint(self.signed.parts)
        return signed or bool(self.body_digest) or "content-digest" in self.components

    @cached_property
    def body_fields(self) -> bool:
        """Whether every field of the parsed body is certain to be the provider's.

        A sorted form joins names and values without a separator, so another split of the same
        letters has the same signature: its fields are not certain.
        """
        if "body" in self.signed or "sha256" in self.signed or "content-digest" in self.components:
            return True
        if self.signs_keys and "sns" in self.signed:
            return True
        if self.body_digest is not None and not self.sorts_form:
            return self.includes(self.body_digest)
        fields = {locator.name for locator in self.signed.locators if locator.kind == "form"}
        return bool(self.inner_forms) and self.inner_forms <= fields

    def includes(self, locator: Locator) -> bool:
        """Whether the value at a position is certain to be the provider's."""
        if locator in self.signed.locators:
            return True
        match locator.kind:
            case "body":
                return self.body_fields
            case "query" if self.components:
                return not {"@query", "@target-uri"}.isdisjoint(self.components)
            case "query":
                return self.url or self.path
            case "header":
                signed_id = "id" in self.signed and any(locator in parts for parts in self.id)
                return signed_id or locator.name in self.components
            case "parameter":
                return bool(self.components)
            case "claim" | "jose":
                return self.is_token
            case "form":
                return False

    def includes_time(self, locator: Locator) -> bool:
        """Whether the time that is read there is signed."""
        if "timestamp" in self.signed or self.includes(locator):
            return True
        return "listed_headers" in self.signed and locator.kind == "header"
