"""The messages for end users when a call fails, in English and French: `ServiceError.user_message`.

They are not in the catalogue of the tools, which production does not import.
"""

from __future__ import annotations

from typing import Literal

_DOWN = (
    "The service is not available at the moment. Please try again in a few minutes.",
    "Le service est momentanément indisponible. Veuillez réessayer dans quelques minutes.",
)
_BUSY = (
    "The service is very busy. Please try again in a moment.",
    "Le service est très sollicité. Veuillez réessayer dans un instant.",
)
_OURS = (
    "Something went wrong on our side. We have been informed.",
    "Un problème est survenu de notre côté. Nous en avons été informés.",
)

MESSAGES: dict[str, tuple[str, str]] = {
    "ServiceError": _DOWN,
    "TooManyConcurrentCalls": _BUSY,
    "RateLimited": _BUSY,
    "OutcomeUnknown": (
        "We do not know yet whether your request went through. Please do not repeat it.",
        "Nous ne savons pas encore si votre demande a abouti. Veuillez ne pas la renouveler.",
    ),
    "ClientError": (
        "The service refused the request. Please check what you entered.",
        "Le service a refusé la demande. Veuillez vérifier votre saisie.",
    ),
    "Conflict": (
        "The data has changed in the meantime. Please reload and try again.",
        "Les données ont changé entre-temps. Veuillez recharger puis réessayer.",
    ),
    "NotFound": (
        "The item you are looking for does not exist, or no longer exists.",
        "L'élément demandé n'existe pas ou plus.",
    ),
    "Unauthorized": _OURS,
    "Forbidden": _OURS,
    "ConfigurationError": _OURS,
    "InvalidResponse": _OURS,
}


def user_message(error: type[BaseException], language: Literal["en", "fr"]) -> str:
    """The message of the most specific error class that has one."""
    for kind in error.__mro__:
        texts = MESSAGES.get(kind.__name__)
        if texts is not None:
            return texts[1 if language == "fr" else 0]
    return MESSAGES["ServiceError"][1 if language == "fr" else 0]
