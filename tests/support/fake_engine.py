"""
A fake engine, fed with the recorded answers of real engines.

It answers what a probe may ask (`engine.protocol`) out of one folder of `tests/answers/`, remembers what was
asked, and can be changed by a test. What no engine recorded (what a service answers, that a question hangs)
is put in by the test itself. Where an answer is missing it says `NotThere`, as an engine does.
"""

import copy
import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from dckgrade.engine import log_frames
from dckgrade.engine.addresses import find_service_addresses
from dckgrade.engine.answers import (
    Address,
    Certificate,
    CertificateFault,
    CommandResult,
    HttpAnswer,
    HttpsAnswer,
    Json,
    Login,
    NoAnswer,
    NotThere,
    OutOfReach,
    ParserAnswer,
    ProcessFile,
)
from dckgrade.engine.dockerd import DaemonFiles
from dckgrade.engine.endpoint import Endpoint
from dckgrade.engine.memo import Memo
from dckgrade.engine.protocol import Engine
from dckgrade.engine.reader import ResourceReader
from dckgrade.engine.resources import IMAGES, INFO, Resource
from dckgrade.engine.saved_image import SavedArchive
from dckgrade.probes.docker.container import Container
from dckgrade.report.observation import EngineInfo, Observation, Seen, UnobservableReason

T = TypeVar("T")

ANSWERS = Path(__file__).parents[1] / "answers" / "engines"
ENGINES = sorted(folder.name for folder in ANSWERS.iterdir() if folder.is_dir())
NEWEST = "28.5.2-cgroup2"

RECORDED = sorted(path.stem.removeprefix("inspect-") for path in (ANSWERS / NEWEST).glob("inspect-*.json"))
"""The names of the containers whose inspect answer was recorded, the same on every engine."""

LOCAL = Endpoint("unix:///var/run/docker.sock", "default")


def answer(engine: str, name: str) -> Any:
    """Read one recorded body."""
    return json.loads((ANSWERS / engine / f"{name}.json").read_bytes())


class Bare(ResourceReader):
    """A machine on which no tool has left anything, and an engine without images or volumes."""

    inputs: Mapping[str, str] = MappingProxyType({})
    lab_containers: Mapping[str, str | None] = MappingProxyType({})

    def read(self, resource: Resource[Any], *refs: str, **query: str) -> Any:  # noqa: ARG002
        if resource is IMAGES:
            return []
        raise NotThere(" ".join([resource.name, *refs]))

    def read_apparmor_include(self, written: str) -> Sequence[bytes]:
        raise OutOfReach(UnobservableReason.NOT_TRIED, written)

    def ask_apparmor_parser(self, content: bytes) -> ParserAnswer:
        raise NotThere(f"apparmor_parser, for {len(content)} bytes")

    def is_on_this_machine(self) -> bool:
        return True

    def read_process_file(self, ref: str, name: ProcessFile) -> str:
        raise NotThere(f"{ref} {name}")

    def read_work_files(self, is_wanted: Callable[[bytes], bool]) -> Sequence[tuple[str, bytes | None]]:  # noqa: ARG002
        return ()

    def has_program(self, name: str) -> bool:
        return not name

    def read_tool_cache(self, tool: str, folder: str, name: str) -> bytes:
        raise NotThere(f"{tool} {folder} {name}")

    def read_volume_file(self, folder: str, name: str) -> bytes:
        raise NotThere(f"{folder} {name}")

    def list_cache_folders(self, tool: str) -> Sequence[str]:
        return [f"~/.cache/{tool}"]

    def read_large_file(self, name: str) -> bytes:
        raise NotThere(name)

    def inspect_started_container(self, image: str) -> Json:
        raise NotThere(image)

    def read_daemon_files(self) -> DaemonFiles:
        raise NotThere("daemon.json")

    def read_last_words(self, since: float) -> str:
        return "" * int(since)

    def request_https(self, address: Address, name: str | None, path: str) -> HttpsAnswer:
        raise OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH, f"{address.host} {name} {path}")

    def verify_certificate(
        self, address: Address, name: str, authorities: bytes | None
    ) -> CertificateFault | None:
        raise OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH, f"{address.host} {name} {authorities!r}")

    def read_certificate(self, address: Address, name: str | None, certificate: bytes) -> Certificate:
        raise OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH, f"{address.host} {name} {certificate!r}")

    def read_trusted_authorities(self, registry: str) -> bytes:
        raise NotThere(registry)

    def find_hosts_addresses(self, name: str) -> Sequence[str]:
        raise OutOfReach(UnobservableReason.NOT_TRIED, name)

    def start_marker_container(self, image: str, words: str, log: Json | None) -> str:
        raise OutOfReach(UnobservableReason.ENGINE_ERROR, f"{image} {words} {log}")

    def run_beside(self, ref: str, image: str, argv: Sequence[str]) -> CommandResult:
        raise OutOfReach(UnobservableReason.ENGINE_ERROR, f"{ref} {image} {argv}")

    def stat_image_paths(self, image: str, paths: Sequence[str]) -> Mapping[str, Json]:
        raise NotThere(f"{image} {paths}")

    def export_image(self, image: str, words: Sequence[bytes]) -> SavedArchive:
        raise NotThere(f"{image} {len(words)}")

    def read_image_file(self, name: str) -> SavedArchive:
        raise NotThere(name)

    def call_once_per_run(self, key: Hashable, call: Callable[[], T]) -> T:
        """Remember what this run has done, as an engine does through all its looks."""
        return self.__dict__.setdefault("_of_run", Memo()).get_or_call(key, call)  # type: ignore[no-any-return]


class FakeEngine(Bare):
    """One look at a recorded engine, ten minutes after it was recorded unless a test sets *clock*."""

    def __init__(self, engine: str = NEWEST) -> None:
        self.engine = EngineInfo(endpoint=LOCAL.url)
        self.info: Any = answer(engine, "info")
        self.listed: list[Any] = answer(engine, "containers")
        self.inspected: dict[str, Any] = {}
        self.measured: dict[str, Any] = {}
        self.logs: dict[str, str] = {}
        for name in RECORDED:
            inspected = answer(engine, f"inspect-{name}")
            self.inspected[inspected["Id"]] = inspected
            self.measured[inspected["Id"]] = answer(engine, f"stats-{name}")
        written = (ANSWERS / engine / "logs-dbserver.bin").read_bytes()
        self.logs[self.id_of("dbserver")] = log_frames.decode_log(written, tty=False)
        self.answers: dict[str, dict[str, Any]] = {}
        """Further answers: by the resource's name, then by its reference."""
        self.images: dict[str, Any] = {}
        self.volumes: dict[str, Any] = {}
        self.changes: dict[str, datetime] = {}
        self.trouble: dict[str, Exception] = {}
        self.serves: Callable[[Address], HttpAnswer | bytes] = refused
        self.inside: Callable[[str], HttpAnswer | CommandResult] = nothing_inside
        self.questions: list[str] = []
        latest = max(sample["read"] for sample in self.measured.values())
        self.clock = datetime.fromisoformat(latest) + timedelta(minutes=10)

    def id_of(self, name: str) -> str:
        """Tell the id of the container *name*."""
        return str(next(entry["Id"] for entry in self.listed if entry["Names"] == [f"/{name}"]))

    def entry(self, name: str) -> Any:
        """Give the list's entry of *name*, to be changed."""
        return next(entry for entry in self.listed if entry["Names"] == [f"/{name}"])

    def inspect(self, name: str) -> Any:
        """Give the inspect answer of *name*, to be changed."""
        return self.inspected[self.id_of(name)]

    def renamed(self, name: str, new: str) -> "FakeEngine":
        """Call the container *name* otherwise."""
        self.inspect(name)["Name"] = f"/{new}"
        self.entry(name)["Names"] = [f"/{new}"]
        return self

    def only(self, *names: str) -> "FakeEngine":
        """Leave only the containers *names*."""
        self.listed = [self.entry(name) for name in names]
        return self

    def twin(self, name: str, **changes: Any) -> Any:
        """Add a second container like *name*, with *changes* to its entry in the list."""
        entry = {**copy.deepcopy(self.entry(name)), "Id": f"{len(self.listed):064x}", **changes}
        self.listed.append(entry)
        self.inspected[entry["Id"]] = {**copy.deepcopy(self.inspect(name)), "Id": entry["Id"]}
        return entry

    def _answered(self, question: str, answers: dict[str, Any], ref: str) -> Any:
        self.questions.append(question)
        if question in self.trouble:
            raise self.trouble[question]
        if ref not in answers:
            raise NotThere(ref)
        return answers[ref]

    def now(self) -> datetime:
        return self.clock.astimezone(UTC)

    def read(self, resource: Resource[Any], *refs: str, **query: str) -> Any:  # noqa: ARG002
        """Answer from the table of that resource's name, by its reference."""
        if resource is INFO:
            return self.info
        tables: dict[str, dict[str, Any]] = {
            "containers": {"": self.listed},
            "container": self.inspected,
            "image": {ref: {"Id": f"sha256:{'0' * 64}"} | found for ref, found in self.images.items()},
            "images": {"": []},
            "volume": self.volumes,
            "stats": self.measured,
            **self.answers,
        }
        return self._answered(resource.name, tables.get(resource.name, {}), "".join(refs))

    def read_modified_at(self, ref: str, path: str) -> datetime:
        found: datetime = self._answered("changed", self.changes, f"{ref}:{path}")
        return found

    def run_command(self, ref: str, argv: Sequence[str]) -> CommandResult:
        self.questions.append(f"run {' '.join(argv)}")
        found = self.inside(ref)
        assert isinstance(found, CommandResult)
        return found

    def read_file(self, name: str) -> bytes:
        raise NotThere(name)

    def read_apparmor_label(self, ref: str) -> str:
        raise NotThere(ref)

    def read_apparmor_profile(self, name: str) -> bytes:
        raise NotThere(name)

    def read_log_tail(self, ref: str, *, tty: bool) -> str:
        return str(self._answered("log", {ref: "", **self.logs}, ref)) + "\r" * tty

    def read_output(self, ref: str, *, tty: bool) -> bytes:
        return self.read_log_tail(ref, tty=tty).encode()

    def find_addresses(self, inspected: Json, port: int) -> Sequence[Address]:
        return find_service_addresses(inspected, port, LOCAL)

    def request_http(self, address: Address, path: str, login: Login | None = None) -> HttpAnswer:  # noqa: ARG002
        self.questions.append(f"http {address.host}:{address.port}{path}")
        found = self.serves(address)
        assert isinstance(found, HttpAnswer)
        return found

    def request_http_inside(self, ref: str, port: int, path: str) -> HttpAnswer:
        self.questions.append(f"inside {ref} {port}{path}")
        found = self.inside(ref)
        assert isinstance(found, HttpAnswer)
        return found

    def exchange_bytes(self, address: Address, sent: bytes, count: int) -> bytes:
        self.questions.append(f"exchange {address.host}:{address.port} {sent.hex()}")
        found = self.serves(address)
        assert isinstance(found, bytes)
        return found[:count]


def nothing_inside(ref: str) -> HttpAnswer | CommandResult:
    """Have no program at all in any container."""
    raise OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH, ref)


def refused(_address: Address) -> HttpAnswer | bytes:
    """Serve nothing anywhere."""
    raise NoAnswer("refused")


def serving(found: HttpAnswer | bytes | Exception, *only: str) -> Callable[[Address], HttpAnswer | bytes]:
    """Serve *found*, everywhere or at the hosts *only*."""

    def serve(address: Address) -> HttpAnswer | bytes:
        if only and address.host not in only:
            raise NoAnswer("refused")
        if isinstance(found, Exception):
            raise found
        return found

    return serve


def is_a_world(fake_engine: FakeEngine) -> Engine:
    """Let mypy hold the fake to the port that it stands for."""
    return fake_engine


def facts(observed: Observation) -> dict[str, Any]:
    """Give the facts of what was seen."""
    assert isinstance(observed, Seen), observed
    return observed.facts


def seen(fake_engine: FakeEngine, name: str, image: str | None = "nginx") -> dict[str, Any]:
    """Look at a container, and give its facts."""
    return facts(Container(name=name, image=image).observe(fake_engine))
