"""Ask a container's services over TLS, and verify their certificates; no account is ever sent."""

import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dckgrade.engine.answers import Address, Certificate, CertificateFault, HttpsAnswer, NoAnswer
from dckgrade.engine.service_client import send_request, talk_to_address

if TYPE_CHECKING:
    # Loaded when TLS is spoken: it takes longer than all of a grade that speaks none.
    import ssl

_TIMEOUT_S = 3.0
_NO_CHECK_TIME = 0x200000
"""`X509_V_FLAG_NO_CHECK_TIME` of OpenSSL, for which Python has no name."""
_FAULTS: dict[int, CertificateFault] = {
    **dict.fromkeys((2, 18, 19, 20, 21), "unknown-authority"),
    **dict.fromkeys((24, 79), "no-authority"),
    **dict.fromkeys((62, 63, 64), "other-name"),
    9: "not-yet-valid",
    10: "expired",
}
"""`X509_V_ERR_…` of OpenSSL (x509_vfy.h)."""
_MAX_NAMES, _MAX_NAME_CHARS = 20, 253


def get_https_answer(
    address: Address, name: str | None, path: str, tunnel_socket: Path | None = None
) -> HttpsAnswer:
    """
    Send one GET request over TLS, and return the answer with the certificate; nothing is verified.

    *name* is told to the server, which may have several certificates. Raises as `get_http_answer` does.
    """
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def talk(connection: socket.socket) -> HttpsAnswer:
        with _speak_tls(context, connection, name) as secured:
            certificate = secured.getpeercert(binary_form=True) or b""
            return HttpsAnswer(http=send_request(address, path, secured, None), certificate=certificate)

    return talk_to_address(address, _TIMEOUT_S, talk, tunnel_socket)


def verify_certificate(
    address: Address,
    name: str,
    authorities: bytes | None,
    tunnel_socket: Path | None = None,
) -> CertificateFault | None:
    """
    Tell what is wrong with the certificate of a service for who calls it *name*; None: nothing.

    *authorities* are certificates as PEM; None: those of this machine. As Docker's own reading of it (Go's
    crypto/x509), each of them may be the end of a chain, and a common name is no name.
    """
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.hostname_checks_common_name = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if authorities is None:
        context.load_default_certs()
    elif not _load_authorities(context, authorities):
        return "unknown-authority"

    def talk(connection: socket.socket) -> CertificateFault | None:
        try:
            with _speak_tls(context, connection, name):
                return None
        except ssl.SSLCertVerificationError as error:
            return _FAULTS.get(error.verify_code, "other")

    return talk_to_address(address, _TIMEOUT_S, talk, tunnel_socket)


def read_certificate(
    address: Address, name: str | None, certificate: bytes, tunnel_socket: Path | None = None
) -> Certificate:
    """
    Read the names in the *certificate* of a service, and until when it is valid.

    Python reads no certificate that it has not verified: here, it is its own authority. Raises `NoAnswer`
    where OpenSSL refuses it even so.
    """
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VerifyFlags(_NO_CHECK_TIME)
    if not _load_authorities(context, ssl.DER_cert_to_PEM_cert(certificate).encode()):
        raise NoAnswer("garbled")

    def talk(connection: socket.socket) -> Certificate:
        with _speak_tls(context, connection, name) as secured:
            return _describe_certificate(secured.getpeercert() or {})

    return talk_to_address(address, _TIMEOUT_S, talk, tunnel_socket)


def _speak_tls(context: "ssl.SSLContext", connection: socket.socket, name: str | None) -> "ssl.SSLSocket":
    import ssl

    try:
        return context.wrap_socket(connection, server_hostname=name)
    except ssl.SSLCertVerificationError:
        raise
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
        raise NoAnswer("reset") from None
    except ssl.SSLError:
        raise NoAnswer("garbled") from None


def _load_authorities(context: "ssl.SSLContext", authorities: bytes) -> bool:
    import ssl

    try:
        context.load_verify_locations(cadata=authorities.decode("ascii", "ignore"))
    except (ssl.SSLError, ValueError):
        return False
    return True


def _describe_certificate(peer: Any) -> Certificate:
    import ssl

    names = [str(value)[:_MAX_NAME_CHARS] for _, value in peer.get("subjectAltName") or ()]
    common = [value for part in peer.get("subject") or () for key, value in part if key == "commonName"]
    until = peer.get("notAfter")
    return Certificate(
        names=names[:_MAX_NAMES],
        common_name=str(next(iter(common), ""))[:_MAX_NAME_CHARS],
        expires_at=datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC) if until else None,
    )
