"""The board's own certificate, by whose fingerprint trainees know it: no authority vouches for it."""

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LIFETIME = timedelta(days=3650)
CLOCK_TOLERANCE = timedelta(days=2)


class Certificate(NamedTuple):
    """The file of the certificate and its key, and its SHA-256."""

    path: Path
    digest: bytes


def load_certificate(path: Path) -> Certificate:
    """Load the certificate, made the first time: trainees have pinned it."""
    if not path.exists():
        write_certificate(path)
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    encoded = certificate.public_bytes(serialization.Encoding.DER)
    return Certificate(path, hashlib.sha256(encoded).digest())


def write_certificate(path: Path) -> None:
    """Make a key (P-256), and a certificate that it signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dckgrade board")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_TOLERANCE)
        .not_valid_after(now + LIFETIME)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = path.with_suffix(".part")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(private + certificate.public_bytes(serialization.Encoding.PEM))
    draft.replace(path)
