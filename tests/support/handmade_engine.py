"""Engines with containers made by hand that bear security profiles: for the topics seccomp and apparmor."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Self

from dckgrade.engine.answers import Address, CommandResult, HttpAnswer, Json, Login, NotThere, OutOfReach
from dckgrade.engine.resources import CONTAINER, CONTAINERS, INFO, Resource
from dckgrade.report.observation import EngineInfo, UnobservableReason
from tests.support.fake_engine import Bare

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATE = OutOfReach(UnobservableReason.DEADLINE)
DENY_MKDIR = json.dumps(
    {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]}
)
"""A seccomp profile."""
OWN_SECCOMP = f"seccomp={DENY_MKDIR}"
OWN_APPARMOR = "apparmor=docker-nginx-profile"
APPARMOR_FILE = "profile docker-nginx-profile {\n  file,\n  deny /etc/hostname w,\n}\n"
WRITE_REFUSED = CommandResult(2, "sh: can't create /etc/hostname: Permission denied\n")


class HandmadeEngine(Bare):
    """Containers that are made by hand, and the commands run in them; *file* is every file asked for."""

    def __init__(self, file: str | None = None, asked: str | None = None) -> None:
        self.engine = EngineInfo(endpoint="unix:///x", version="20.10.24")
        self.inputs, self._file = {"container": asked} if asked else {}, file
        self.listed: list[Json] = []
        self.inspected: dict[str, Json | Exception] = {}
        self.answers: dict[str, CommandResult] = {}
        self.inspections: list[str] = []
        self.ran: list[tuple[str, Sequence[str]]] = []
        self.info: Json | Exception = {"SecurityOptions": ["name=seccomp,profile=default"]}

    def add(
        self,
        name: str,
        *options: str,
        image: str = "nginx",
        command: str = "",
        state: str = "running",
        fails: Exception | None = None,
        labels: Mapping[str, str] | None = None,
        **host: object,
    ) -> Self:
        """Add a container with security *options*; *fails* is what inspecting it comes to."""
        entry = {
            "Id": name,
            "Names": [f"/{name}"],
            "Image": image,
            "State": state,
            "Command": command,
            "Labels": labels or {},
        }
        self.listed.append({**entry, "Created": int(NOW.timestamp()) - 100 + len(self.listed)})
        running = state == "running"
        status = {"Status": state, "Running": running, "StartedAt": "2026-01-01T11:59:00Z", "Pid": 7}
        self.inspected[name] = fails or {
            "Id": name,
            "State": status,
            "HostConfig": {"SecurityOpt": list(options) or None, **host},
            "Config": {},
        }
        return self

    def now(self) -> datetime:
        return NOW

    def read(self, resource: Resource[Any], *refs: str, **query: str) -> Any:
        if resource is CONTAINERS:
            return self.listed
        if resource is INFO:
            if isinstance(self.info, Exception):
                raise self.info
            return self.info
        if resource is not CONTAINER:
            return super().read(resource, *refs, **query)
        self.inspections.append(refs[0])
        if refs[0] not in self.inspected:
            raise NotThere(refs[0])
        found = self.inspected[refs[0]]
        if isinstance(found, Exception):
            raise found
        return found

    def read_apparmor_label(self, ref: str) -> str:
        raise NotThere(ref)

    def read_apparmor_profile(self, name: str) -> bytes:
        raise NotThere(name)

    def read_log_tail(self, ref: str, *, tty: bool) -> str:
        return f"{ref}{tty}\nlisten() failed (1: Operation not permitted)\nbye\n"

    def run_command(self, ref: str, argv: Sequence[str]) -> CommandResult:
        self.ran.append((ref, argv))
        return self.answers.get(
            argv[0], CommandResult(127, "OCI runtime exec failed: executable file not found")
        )

    def read_file(self, name: str) -> bytes:
        if self._file is None:
            raise NotThere(name)
        return self._file.encode()

    def find_addresses(self, inspected: Json, port: int) -> Sequence[Address]:
        return [Address(str(inspected["Id"]), port, "own")]

    def request_http(self, address: Address, path: str, login: Login | None = None) -> HttpAnswer:  # noqa: ARG002
        return HttpAnswer(status=200, headers={"server": f"{address.host}{path}"}, body=b"")

    def request_http_inside(self, ref: str, port: int, path: str) -> HttpAnswer:
        raise NotThere(f"{ref} {port} {path}")

    def exchange_bytes(self, address: Address, sent: bytes, count: int) -> bytes:
        raise NotImplementedError


class LabelledEngine(HandmadeEngine):
    """The same with AppArmor: the labels that each way of asking tells of the container `mine`."""

    def __init__(self, file: str | None = APPARMOR_FILE, asked: str | None = None) -> None:
        super().__init__(file, asked)
        self.top: Sequence[Sequence[str]] | Exception = OutOfReach(
            UnobservableReason.ENGINE_ERROR, "bad -o argument 'label'"
        )
        self.proc: str | Exception = NotThere("not here")
        self.kept: bytes | None = None
        """The profile in /etc/apparmor.d."""
        self.info = {"SecurityOptions": ["name=apparmor"]}
        self.next: Iterator[CommandResult] = iter(())
        """What the next commands come to."""

    def list_processes(self, ref: str, columns: str) -> Sequence[Sequence[str]]:
        assert (ref, columns) == ("mine", "pid,ppid,label")
        if isinstance(self.top, Exception):
            raise self.top
        return self.top

    def run_command(self, ref: str, argv: Sequence[str]) -> CommandResult:
        usual = super().run_command(ref, argv)
        return next(self.next, usual)

    def read_apparmor_label(self, ref: str) -> str:
        assert ref == "mine"
        if isinstance(self.proc, Exception):
            raise self.proc
        return self.proc

    def read_apparmor_profile(self, name: str) -> bytes:
        if self.kept is None:
            raise NotThere(name)
        return self.kept
