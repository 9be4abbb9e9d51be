"""What a trainee's request to the board carries: its signature, over the exact bytes and a fresh nonce."""

import hmac

REQUEST_PURPOSE = b"dckgrade-board/1"
"""Signed with the bytes: what is signed for one purpose is not taken for another (CVE-2022-35929)."""
TRAINEE_HEADER, NONCE_HEADER, SIGNATURE_HEADER = "Dckgrade-Trainee", "Dckgrade-Nonce", "Dckgrade-Signature"
REPORTS_PATH, JOIN_PATH, NONCE_PATH = "/api/reports", "/api/join", "/api/nonce"
HAND_PATH, LEAVE_PATH = "/api/hand", "/api/leave"
PROTOCOL = "dckgrade-board/1"
"""Stands in each answer as `board`: whatever else answers on the way there acknowledges nothing."""
MAX_NAME_CHARS, MAX_HAND_CHARS = 80, 200
FINGERPRINT_CHARS = 20
"""Of the certificate's fingerprint in a join line: 100 bits."""
CODE_CHARS = 8
"""Of a join code: 40 bits, good for hours, with few wrong ones a minute."""


def sign_request(secret: str, path: str, trainee: str, nonce: str, body: bytes) -> str:
    """Compute HMAC-SHA256 (RFC 2104) with *secret* (64 hexadecimal digits); returns hexadecimal."""
    # Each part's length comes first, so that no two requests have the same bytes.
    parts = (REQUEST_PURPOSE, path.encode(), trainee.encode(), nonce.encode())
    head = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hmac.digest(bytes.fromhex(secret), head + body, "sha256").hex()


def is_signature(found: str, expected: str) -> bool:
    """Return whether *found* is the signature *expected*, in the same time whatever it is."""
    return hmac.compare_digest(found.encode("utf-8", "replace"), expected.encode())
