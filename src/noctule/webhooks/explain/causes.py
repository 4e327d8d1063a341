"""The causes of a rejection and their fixes, in English and French."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "fr"]

_RAW = (
    "verify the bytes as received: give the receiver the raw request, before any parser",
    "vérifiez les octets tels que reçus : donnez au récepteur la requête brute, avant tout parseur",
)
_PROXY = (
    "set the receiver's url to the address registered with the provider",
    "donnez comme url du récepteur l'adresse enregistrée chez le fournisseur",
)
_PASTE = (
    "paste the signing secret of this endpoint again",
    "recollez le secret de signature de cet endpoint",
)
_PACK = (
    "correct the [signature] table of the pack",
    "corrigez la table [signature] du pack",
)
_NTP = ("synchronise the machine's clock (NTP)", "synchronisez l'horloge de la machine (NTP)")
_SENDER = (
    "compare the delivery with the provider's log",
    "comparez la livraison avec le journal du fournisseur",
)

TEXTS: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "body_line_ends": (
        ("the line endings of the body were changed ({detail})",
         "les fins de ligne du corps ont été changées ({detail})"), _RAW),
    "body_trimmed": (
        ("whitespace at the end of the body was removed",
         "des espaces en fin de corps ont été retirés"), _RAW),
    "body_padded": (
        ("whitespace was added to the body", "des espaces ont été ajoutés au corps"), _RAW),
    "body_marked": (
        ("a byte order mark was added to the body, or removed from it",
         "une marque d'ordre des octets a été ajoutée au corps, ou retirée"), _RAW),
    "body_recoded": (
        ("the body was converted to another character encoding ({detail})",
         "le corps a été converti dans un autre encodage ({detail})"), _RAW),
    "body_compressed": (
        ("the body is still compressed ({detail}); the provider signed the uncompressed body",
         "le corps est encore compressé ({detail}) ; le fournisseur a signé le corps décompressé"),
        ("turn off compression between the provider and the receiver",
         "désactivez la compression entre le fournisseur et le récepteur")),
    "body_reserialised": (
        ("a framework parsed the body and serialised it again ({detail})",
         "un framework a décodé puis réencodé le corps ({detail})"), _RAW),
    "url_differs": (
        ("the provider signed another address: {detail}",
         "le fournisseur a signé une autre adresse : {detail}"), _PROXY),
    "secret_spaces": (
        ("the secret is surrounded by quotes or whitespace",
         "le secret est entouré de guillemets ou d'espaces"), _PASTE),
    "secret_prefix": (
        ("the secret lacks its prefix, or has one too many",
         "le secret n'a pas son préfixe, ou en a un de trop"), _PASTE),
    "secret_form": (
        ("this secret is right, but must be decoded as {detail}",
         "ce secret est le bon, mais il se décode en {detail}"), _PACK),
    "secret_of_another_kind": (
        ("the secret looks like another credential ({detail})",
         "le secret ressemble à un autre identifiant ({detail})"), _PASTE),
    "secret_retired": (
        ("the delivery was signed with an earlier secret",
         "la livraison est signée avec un ancien secret"),
        ("accept the earlier secret until the rotation is over: RetiringSecret(name, until)",
         "acceptez l'ancien secret jusqu'à la fin de la rotation : RetiringSecret(name, until)")),
    "secret_or_body": (
        ("the secret belongs to another endpoint, or the body was changed",
         "le secret est celui d'un autre endpoint, ou le corps a été modifié"), _PASTE),
    "signature_missing": (
        ("the signature header is missing; similar headers: {detail}",
         "l'en-tête de signature est absent ; en-têtes semblables : {detail}"),
        ("check that a secret is set at the provider, and that no proxy removes the header",
         "vérifiez le secret chez le fournisseur, et qu'aucun proxy ne retire l'en-tête")),
    "signature_encoding": (
        ("the signature is encoded as {detail}", "la signature est encodée en {detail}"), _PACK),
    "signature_algorithm": (
        ("the signature uses {detail}", "la signature utilise {detail}"), _PACK),
    "signature_malformed": (
        ("the header contains no signature in {detail}",
         "l'en-tête ne contient pas de signature en {detail}"), _SENDER),
    "key_unknown": (
        ("the provider's published key was not fetched, so the cause is unknown",
         "la clé publiée par le fournisseur n'a pas été lue : la cause est inconnue"),
        ("allow the receiver to reach the provider's key address over HTTPS",
         "autorisez le récepteur à joindre en HTTPS l'adresse de clé du fournisseur")),
    "timestamp_unit": (
        ("the timestamp is in {detail}", "l'horodatage est en {detail}"), _PACK),
    "clock_zone": (
        ("the clocks differ by {detail}, like time zones",
         "les horloges diffèrent de {detail}, comme des fuseaux horaires"), _NTP),
    "clock_behind": (
        ("the delivery was signed {detail} in the future",
         "la livraison est signée {detail} dans le futur"), _NTP),
    "delivery_old": (
        ("the delivery was signed {detail} ago: delayed, or replayed",
         "la livraison a été signée il y a {detail} : retardée, ou rejouée"),
        ("ask the provider to send it again; raise the tolerance only if the provider queues",
         "demandez un nouvel envoi ; n'augmentez la tolérance que si le fournisseur met en file")),
}  # fmt: skip
OTHER = (("rejected because of {place}: {key}", "rejetée à cause de {place} : {key}"), _SENDER)


@dataclass(frozen=True)
class Cause:
    """Why a delivery was rejected.

    `key` is for machines, `place` names what to check. `certain` means that the signature is right
    once this is undone. `detail` never contains a secret or a part of the body.
    """

    key: str
    place: str
    detail: str = ""
    certain: bool = False

    def why(self, language: Language = "en") -> str:
        """What happened."""
        return self._text(0, language)

    def fix(self, language: Language = "en") -> str:
        """What to do about it."""
        return self._text(1, language)

    def _text(self, part: int, language: Language) -> str:
        text = TEXTS.get(self.key, OTHER)[part][language == "fr"]
        return text.format(key=self.key, place=self.place, detail=self.detail or "—")
