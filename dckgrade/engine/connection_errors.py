"""Explain to the user why an engine cannot be connected to."""

import socket
from collections.abc import Sequence

from dckgrade.engine.answers import OutOfReach
from dckgrade.engine.endpoint import Endpoint, EngineDownError, EngineError
from dckgrade.engine.redaction import mask_secrets
from dckgrade.i18n import N_
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.report.observation import UnobservableReason

_START_ADVICE = N_("Start Docker, or name the engine with --host or --context.")
_ELSEWHERE = N_("Start Docker, or name the engine with --host or --context. These sockets exist: {others}.")
_MESSAGES_BY_CAUSE: tuple[tuple[type[BaseException], str, str], ...] = (
    (
        socket.gaierror,
        N_("The machine of {endpoint} ({source}) has no known address."),
        N_("Check how its name is written."),
    ),
    (
        FileNotFoundError,
        N_("No Docker engine listens at {endpoint} ({source}): there is no such socket."),
        _START_ADVICE,
    ),
    (
        PermissionError,
        N_("Permission denied at {endpoint} ({source})."),
        N_(
            "This user is not in the group docker, which is as powerful as root; "
            "a rootless engine needs no group."
        ),
    ),
    (
        ConnectionRefusedError,
        N_("The Docker engine at {endpoint} ({source}) is not running: connection refused."),
        _START_ADVICE,
    ),
)
_TLS_MESSAGE = N_("The engine at {endpoint} ({source}) and this program do not agree on TLS: {detail}.")
_TLS_ADVICE = N_("Check the certificates of that context, or DOCKER_TLS_VERIFY and DOCKER_CERT_PATH.")
_PLAIN_HTTP_MESSAGE = N_(
    "TLS was asked for, and the engine at {endpoint} ({source}) speaks plain HTTP at that port."
)
_PLAIN_HTTP_ADVICE = N_(
    "Name its TLS port, or unset DOCKER_TLS_VERIFY and DOCKER_TLS, or choose another context."
)
_REFUSED_CERTIFICATE_MESSAGE = N_(
    "The engine at {endpoint} ({source}) refused the certificate of this program: {detail}."
)
_REFUSED_CERTIFICATE_ADVICE = N_(
    "Ask for a cert.pem with its key.pem that the engine's own authority has signed and that has not expired."
)
_CUT_TLS_MESSAGE = N_(
    "The engine at {endpoint} ({source}) cut the TLS connection without saying why; "
    "an engine that refuses the certificate of this program may do so."
)
_REFUSED_CERTIFICATE = compile_lazily(
    r"ALERT_(?!PROTOCOL|HANDSHAKE|INTERNAL)\w*(?:CERTIFICATE|UNKNOWN_CA)|CERTIFICATE_REQUIRED"
)
"""OpenSSL's names of the alerts by which the other side refuses a certificate (RFC 8446, section 6.2)."""
_PLAIN_HTTP = compile_lazily("WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|HTTP_REQUEST")
_TIMED_OUT = N_("The Docker engine at {endpoint} ({source}) did not answer within {seconds} s.")
_RESTART_ADVICE = N_("Restart it, or look at its log: journalctl -u docker")
_FALLBACK_MESSAGE = N_("The Docker engine at {endpoint} ({source}) cannot be reached: {detail}.")


def explain_connection_error(
    endpoint: Endpoint, causes: Sequence[BaseException], others: Sequence[str], seconds: float
) -> EngineError:
    """Return the error for the most telling of *causes*, with what to try next."""
    what, advice = _choose_sentences(causes)
    # systemd holds the socket: it accepts, hangs up when dockerd does not start, and only then gives it up.
    is_down = endpoint.socket and any(
        isinstance(cause, FileNotFoundError | ConnectionError) for cause in causes
    )
    return (EngineDownError if is_down else EngineError)(
        what,
        _ELSEWHERE if others and advice == _START_ADVICE else advice,
        endpoint=endpoint.url,
        source=endpoint.source,
        others=", ".join(others),
        seconds=f"{seconds:g}",
        detail=mask_secrets(_describe_detail(causes)),
    )


def list_causes(error: BaseException) -> list[BaseException]:
    """Return *error* and all that it wraps: urllib3 and requests hide the errno four exceptions deep."""
    causes: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        candidate = waiting.pop(0)
        if isinstance(candidate, BaseException) and candidate not in causes:
            causes.append(candidate)
            reason = getattr(candidate, "reason", None)
            waiting += [candidate.__cause__, candidate.__context__, reason, *candidate.args]
    return causes


def _choose_sentences(causes: Sequence[BaseException]) -> tuple[str, str]:
    import ssl

    for cause in causes:
        if isinstance(cause, ssl.SSLEOFError):
            return _CUT_TLS_MESSAGE, _REFUSED_CERTIFICATE_ADVICE
        if isinstance(cause, ssl.SSLError):
            return _choose_tls_sentences(cause.reason or "")
        for error_type, what, advice in _MESSAGES_BY_CAUSE:
            if isinstance(cause, error_type):
                return what, advice
    if any(isinstance(cause, OutOfReach) and cause.why is UnobservableReason.DEADLINE for cause in causes):
        return _TIMED_OUT, _RESTART_ADVICE
    return _FALLBACK_MESSAGE, _START_ADVICE


def _choose_tls_sentences(reason: str) -> tuple[str, str]:
    if _REFUSED_CERTIFICATE.search(reason):
        return _REFUSED_CERTIFICATE_MESSAGE, _REFUSED_CERTIFICATE_ADVICE
    if _PLAIN_HTTP.search(reason):
        return _PLAIN_HTTP_MESSAGE, _PLAIN_HTTP_ADVICE
    return _TLS_MESSAGE, _TLS_ADVICE


def _describe_detail(causes: Sequence[BaseException]) -> str:
    import ssl

    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        if isinstance(cause, ssl.SSLError) and cause.reason:
            return cause.reason.removeprefix("SSLV3_").removeprefix("TLSV1_").replace("_", " ").lower()
    details = (cause.detail for cause in causes if isinstance(cause, OutOfReach) and cause.detail)
    return next(details, str(causes[-1]))
