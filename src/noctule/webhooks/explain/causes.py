"""The causes, in words: what happened, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "fr"]

_RAW = (
    "verify the bytes as they were received: give the receiver the raw request, before any parser",
    "vérifiez les octets tels que reçus : donnez au récepteur la requête brute, avant tout parseur",
)
_PROXY = (
    "set the receiver's url to the address registered at the provider",
    "donnez comme url du récepteur l'adresse enregistrée chez le fournisseur",
)
_PASTE = (
    "paste the signing secret of this very endpoint again",
    "recollez le secret de signature de cet endpoint précis",
)
_PACK = (
    "correct the [signature] table of the pack",
    "corrigez la table [signature] du pack",
)
_NTP = ("synchronise the machine's clock (NTP)", "synchronisez l'horloge de la machine (NTP)")
_SENDER = (
    "compare the delivery with the provider's own log of it",
    "comparez la livraison avec le journal du fournisseur",
)

TEXTS: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "body_line_ends": (
        ("the line ends of the body were changed ({detail})",
         "les fins de ligne du corps ont été changées ({detail})"), _RAW),
    "body_trimmed": (
        ("white space at the end of the body was removed",
         "un blanc en fin de corps a été retiré"), _RAW),
    "body_padded": (
        ("white space was added to the body", "un blanc a été ajouté au corps"), _RAW),
    "body_marked": (
        ("a byte order mark was added to or removed from the body",
         "une marque d'ordre des octets a été ajoutée au corps ou retirée"), _RAW),
    "body_recoded": (
        ("the body's characters were written in another encoding ({detail})",
         "les caractères du corps ont changé d'encodage ({detail})"), _RAW),
    "body_compressed": (
        ("the body is still compressed ({detail}), the provider signed what is inside",
         "le corps est encore compressé ({detail}), le fournisseur a signé ce qu'il contient"),
        ("let nothing between the provider and the receiver compress bodies",
         "que rien ne compresse les corps entre le fournisseur et le récepteur")),
    "body_reserialised": (
        ("a framework parsed the body and wrote it again ({detail})",
         "un framework a lu puis réécrit le corps ({detail})"), _RAW),
    "url_differs": (
        ("the provider signed another address: {detail}",
         "le fournisseur a signé une autre adresse : {detail}"), _PROXY),
    "secret_spaces": (
        ("the secret has quotes or white space around it",
         "le secret est entouré de guillemets ou de blancs"), _PASTE),
    "secret_prefix": (
        ("the secret was pasted without its prefix, or with one too many",
         "le secret a été collé sans son préfixe, ou avec un préfixe de trop"), _PASTE),
    "secret_form": (
        ("the key is this secret, but read as {detail}",
         "la clé est bien ce secret, mais lu comme {detail}"), _PACK),
    "secret_of_another_kind": (
        ("the secret looks like another credential ({detail})",
         "le secret ressemble à un autre identifiant ({detail})"), _PASTE),
    "secret_retired": (
        ("it was signed with an earlier secret",
         "la signature vient d'un ancien secret"),
        ("accept the earlier one until the rotation is over: RetiringSecret(name, until)",
         "acceptez l'ancien jusqu'à la fin de la rotation : RetiringSecret(name, until)")),
    "secret_or_body": (
        ("the secret is another endpoint's, or the body was changed beyond recognition",
         "le secret est celui d'un autre endpoint, ou le corps a été modifié"), _PASTE),
    "signature_missing": (
        ("the signature's header is not there; similar ones that are: {detail}",
         "l'en-tête de signature est absent ; semblables et présents : {detail}"),
        ("check that a secret is set at the provider and that no proxy drops the header",
         "vérifiez le secret chez le fournisseur, et qu'aucun proxy ne retire l'en-tête")),
    "signature_encoding": (
        ("the signature is written as {detail}", "la signature est écrite en {detail}"), _PACK),
    "signature_algorithm": (
        ("the signature is {detail}", "la signature est en {detail}"), _PACK),
    "signature_malformed": (
        ("the header holds no signature in {detail}",
         "l'en-tête ne contient pas de signature en {detail}"), _SENDER),
    "key_unknown": (
        ("the key that the provider publishes was not fetched, so nothing is certain",
         "la clé que le fournisseur publie n'a pas été lue : rien n'est certain"),
        ("let the receiver reach the provider's key address over HTTPS",
         "laissez le récepteur joindre en HTTPS l'adresse de clé du fournisseur")),
    "timestamp_unit": (
        ("the time is in {detail}", "le temps est en {detail}"), _PACK),
    "clock_zone": (
        ("the clocks are {detail} apart, as time zones are",
         "les horloges diffèrent de {detail}, comme des fuseaux horaires"), _NTP),
    "clock_behind": (
        ("it was signed {detail} in the future", "elle est signée {detail} dans le futur"), _NTP),
    "delivery_old": (
        ("it was signed {detail} ago: held up on the way, or a replay",
         "elle a été signée il y a {detail} : retenue en route, ou rejouée"),
        ("ask the provider to send it again; widen the tolerance only if it queues",
         "demandez un nouvel envoi ; n'élargissez la tolérance que s'il y a une file")),
}  # fmt: skip
OTHER = (("it was rejected at {place}: {key}", "elle est rejetée à {place} : {key}"), _SENDER)


@dataclass(frozen=True)
class Cause:
    """Why a delivery was rejected.

    `key` is for machines, `place` what to look at. `certain` means that the signature holds once
    this is undone. `detail` never holds a secret or a part of the body.
    """

    key: str
    place: str
    detail: str = ""
    certain: bool = False

    def why(self, language: Language = "en") -> str:
        return self._say(0, language)

    def fix(self, language: Language = "en") -> str:
        return self._say(1, language)

    def _say(self, part: int, language: Language) -> str:
        text = TEXTS.get(self.key, OTHER)[part][language == "fr"]
        return text.format(key=self.key, place=self.place, detail=self.detail or "—")
