"""An engine of the lab about networks, fed with recorded answers; see `tests/answers/networks`."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dckgrade.engine.addresses import find_service_addresses
from dckgrade.engine.answers import (
    Address,
    CommandResult,
    HttpAnswer,
    Json,
    Login,
    NoAnswer,
    NotThere,
    OutOfReach,
)
from dckgrade.engine.dockerd import DaemonFiles
from dckgrade.engine.resources import (
    CONTAINER,
    CONTAINERS,
    IMAGES,
    LOG,
    NETWORK,
    NETWORKS,
    Resource,
)
from dckgrade.report.observation import EngineInfo, UnobservableReason
from tests.support.fake_engine import LOCAL, Bare

ANSWERS = Path(__file__).parents[1] / "answers" / "networks"
ENGINES = sorted(folder.name for folder in ANSWERS.iterdir() if folder.is_dir())
SILENT = CommandResult(1, "nc: timed out\n")
OPEN = CommandResult(0, "")
MISSING = CommandResult(127, "timeout: can't execute 'nc': No such file or directory\n")


class RecordedNetworks(Bare):
    """One look at such an engine; commands that were not recorded are silent."""

    def __init__(self, engine: str = ENGINES[0]) -> None:
        self.engine, self.folder = EngineInfo(endpoint=LOCAL.url), ANSWERS / engine
        self.listed: list[Any] = self.load("containers")
        self.networks: list[Any] = self.load("networks")
        self.images: list[Any] = self.load("images")
        self.inspected = {name: self.load(f"inspect-{name}") for name in self.list_names()}
        self.commands: dict[tuple[str, tuple[str, ...]], CommandResult] = {
            (done["container"], tuple(done["argv"])): CommandResult(done["exit_code"], done["output"])
            for done in self.load("commands")
        }
        self.hosts_files = {
            ref: done.output.encode() for (ref, argv), done in self.commands.items() if argv[0] == "cat"
        }
        self.lacks_tools: set[str] = set()
        """The containers that have neither program."""
        self.images_lack_tools = False
        self.ran: list[tuple[str, str, tuple[str, ...]]] = []
        """Where (exec, beside), from which container, and what."""
        self.logs: dict[str, str] = {}
        self.requests: list[tuple[Address, str]] = []
        self.serves: Callable[[Address, str], HttpAnswer] = refuse
        self.on_this_machine = True
        latest = max(int(entry["Created"]) for entry in self.listed)
        self.clock = datetime.fromtimestamp(latest, UTC) + timedelta(minutes=10)

    def load(self, name: str) -> Any:
        """Read one recorded answer."""
        return json.loads((self.folder / f"{name}.json").read_bytes())

    def list_names(self) -> list[str]:
        """List the containers that were inspected."""
        return sorted(path.stem.removeprefix("inspect-") for path in self.folder.glob("inspect-*.json"))

    def name_of(self, ref: str) -> str:
        """Return the name of the container with that id."""
        return next((name for name, body in self.inspected.items() if body["Id"] == ref), ref)

    def without(self, *names: str) -> "RecordedNetworks":
        """Have no such containers."""
        self.listed = [entry for entry in self.listed if entry["Names"][0][1:] not in names]
        return self

    def only(self, *names: str) -> "RecordedNetworks":
        """Have only these containers."""
        return self.without(*({*self.list_names(), "linked"} - {*names}))

    def now(self) -> datetime:
        return self.clock

    def is_on_this_machine(self) -> bool:
        return self.on_this_machine

    def read(self, resource: Resource[Any], *refs: str, **query: str) -> Any:
        if resource is NETWORK:
            found = [network for network in self.networks if network["Id"] == refs[0]]
            if not found:
                raise NotThere(refs[0])
            return self.load(f"network-{found[0]['Name']}") | {"Id": refs[0]}
        if resource is CONTAINER:
            if self.name_of(refs[0]) not in self.inspected:
                raise NotThere(refs[0])
            return self.inspected[self.name_of(refs[0])]
        lists = {NETWORKS.name: self.networks, CONTAINERS.name: self.listed, IMAGES.name: self.images}
        if resource.name in lists:
            return lists[resource.name]
        if resource is LOG:
            return self.frame_log(self.logs.get(self.name_of(refs[0]), ""))
        return super().read(resource, *refs, **query)

    def frame_log(self, text: str) -> bytes:
        """Frame it as the engine does."""
        return b"\x01\0\0\0" + len(text.encode()).to_bytes(4, "big") + text.encode()

    def read_archive(self, ref: str, path: str) -> bytes:
        if path != "/etc/hosts" or self.name_of(ref) not in self.hosts_files:
            raise NotThere(path)
        return self.hosts_files[self.name_of(ref)]

    def run_command(self, ref: str, argv: Sequence[str]) -> CommandResult:
        name = self.name_of(ref)
        self.ran.append(("exec", name, tuple(argv)))
        if name in self.lacks_tools:
            return MISSING
        return self.commands.get((name, tuple(argv)), SILENT)

    def run_beside(self, ref: str, image: str, argv: Sequence[str]) -> CommandResult:
        name = self.name_of(ref)
        self.ran.append(("beside", name, tuple(argv)))
        if self.images_lack_tools:
            raise NotThere(f"{image} {argv[0]}")
        return self.commands.get((name, ("timeout", "4", *argv)), SILENT)

    def find_addresses(self, inspected: Json, port: int) -> Sequence[Address]:
        return find_service_addresses(inspected, port, LOCAL)

    def request_http(self, address: Address, path: str, login: Login | None = None) -> HttpAnswer:  # noqa: ARG002
        self.requests.append((address, path))
        return self.serves(address, path)

    def request_http_inside(self, ref: str, port: int, path: str) -> HttpAnswer:
        raise OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH, f"{ref} {port} {path}")

    def exchange_bytes(self, address: Address, sent: bytes, count: int) -> bytes:
        raise NoAnswer("refused" if sent and count and address.port else "silent")

    def read_apparmor_label(self, ref: str) -> str:
        raise NotThere(ref)

    def read_apparmor_profile(self, name: str) -> bytes:
        raise NotThere(name)

    def read_file(self, name: str) -> bytes:
        raise NotThere(name)

    def read_daemon_files(self) -> DaemonFiles:
        raise NotThere("daemon.json")


def refuse(_address: Address, _path: str) -> HttpAnswer:
    """Serve nothing anywhere."""
    raise NoAnswer("refused")


def answer(body: str = "", status: int = 200) -> HttpAnswer:
    """Make an answer of a server."""
    return HttpAnswer(status=status, headers={}, body=body.encode())
