"""Talk to a live class board as a trainee does, with the standard library alone: join, send, raise a hand."""

import contextlib
import hashlib
import hmac
import http.client
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from dckgrade.classroom.membership import (
    BoardAddress,
    JoinCode,
    Membership,
    parse_board_url,
    shorten_fingerprint,
)
from dckgrade.classroom.outbox import Outbox
from dckgrade.i18n import N_, UserError
from dckgrade.report import board_request as wire

JOIN_TIMEOUT_S = 10.0
"""Seconds that each step of a connection may take when somebody waits for it."""
SEND_TIMEOUT_S = 1.0
"""The same, behind a graded run."""
MAX_REPLY_BYTES = 64 * 1024
NOT_SENT = (OSError, http.client.HTTPException)
"""What a connection may come to."""


class BoardUnreachable(UserError):
    """The board did not answer, or cannot take anything now: it is worth trying again."""


class BoardRefusal(UserError):
    """The board answered and refused; trying the same again leads nowhere."""


class MembershipEnded(BoardRefusal):
    """The board does not know this trainee's key."""


class Reply(NamedTuple):
    """What the board answered."""

    status: int
    content: dict[str, Any]


class BoardConnection:
    """A connection to one board; its certificate is looked at before anything is sent."""

    def __init__(self, address: BoardAddress, fingerprint: str, timeout_s: float) -> None:
        self.address, self.fingerprint, self.timeout_s = address, fingerprint, timeout_s
        self.seen_fingerprint = ""
        """SHA-256 of the certificate that was shown, in hexadecimal; empty before, and without TLS."""
        self.nonce = ""
        self.http: http.client.HTTPConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it."""
        if self.http:
            self.http.close()
            self.http = None

    def connect(self) -> http.client.HTTPConnection:
        """Connect, unless that is done; raises `MembershipEnded` for another certificate than the pinned."""
        if self.http:
            return self.http
        host, port, is_tls, _ = self.address
        if not is_tls:
            self.http = http.client.HTTPConnection(host, port, timeout=self.timeout_s)
            return self.http
        context = ssl.create_default_context()
        if self.fingerprint:
            # The fingerprint says which certificate it is; no authority has to.
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        opened = http.client.HTTPSConnection(host, port, timeout=self.timeout_s, context=context)
        try:
            opened.connect()
            self.check_certificate(opened.sock.getpeercert(binary_form=True) or b"")
        except BaseException:
            opened.close()
            raise
        self.http = opened
        return opened

    def check_certificate(self, certificate: bytes) -> None:
        """Refuse any other certificate than the one whose fingerprint, or its beginning, is known."""
        digest = hashlib.sha256(certificate)
        self.seen_fingerprint = digest.hexdigest()
        known = (self.seen_fingerprint, shorten_fingerprint(digest.digest()))
        if self.fingerprint and not any(hmac.compare_digest(self.fingerprint, shown) for shown in known):
            raise MembershipEnded(
                N_("Another machine than your trainer's board answers at {host}: nothing was sent."),
                N_("Tell your trainer, and type the line that the board shows now."),
                host=self.address.host,
            )

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = MappingProxyType({})
    ) -> Reply:
        """Ask once; raises `BoardUnreachable` where no whole answer came."""
        try:
            connection = self.connect()
            connection.request(method, self.address.path + path, body or None, dict(headers))
            response = connection.getresponse()
            raw = response.read(MAX_REPLY_BYTES)
            if response.read(1):
                self.close()
        except NOT_SENT as error:
            self.close()
            raise BoardUnreachable(
                N_("The board at {host} cannot be reached: {why}."),
                host=self.address.host,
                why=getattr(error, "strerror", None) or str(error) or type(error).__name__,
            ) from None
        self.nonce = response.headers.get(wire.NONCE_HEADER, "")
        content: Any = None
        with contextlib.suppress(ValueError, RecursionError):
            content = json.loads(raw)
        return Reply(response.status, content if isinstance(content, dict) else {})

    def send_signed(self, membership: Membership, path: str, body: bytes) -> Reply:
        """Send what this trainee's key signs; a nonce that was too old is replaced once."""
        reply = self.send_once(membership, path, body)
        if reply.content.get("error") == "nonce":
            reply = self.send_once(membership, path, body)
        raise_for_refusal(reply, self.address.host)
        return reply

    def send_once(self, membership: Membership, path: str, body: bytes) -> Reply:
        """Send it with the last nonce that the board gave."""
        if not self.nonce:
            self.request("GET", wire.NONCE_PATH)
        nonce, trainee_id = self.nonce, membership.trainee_id
        headers = {
            wire.TRAINEE_HEADER: trainee_id,
            wire.NONCE_HEADER: nonce,
            wire.SIGNATURE_HEADER: wire.sign_request(membership.secret, path, trainee_id, nonce, body),
        }
        return self.request("POST", path, body, headers)


def raise_for_refusal(reply: Reply, host: str) -> None:
    """Raise what the board's answer means, unless it took what was sent."""
    if reply.content.get("board") != wire.PROTOCOL:
        raise make_no_board_error(reply, host)
    if reply.status == http.HTTPStatus.OK:
        return
    match reply.content.get("error"):
        case "unknown" | "signature":
            raise MembershipEnded(
                N_("The board does not know your key any more."),
                N_("Type the line that it shows to join again."),
            )
        case "code":
            raise BoardRefusal(
                N_("The board does not take this code, or not any more."), N_("Ask your trainer for today's.")
            )
        case "name":
            raise BoardRefusal(
                N_("Somebody of that name has joined already."),
                N_("If that was you, your trainer lets you in again; else give another name by --name."),
            )
        case "invalid":
            raise BoardRefusal(N_("The board cannot use what was sent to it."))
        case "rate" | "busy" | "storage":
            raise BoardUnreachable(N_("The board at {host} cannot take anything for now."), host=host)
        case _:
            raise make_no_board_error(reply, host)


def make_no_board_error(reply: Reply, host: str) -> BoardUnreachable:
    """Make the error of what answers and is no board, such as a proxy in front of one that is down."""
    return BoardUnreachable(
        N_("What answers at {host} is no board, or is starting (HTTP {status})."),
        host=host,
        status=reply.status,
    )


def join_board(url: str, join_code: JoinCode, name: str) -> Membership:
    """Join a board as *name*; raises `UserError` where that fails."""
    address = parse_board_url(url)
    body = json.dumps({"code": join_code.code, "name": name}).encode()
    with BoardConnection(address, join_code.fingerprint, JOIN_TIMEOUT_S) as connection:
        reply = connection.request("POST", wire.JOIN_PATH, body)
        raise_for_refusal(reply, address.host)
        fingerprint = connection.seen_fingerprint if join_code.fingerprint else ""
    try:
        named = {key: str(reply.content[key]) for key in ("trainee_id", "name", "class_name", "secret")}
        bytes.fromhex(named["secret"])
    except (KeyError, ValueError):
        raise make_no_board_error(reply, address.host) from None
    return Membership(url=url, fingerprint=fingerprint, **named)


def open_connection(membership: Membership, timeout_s: float) -> BoardConnection:
    """Prepare a connection to the trainee's board."""
    return BoardConnection(parse_board_url(membership.url), membership.fingerprint, timeout_s)


def set_hand(membership: Membership, text: str | None) -> None:
    """Raise a hand with *text*, or lower it; raises `UserError` where that fails."""
    body = json.dumps({"text": text}).encode()
    with open_connection(membership, JOIN_TIMEOUT_S) as connection:
        connection.send_signed(membership, wire.HAND_PATH, body)


def leave_board(membership: Membership) -> None:
    """Tell the board that the trainee leaves; raises `UserError` where that fails."""
    with open_connection(membership, SEND_TIMEOUT_S) as connection:
        connection.send_signed(membership, wire.LEAVE_PATH, b"{}")


def deliver(membership: Membership, outbox: Outbox) -> list[UserError]:
    """
    Send what waits, the oldest first; returns what was refused for good, and let go.

    Raises `UserError` for the first report that has to wait on.
    """
    refused: list[UserError] = []
    with open_connection(membership, SEND_TIMEOUT_S) as connection:
        for path in outbox.list_waiting():
            content = read_waiting(path)
            if content is None:
                continue
            try:
                reply = connection.send_signed(membership, wire.REPORTS_PATH, content)
                if reply.content.get("digest") != hashlib.sha256(content).hexdigest():
                    raise make_no_board_error(reply, connection.address.host)
            except MembershipEnded:
                raise
            except BoardRefusal as trouble:
                refused.append(trouble)
            outbox.remove(path)
    return refused


def read_waiting(path: Path) -> bytes | None:
    """Read what waits; None where another process has just delivered it."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
