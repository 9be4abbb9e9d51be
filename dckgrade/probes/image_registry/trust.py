"""Tell whether the certificate of a registry is one that the engine accepts, and by whose authority."""

from typing import Literal

from msgspec import Struct

from dckgrade.engine.answers import Address, Certificate, CertificateFault, NoAnswer, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine

TrustedBy = Literal["engine", "machine", "file", "nobody"]
Verdict = Literal["verified", "no-name"] | CertificateFault


class Trust(Struct, frozen=True, kw_only=True):
    """What a verified handshake has shown."""

    certificate: Verdict | None
    """None: whom the engine trusts cannot be seen from here, and no file of an authority is at hand."""
    trusted_by: TrustedBy | None
    """Whose authority has signed; None: not told."""


def verify_trust(engine: Engine, address: Address, host: str, registry: str, ca_file: str | None) -> Trust:
    """
    Verify the certificate for *host* by the engine's authorities for *registry*, the machine's, *ca_file*'s.

    Where the engine's are seen, the file alone proves nothing. Raises `NoAnswer`, `OutOfReach`.
    """
    fault: CertificateFault | None = None
    is_seen = True
    try:
        fault = engine.verify_certificate(address, host, engine.read_trusted_authorities(registry))
        if fault is None:
            return Trust(certificate="verified", trusted_by="engine")
    except NotThere:
        pass
    except OutOfReach:
        is_seen = False
    by_machine = engine.verify_certificate(address, host, None)
    if by_machine is None:
        return Trust(certificate="verified", trusted_by="machine")
    by_file = verify_by_file(engine, address, host, ca_file)
    if is_seen:
        known = by_file is None
        faults = [found for found in (fault, by_machine) if found]
        # An authority of the machine's that has signed for another name says more than one that has not.
        return Trust(
            certificate=next((found for found in faults if found != "unknown-authority"), faults[0]),
            trusted_by="file" if known else "nobody",
        )
    if by_file == "no-file":
        return Trust(certificate=None if by_machine == "unknown-authority" else by_machine, trusted_by=None)
    return Trust(certificate=by_file or "verified", trusted_by="nobody" if by_file else "file")


def verify_by_file(
    engine: Engine, address: Address, host: str, ca_file: str | None
) -> CertificateFault | Literal["no-file"] | None:
    """Tell what is wrong for who trusts the authorities in a file of the working folder; None: nothing."""
    if ca_file is None:
        return "no-file"
    try:
        authorities = engine.read_file(ca_file)
    except (NotThere, OutOfReach):
        return "no-file"
    return engine.verify_certificate(address, host, authorities)


def read_certificate(engine: Engine, address: Address, host: str | None, raw: bytes) -> Certificate | None:
    """Read what a certificate says; None where it is none that can be read."""
    try:
        return engine.read_certificate(address, host, raw)
    except (NoAnswer, OutOfReach):
        return None
