"""Where a provider's library and noctule judge a delivery differently, and why."""

_LATE = "the library knows no age; we take nothing older than the scheme's limit"
_EARLY = "the library knows no future; we take nothing from beyond the scheme's limit"
_UPPER = "the library takes hexadecimal digits of either case; the provider sends lower ones only"
_ANEW = "the library signs the body parsed and written again, as Zoom writes it; we sign its bytes"

DIFFERENCES: dict[str, dict[str, str]] = {
    "aws-sns": {
        "UnsubscribeConfirmation": "the library leaves out the token, which AWS's documents sign",
        "a day late": _LATE,
        "a day early": _EARLY,
    },
    "contentful": {"a day early": _EARLY},
    "discord": {
        "the signature in upper case": _UPPER,
        "a day late": _LATE,
        "a day early": _EARLY,
    },
    "dropbox-sign": {"a day early": _EARLY},
    "gocardless": {"the signature in upper case": _UPPER},
    "hubspot": {"a day early": _EARLY},
    "mux": {"a day early": _EARLY},
    "notion": {"the signature in upper case": _UPPER},
    "paddle": {"a day early": _EARLY},
    "replicate": {"a day late": _LATE, "a day early": _EARLY},
    "sanity": {"a day late": _LATE, "a day early": _EARLY},
    "zoom": {
        "white space": _ANEW,
        "empty object": "the library wants the name of an event",
        "the same JSON, written anew": _ANEW,
        "a day late": _LATE,
        "a day early": _EARLY,
    },
}
