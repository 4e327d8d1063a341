"""The engine's errors as ours, each with the host, the cause and, if there is one, the next step.

Only what the system and OpenSSL say by number or by constant is passed on: the engine's own
messages can quote headers, and those of a proxy are a stranger's words.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
from typing import TYPE_CHECKING, cast

import httpcore2

from noctule.runtime import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.runtime.transport.route import Route

OWN_CA = "if you trust it, name its PEM file in Tls(ca_file=...) or SSL_CERT_FILE"
CLIENT = "Tls(certificate_file=..., key_file=...)"

# X509_V_ERR_* of OpenSSL (x509_vfy.h).
_UNTRUSTED = {
    9: "its certificate is not valid yet: check the clock of this machine",
    10: "its certificate has expired: check the clock of this machine, or tell the provider",
    18: f"its certificate is self-signed: {OWN_CA}",
    19: f"its certificate is signed by a CA that is not trusted here: {OWN_CA}",
    20: f"its certificate is signed by a CA that is not known here: {OWN_CA}",
    21: f"its certificate is signed by a CA that is not known here: {OWN_CA}",
    23: "its certificate was revoked: tell the provider",
    62: "its certificate is for another host: check the base URL",
    64: "its certificate is for another host: check the base URL",
}
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE")
_UNRESOLVED = {
    getattr(socket, name, 0): text
    for name, text in {
        "EAI_NONAME": "DNS: no such host; check the spelling",
        "EAI_NODATA": "DNS: the host has no address",
        "EAI_AGAIN": "DNS: no answer from the name server",
    }.items()
}


def translate(error: BaseException, route: Route) -> errors.ServiceError | None:
    """None for what is not the engine's."""
    match error:
        case httpcore2.PoolTimeout():
            return errors.TooManyConcurrentCalls("no free connection")
        case httpcore2.ConnectTimeout():
            return errors.ConnectionFailed(f"{_connecting_to(route)}: no connection in time")
        case httpcore2.ConnectError():
            return errors.ConnectionFailed(_no_connection(error, route))
        case httpcore2.ProxyError():
            return errors.ConnectionFailed(_refused_by_proxy(error, route))
        case httpcore2.TimeoutException():
            return errors.TimedOut(f"{_peer(route)}: no answer in time")
        case httpcore2.NetworkError() | httpcore2.RemoteProtocolError() | ssl.SSLError():
            return _connection_lost(error, route)
        case httpcore2.LocalProtocolError():
            return errors.ConfigurationError("the request is not valid HTTP")
        case _ if type(error).__module__.startswith("socksio"):
            return errors.ConnectionFailed(f"{_connecting_to(route)}: it does not speak SOCKS 5")
        case _:
            return None


def _peer(route: Route) -> str:
    proxy = route.proxy
    return route.origin.address + ("" if proxy is None else f" through the proxy {proxy.address}")


def _connecting_to(route: Route) -> str:
    proxy = route.proxy
    if proxy is None:
        return route.origin.address
    return f"the proxy {proxy.address} ({proxy.variable})"


def _no_connection(error: BaseException, route: Route) -> str:
    tls = _tls_error(error)
    if tls is not None:
        return f"{_peer(route)}: {_tls_cause(tls)}"
    return f"{_connecting_to(route)}: {_system_cause(error) or 'cannot connect'}"


def _refused_by_proxy(error: BaseException, route: Route) -> str:
    status = re.match(r"[1-9]\d\d\b", str(error))
    cause = f"no connection to {route.origin.address}"
    if status is not None:
        cause += f" (status {status[0]})"
    if (status is not None and status[0] == "407") or "password" in str(error):
        cause = "the user or the password is wrong or missing"
    return f"{_connecting_to(route)}: {cause}"


def _connection_lost(error: BaseException, route: Route) -> errors.ConnectionFailed:
    tls = _tls_error(error)
    cause = _system_cause(error) or "the connection was closed before the answer was complete"
    if isinstance(error, httpcore2.RemoteProtocolError) and "connect" not in str(error):
        cause = "its answer is not valid HTTP"
    failure = errors.ConnectionFailed(f"{_peer(route)}: {_tls_cause(tls) if tls else cause}")
    # In TLS 1.3, a refusal of our certificate arrives as the first thing that is read.
    failure.sent = tls is None or not _refuses_certificate(tls)
    return failure


def _system_cause(error: BaseException) -> str:
    """The system's name of the error; "" when there is none."""
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return _UNRESOLVED.get(cause.errno or 0, "DNS: the host name cannot be resolved")
        if isinstance(cause, OSError) and cause.errno is not None and cause.errno > 0:
            return os.strerror(cause.errno)
    return ""


def _tls_cause(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        number = getattr(error, "verify_code", 0)
        return _UNTRUSTED.get(number, f"its certificate is not trusted: {OWN_CA}")
    reason = error.reason or ""
    if reason in _NO_TLS:
        return "it does not speak TLS on this port: check the scheme and the port of the URL"
    if _refuses_certificate(error):
        return f"it wants a client certificate that it trusts: {CLIENT}"
    if "HANDSHAKE_FAILURE" in reason:
        return f"it refused the TLS handshake; it may want a client certificate: {CLIENT}"
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "it closed the connection during the TLS handshake"
    return f"TLS failed ({reason.replace('_', ' ').lower() or 'no reason given'})"


def _tls_error(error: BaseException) -> ssl.SSLError | None:
    """The failure of TLS in what `error` came from; to want more data is none."""
    waits = ssl.SSLWantReadError | ssl.SSLWantWriteError
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, waits):
            return cause
    return None


def _refuses_certificate(error: ssl.SSLError) -> bool:
    reason = error.reason or ""
    return "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from; of several addresses that failed, the last one first."""
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        cause = pending.pop()
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = cause.args[0] if cause.args else None
        pending += [cause.__context__, cause.__cause__]
        if isinstance(inner, BaseException):
            pending.append(inner)
        if isinstance(cause, BaseExceptionGroup):
            pending += cast("BaseExceptionGroup[BaseException]", cause).exceptions
