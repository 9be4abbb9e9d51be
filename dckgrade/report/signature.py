"""Sign a report's bytes with a trainee's key, and check such a signature."""

import hmac
import json
import secrets
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from dckgrade.i18n import N_, UserError
from dckgrade.report import codec
from dckgrade.report.report import Report, Signature

SIGNATURE_PURPOSE = b"dckgrade-report/1\0"
"""Signed with the bytes: what is signed for one purpose is not taken for another (CVE-2022-35929)."""
UNSIGNED_MAC = "0" * 64
_HEX_DIGITS = set("0123456789abcdef")


class TraineeKey(Struct, frozen=True):
    """What the trainer gave to one trainee; *secret*: 64 hexadecimal digits."""

    trainee: str
    secret: str


def make_key(trainee: str) -> TraineeKey:
    """Make a key."""
    return TraineeKey(trainee, secrets.token_hex(32))


def sign_report(report: Report, key: TraineeKey) -> bytes:
    """Write *report* with its signature in it: one document, which stays readable by everything."""
    named = replace(report, trainee=report.trainee or key.trainee, signature=Signature(mac=UNSIGNED_MAC))
    raw = codec.to_json(named)
    return raw.replace(encode_mac_field(UNSIGNED_MAC), encode_mac_field(compute_mac(raw, key)), 1)


def get_mac(report: Report) -> str | None:
    """Return the signature that *report* bears; None for none."""
    return report.signature.mac if isinstance(report.signature, Signature) else None


def is_mac(found: str) -> bool:
    """Return whether it may be a signature: of the right length and digits, and not what stands for none."""
    return len(found) == len(UNSIGNED_MAC) and _HEX_DIGITS.issuperset(found) and found != UNSIGNED_MAC


def has_valid_signature(report: Report, raw: bytes, key: TraineeKey) -> bool:
    """Return whether *raw*, the bytes of *report*, are what was signed with *key*."""
    found = get_mac(report) or ""
    # The exact bytes are signed, with zeros where the signature then stands; it must stand there only once.
    if not is_mac(found) or raw.count(encode_mac_field(found)) != 1:
        return False
    return hmac.compare_digest(
        compute_mac(raw.replace(encode_mac_field(found), encode_mac_field(UNSIGNED_MAC)), key), found
    )


def compute_mac(raw: bytes, key: TraineeKey) -> str:
    """Compute HMAC-SHA256 (RFC 2104)."""
    return hmac.digest(bytes.fromhex(key.secret), SIGNATURE_PURPOSE + raw, "sha256").hex()


def encode_mac_field(found: str) -> bytes:
    """Write it as it stands in a report."""
    return f'"mac": "{found}"'.encode()


def read_keys(path: Path) -> list[TraineeKey]:
    """Read a file of keys: one trainee's, or the class's."""
    try:
        content = json.loads(path.read_bytes())
        keys = [TraineeKey(str(entry["trainee"]), str(entry["secret"])) for entry in content["keys"]]
    except OSError as error:
        raise UserError(N_("{path} cannot be read: {why}"), path=path, why=error.strerror) from None
    except (ValueError, LookupError, TypeError, RecursionError):
        keys = []
    if not keys or any(
        len(key.secret) != len(UNSIGNED_MAC) or not _HEX_DIGITS.issuperset(key.secret) for key in keys
    ):
        raise UserError(
            N_("{path} is no file of dckgrade keys."),
            N_("`dckgrade enrol --new ROSTER` makes them."),
            path=path,
        )
    return keys


def encode_keys(keys: list[TraineeKey]) -> bytes:
    """Write a file of keys."""
    return (
        json.dumps({"keys": [{"trainee": key.trainee, "secret": key.secret} for key in keys]}, indent=2)
        + "\n"
    ).encode()
