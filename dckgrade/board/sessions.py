"""Let the trainer in, and nobody else: token, cookie, and a mark in each form."""

import hmac
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from dckgrade.board.api import read_body

COOKIE = "dckgrade_board"
MAX_FORM_BYTES = 4096
MAX_FIELDS = 10


class Sessions:
    """Knows the trainer by what only the token's holder can have."""

    def __init__(self, token: str, *, is_behind_tls: bool) -> None:
        self.token, self.is_behind_tls = token, is_behind_tls
        self.cookie, self.form_mark = self.derive("cookie"), self.derive("form")

    def derive(self, purpose: str) -> str:
        """Return what stands for the token in one place: who sees it cannot tell the token."""
        return hmac.digest(self.token.encode(), f"dckgrade-board {purpose}".encode(), "sha256").hex()

    def is_token(self, text: str) -> bool:
        """Return whether *text* is the token, in the same time whatever it is."""
        return are_same(text, self.token)

    def is_trainer(self, request: Request) -> bool:
        """Return whether the trainer asks."""
        return are_same(request.cookies.get(COOKIE, ""), self.cookie)

    def let_in(self, response: Response) -> None:
        """Have the browser remember."""
        response.set_cookie(
            COOKIE, self.cookie, httponly=True, samesite="strict", secure=self.is_behind_tls, path="/"
        )

    def is_own_form(self, request: Request, fields: dict[str, str]) -> bool:
        """Return whether a form is one of ours, sent from our page."""
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        return site == "same-origin" and are_same(fields.get("mark", ""), self.form_mark)


def are_same(found: str, expected: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(found.encode("utf-8", "replace"), expected.encode())


async def read_form(request: Request) -> dict[str, str]:
    """Read the fields of a small form; raises as `read_body`, `ValueError` for what is no form."""
    raw = await read_body(request, MAX_FORM_BYTES)
    return dict(parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS))
