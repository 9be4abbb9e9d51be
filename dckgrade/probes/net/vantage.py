"""Look up names and try addresses from where a container stands: inside it, else beside it in its network."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from dckgrade.engine.answers import CommandResult, Json, NotThere, OutOfReach
from dckgrade.engine.probe_container_form import (
    EMBEDDED_DNS,
    build_connection_trial,
    build_name_lookup,
    is_network_question,
)
from dckgrade.engine.protocol import Engine
from dckgrade.probes.support.lookup import get_repository_name
from dckgrade.report.observation import UnobservableReason

Outcome = Literal["open", "refused", "silent", "no-route"]
"""Connected; the port is closed; nothing came back; the kernel, or a firewall, said that there is no way."""
Via = Literal["exec", "beside"]

ANSWERED: tuple[Outcome, ...] = ("open", "refused", "no-route")
"""The outcomes by which something answered: that nothing does may also be the trial's own fault."""
NETWORK_TOOLS = ("busybox", "alpine")
"""Images that are known to have both programs."""
MAX_TRIED_IMAGES = 3

_INSIDE_LIMIT_S = "4"
"""Seconds: above the 2 s after which `nc` gives up, and far above what a name that Docker knows takes."""
_MISSING_PROGRAM_CODES = {126, 127, 139}
"""Docker's and `timeout`'s codes for a missing program; 139: a static busybox that crashes."""
_ENDED_BY_TIMEOUT_CODES = {124, 143}
"""The codes of coreutils' and busybox's `timeout`."""
_OUTCOME_WORDS: tuple[tuple[str, Outcome], ...] = (
    ("refused", "refused"),
    ("reset by peer", "open"),
    ("unreachable", "no-route"),
    ("no route", "no-route"),
    ("timed out", "silent"),
)
_ADDRESS_PATTERN = re.compile(r"^Address(?: \d+)?:\s+([0-9a-fA-F.:]+)", re.MULTILINE)
_NAME_SERVER_PATTERN = re.compile(r"^nameserver[ \t]+([0-9a-fA-F.:]+)", re.MULTILINE)
_HOSTS_LINE_PATTERN = re.compile(r"^([0-9a-fA-F.:]+)\s+(\S.*)$", re.MULTILINE)


class Lookup(Struct, frozen=True):
    """What a name is there."""

    addresses: tuple[str, ...]
    """Empty: nobody there has that name."""
    via: Via


class Trial(Struct, frozen=True):
    """What became of a connection."""

    outcome: Outcome
    via: Via


class Vantage:
    """A running container, as a place to look from."""

    def __init__(self, engine: Engine, inspected: Json) -> None:
        self._engine, self._inspected = engine, inspected
        self._ref = str(inspected.get("Id") or "")

    def look_up(self, name: str) -> Lookup:
        """
        Look *name* up; raises `OutOfReach` where that cannot be done.

        Docker's own name server passes what it does not know on to the machine's: it may then answer nothing
        at all for longer than anybody waits, which is a no.
        """
        found = self._ask_name_server(name, EMBEDDED_DNS)
        if not found.addresses and (server := self._find_gateway_server()):
            found = self._ask_name_server(name, server)
        return found if found.addresses else Lookup(self._find_in_hosts_file(name), found.via)

    def _ask_name_server(self, name: str, server: str) -> Lookup:
        """Ask inside, by what the container's image has, else from beside."""
        lookup = build_name_lookup(name, server)
        for argv in (lookup, ("getent", "hosts", name)):
            if (done := self._run_inside(argv)) is not None:
                return Lookup(read_getent(done) if argv[0] == "getent" else read_nslookup(done), "exec")
        return Lookup(read_nslookup(self._run_beside(lookup)), "beside")

    def _find_gateway_server(self) -> str | None:
        """Return the name server that the container asks, if a gateway of its networks is one: Podman's."""
        networks = (self._inspected.get("NetworkSettings") or {}).get("Networks") or {}
        gateways = {network.get("Gateway") for network in networks.values() if network}
        servers = _NAME_SERVER_PATTERN.findall(self._read_file("/etc/resolv.conf"))
        asked = [server for server in servers if server in gateways]
        # What may be asked from beside, a private address in its usual form, is all that is asked.
        return next(
            (server for server in asked if is_network_question(build_name_lookup("name", server))), None
        )

    def connect(self, host: str, port: int) -> Trial:
        """Try the address; raises `OutOfReach` where that cannot be done."""
        argv = build_connection_trial(host, port)
        done = self._run_inside(argv)
        if done is not None and (outcome := read_trial(done)):
            return Trial(outcome, "exec")
        if outcome := read_trial(self._run_beside(argv)):
            return Trial(outcome, "beside")
        raise OutOfReach(UnobservableReason.UNREADABLE, f"nc {host} {port}")

    def _run_inside(self, argv: Sequence[str]) -> CommandResult | None:
        """Run it in the container, with a deadline of its own; None where the container cannot do it."""
        try:
            done = self._engine.run_command(self._ref, ("timeout", _INSIDE_LIMIT_S, *argv))
        except OutOfReach as refusal:
            if refusal.why in {UnobservableReason.ENGINE_ERROR, UnobservableReason.NOT_TRIED}:
                return None
            raise
        return None if done.exit_code in _MISSING_PROGRAM_CODES else done

    def _run_beside(self, argv: Sequence[str]) -> CommandResult:
        """Run it in a container of our own in the same network, of the first image that can."""
        for image in list_tool_images(self._engine):
            try:
                done = self._engine.run_beside(self._ref, image, argv)
            except NotThere:
                continue
            if done.exit_code not in _MISSING_PROGRAM_CODES:
                return done
        raise OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH, f"no image here has {argv[0]}")

    def _find_in_hosts_file(self, name: str) -> tuple[str, ...]:
        """Return the addresses that the container's /etc/hosts has for *name*: `--link` writes there."""
        lines = _HOSTS_LINE_PATTERN.findall(self._read_file("/etc/hosts"))
        return tuple(address for address, names in lines if name in names.split())

    def _read_file(self, path: str) -> str:
        """Read a file of the container's; '' where that cannot be done."""
        try:
            return self._engine.read_archive(self._ref, path).decode(errors="replace")
        except (NotThere, OutOfReach):
            return ""


def list_tool_images(engine: Engine) -> list[str]:
    """Return the ids of the local images to try, those first that are known to have the programs."""
    ranked = sorted((not has_tools(image), str(image.get("Id") or "")) for image in engine.list_images())
    return [image for _, image in ranked][:MAX_TRIED_IMAGES]


def has_tools(image: Json) -> bool:
    """Return whether one of its names is that of an image with network tools."""
    return any(get_repository_name(str(tag)) in NETWORK_TOOLS for tag in image.get("RepoTags") or [])


def read_nslookup(done: CommandResult) -> tuple[str, ...]:
    """
    Read the addresses that nslookup printed; what stands before the first `Name:` is the server's own.

    Its exit code tells nothing: it is 1 where there is an IPv4 address and no IPv6 address.
    """
    _, _, answer = done.output.partition("\nName:")
    return tuple(dict.fromkeys(_ADDRESS_PATTERN.findall(answer)))


def read_getent(done: CommandResult) -> tuple[str, ...]:
    """Read the addresses that `getent hosts` printed."""
    return tuple(dict.fromkeys(iter_first_words(done.output))) if done.exit_code == 0 else ()


def iter_first_words(text: str) -> Iterator[str]:
    """Yield the first word of each line."""
    yield from (line.split()[0] for line in text.splitlines() if line.split())


def read_trial(done: CommandResult) -> Outcome | None:
    """
    Read what `nc` came to; None where it says nothing that is known.

    It gives up connecting after 2 s; that it goes on means that it is connected.
    """
    if done.exit_code == 0 or done.exit_code in _ENDED_BY_TIMEOUT_CODES:
        return "open"
    text = done.output.casefold()
    return next((outcome for words, outcome in _OUTCOME_WORDS if words in text), None)
