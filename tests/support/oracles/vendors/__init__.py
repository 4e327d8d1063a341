"""One module per vendor: its SDK's client, and the calls that are compared."""

from importlib import import_module
from pkgutil import iter_modules

from support.oracles.calls import Vendor


def vendors() -> dict[str, Vendor]:
    names = sorted(found.name for found in iter_modules(__path__))
    return {name: import_module(f"{__name__}.{name}").VENDOR for name in names}
