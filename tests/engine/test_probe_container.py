"""Probe containers: created in one form only, removed whatever happens, also those of a killed run."""

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dckgrade.engine import probe_container
from dckgrade.engine.allowlist import ForbiddenRequest, require_allowed_request
from dckgrade.engine.answers import CommandResult, Json, NotThere, OutOfReach
from dckgrade.engine.probe_container import STILL_RUNNING, ProbeContainers, is_left_behind
from dckgrade.engine.probe_container_form import (
    PROBE_LABEL,
    PROBE_NAME_PREFIX,
    SENDING_DRIVERS,
    build_connection_trial,
    build_name_lookup,
    build_neighbour_container,
    build_probe_container,
    build_still_container,
    is_probe_container_entry,
)
from dckgrade.engine.resources import Resource
from dckgrade.report.observation import UnobservableReason

IMAGE, WORDS, OWNER, ID = f"sha256:{'a' * 64}", f"dckgrade{'b' * 12}", "12@vm", "c" * 64
NAMED = f"name={PROBE_NAME_PREFIX}{'d' * 12}"
GELF = {"Type": "gelf", "Config": {"gelf-address": "udp://127.0.0.1:12201"}}
CREATE = "/v1.41/containers/create"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def encode_creation(**changes: Any) -> bytes:
    return json.dumps(build_probe_container(IMAGE, WORDS, OWNER) | changes).encode()


@pytest.mark.parametrize("log", [None, *({**GELF, "Type": name} for name in sorted(SENDING_DRIVERS))])
def test_the_one_form_may_be_created_and_nothing_else_with_it(log: Json | None) -> None:
    require_allowed_request(
        "POST", CREATE, json.dumps(build_probe_container(IMAGE, WORDS, OWNER, log)).encode(), NAMED
    )


@pytest.mark.parametrize(
    "body",
    [
        None,
        b"[]",
        b"{}",
        encode_creation(Image="nginx"),
        encode_creation(Entrypoint=["/bin/sh", "-c", "rm -rf /", WORDS]),
        encode_creation(Entrypoint=[]),
        encode_creation(Entrypoint=None),
        encode_creation(Cmd=["id"]),
        encode_creation(User="0"),
        encode_creation(Labels={}),
        encode_creation(Labels={PROBE_LABEL: OWNER, "com.docker.compose.service": "web"}),
        encode_creation(Labels={PROBE_LABEL: "x"}),
        encode_creation(HostConfig={}),
        encode_creation(
            HostConfig=build_probe_container(IMAGE, WORDS, OWNER)["HostConfig"] | {"Privileged": True}
        ),
        encode_creation(
            HostConfig=build_probe_container(IMAGE, WORDS, OWNER)["HostConfig"] | {"Binds": ["/:/host"]}
        ),
        encode_creation(
            HostConfig=build_probe_container(IMAGE, WORDS, OWNER)["HostConfig"] | {"NetworkMode": "host"}
        ),
        encode_creation(HostConfig=build_probe_container(IMAGE, WORDS, OWNER)["HostConfig"] | {"Memory": 0}),
        encode_creation(
            HostConfig=build_probe_container(IMAGE, WORDS, OWNER, {"Type": "json-file", "Config": {}})[
                "HostConfig"
            ]
        ),
        encode_creation(
            HostConfig=build_probe_container(IMAGE, WORDS, OWNER, {**GELF, "Config": {"gelf-address": 1}})[
                "HostConfig"
            ]
        ),
        encode_creation(
            HostConfig=build_probe_container(IMAGE, WORDS, OWNER, {**GELF, "More": ""})["HostConfig"]
        ),
        encode_creation(
            HostConfig=build_probe_container(IMAGE, WORDS, OWNER, {"Type": "gelf", "Config": []})[
                "HostConfig"
            ]
        ),
    ],
)
def test_any_other_form_is_refused(body: bytes | None) -> None:
    with pytest.raises(ForbiddenRequest):
        require_allowed_request("POST", CREATE, body, NAMED)


LOOKUP, TRIAL = build_name_lookup("base"), build_connection_trial("172.30.2.2", 5432)
NEIGHBOUR_HOST: dict[str, Any] = build_neighbour_container(IMAGE, ID, LOOKUP, OWNER)["HostConfig"]


def test_a_container_that_is_never_started_may_be_made_to_look_at_an_image() -> None:
    require_allowed_request("POST", CREATE, json.dumps(build_still_container(IMAGE, OWNER)).encode(), NAMED)


@pytest.mark.parametrize(
    "changes",
    [
        {"Image": "nginx"},
        {"Entrypoint": ["/bin/sh"]},
        {"Cmd": ["id"]},
        {"Labels": {PROBE_LABEL: "me"}},
        {"HostConfig": {"Binds": ["/:/host"]}},
        {"Volumes": {"/data": {}}},
    ],
)
def test_it_has_exactly_that_form(changes: dict[str, Any]) -> None:
    body = json.dumps(build_still_container(IMAGE, OWNER) | changes).encode()
    with pytest.raises(ForbiddenRequest):
        require_allowed_request("POST", CREATE, body, NAMED)


CHANGED_HOSTS: list[dict[str, Any]] = [
    {"Privileged": True},
    {"Binds": ["/:/host"]},
    {"PidMode": f"container:{ID}"},
    {"CapAdd": ["NET_ADMIN"]},
    {"CapDrop": []},
    {"Memory": 0},
    {"PortBindings": {"80/tcp": [{"HostPort": "80"}]}},
    {"LogConfig": GELF},
    {"ReadonlyRootfs": False},
]


def encode_neighbour(argv: Any = LOOKUP, **changes: Any) -> bytes:
    return json.dumps(build_neighbour_container(IMAGE, ID, argv, OWNER) | changes).encode()


@pytest.mark.parametrize(
    "argv", [LOOKUP, TRIAL, build_connection_trial("fd00::2", 1), build_name_lookup("base", "172.30.2.1")]
)
def test_a_lookup_or_a_connection_may_be_made_in_the_network_of_a_container(argv: tuple[str, ...]) -> None:
    require_allowed_request("POST", CREATE, encode_neighbour(argv), NAMED)


@pytest.mark.parametrize(
    "body",
    [
        *(
            encode_neighbour(argv)
            for argv in (
                ("nslookup", "base"),
                ("nslookup", "base", "8.8.8.8"),
                ("nslookup", "-type=any", "127.0.0.11"),
                ("nslookup", "a b", "127.0.0.11"),
                ("nc", "-w", "2", "db", "5432"),
                ("nc", "-w", "2", "172.30.2.2", "0"),
                ("nc", "-w", "2", "172.30.2.2", "65536"),
                ("nc", "-w", "2", "172.30.2.2", "05432"),
                ("nc", "-w", "60", "172.30.2.2", "5432"),
                ("nc", "-l", "2", "172.30.2.2", "5432"),
                ("nc", "-w", "2", "fe80::1%eth0", "5432"),
                ("nc", "-w", "2", "172.30.2.2", "5432", "-e", "sh"),
                ("nc", "-w", "2", 1, 5432),
                ("sh", "-c", "true"),
                ("/bin/sh", "-c", "true"),
                (),
            )
        ),
        encode_neighbour(Entrypoint="nslookup base 127.0.0.11"),
        encode_neighbour(Image="busybox"),
        encode_neighbour(Cmd=["id"]),
        encode_neighbour(User="0"),
        encode_neighbour(Labels={PROBE_LABEL: "x"}),
        *(
            encode_neighbour(HostConfig=NEIGHBOUR_HOST | {"NetworkMode": mode})
            for mode in ("host", "bridge", "front", "none", "container:api", f"container:{ID[:12]}", "")
        ),
        *(encode_neighbour(HostConfig=NEIGHBOUR_HOST | more) for more in CHANGED_HOSTS),
    ],
)
def test_nothing_else_is_done_in_the_network_of_a_container(body: bytes) -> None:
    with pytest.raises(ForbiddenRequest):
        require_allowed_request("POST", CREATE, body, NAMED)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/networks/create"),
        ("POST", f"/networks/{ID}/connect"),
        ("POST", f"/networks/{ID}/disconnect"),
        ("DELETE", f"/networks/{ID}"),
        ("POST", "/networks/prune"),
        ("PUT", f"/networks/{ID}"),
        ("POST", f"/containers/{ID}/kill"),
        ("POST", f"/containers/{ID}/wait"),
    ],
)
def test_networks_are_read_and_never_changed(method: str, path: str) -> None:
    with pytest.raises(ForbiddenRequest):
        require_allowed_request(method, f"/v1.41{path}", own_ids={ID})
    with pytest.raises(ForbiddenRequest):
        require_allowed_request(method, f"/v1.41{path}", b"{}", own_ids={ID})


@pytest.mark.parametrize(
    "query",
    [
        "",
        "name=web",
        f"name={PROBE_NAME_PREFIX}x",
        f"{NAMED}&platform=linux",
        f"name=x&{NAMED}",
        NAMED.upper(),
    ],
)
def test_a_container_of_ours_has_our_name_and_no_more_is_asked(query: str) -> None:
    with pytest.raises(ForbiddenRequest):
        require_allowed_request("POST", CREATE, encode_creation(), query)


def test_only_what_is_ours_is_started_and_removed() -> None:
    require_allowed_request("POST", f"/v1.41/containers/{ID}/start", own_ids={ID})
    require_allowed_request("DELETE", f"/v1.41/containers/{ID}", query="force=true&v=true", own_ids={ID})
    for own in (set[str](), {"d" * 64}):
        with pytest.raises(ForbiddenRequest):
            require_allowed_request("POST", f"/v1.41/containers/{ID}/start", own_ids=own)
        with pytest.raises(ForbiddenRequest):
            require_allowed_request("DELETE", f"/v1.41/containers/{ID}", own_ids=own)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/containers/web"),
        ("DELETE", f"/images/{ID}"),
        ("DELETE", f"/containers/{ID}/start"),
        ("POST", f"/containers/{ID}"),
        ("POST", f"/containers/{ID}/stop"),
        ("POST", f"/containers/{ID}/start/x"),
        ("POST", "/containers/web/start"),
        ("PUT", f"/containers/{ID}/start"),
    ],
)
def test_nothing_else_is_done_even_to_what_is_ours(method: str, path: str) -> None:
    with pytest.raises(ForbiddenRequest):
        require_allowed_request(method, f"/v1.41{path}", own_ids={ID, "web"})


def test_a_start_has_no_body() -> None:
    with pytest.raises(ForbiddenRequest):
        require_allowed_request("POST", f"/containers/{ID}/start", b'{"Binds": ["/:/host"]}', own_ids={ID})


class ScriptedEngine:
    """An engine's containers, as far as our own go."""

    def __init__(self, *left: Json) -> None:
        self.left, self.did, self.n = list(left), list[str](), 0
        self.states, self.last_state = list[Json](), dict[str, Any]()
        self.on: dict[str, Callable[[], None]] = {}

    def now(self) -> datetime:
        return NOW

    def list_all_containers(self) -> list[Json]:
        return self.left

    def inspect_container(self, ref: str) -> Json:
        self.does(f"inspect {ref}")
        return {"Id": ref, "State": self.states.pop(0) if self.states else self.last_state}

    def read_path_stat(self, ref: str, path: str) -> Json:
        self.does(f"stat {ref} {path}")
        return {"name": path.rpartition("/")[2], "size": 1, "mode": 0o644, "mtime": "2026-01-01T00:00:00Z"}

    def read(self, resource: Resource[Any], *refs: str, **query: str) -> Any:
        self.does(f"{resource.name} {' '.join(refs)}{query or ''}")
        return b"\x02\0\0\0\0\0\0\x05said\n"

    def create_container(self, name: str, body: Mapping[str, Any]) -> str:
        assert name.startswith(PROBE_NAME_PREFIX)
        assert PROBE_LABEL in body["Labels"]
        self.n += 1
        self.does(f"create {self.n}")
        return str(self.n)

    def adopt_container(self, entry: Json) -> None:
        self.does(f"own {entry['Id']}")

    def start_container(self, ref: str) -> None:
        self.does(f"start {ref}")

    def remove_container(self, ref: str, within_s: float) -> None:
        assert 0 < within_s <= 10
        self.does(f"remove {ref}")

    def does(self, what: str) -> None:
        self.did.append(what)
        self.on.get(what, lambda: None)()


def make_failing_call(error: Exception) -> Callable[[], None]:
    def call() -> None:
        raise error

    return call


def test_what_is_only_shown_is_removed_at_once() -> None:
    engine = ScriptedEngine()
    assert ProbeContainers(engine).inspect_started(IMAGE)["Id"] == "1"
    assert engine.did == ["create 1", "start 1", "inspect 1", "remove 1"]


def test_what_an_image_holds_is_asked_of_a_container_that_is_not_started_and_removed_at_once() -> None:
    engine = ScriptedEngine()
    engine.on["stat 1 /nope"] = make_failing_call(NotThere("/nope"))
    assert list(ProbeContainers(engine).stat_paths(IMAGE, ["/bin/sh", "/nope"])) == ["/bin/sh"]
    assert engine.did == ["create 1", "stat 1 /bin/sh", "stat 1 /nope", "remove 1"]


def test_it_is_removed_too_when_a_path_cannot_be_asked_for() -> None:
    engine = ScriptedEngine()
    engine.on["stat 1 /bin/sh"] = make_failing_call(OutOfReach(UnobservableReason.DEADLINE))
    with pytest.raises(OutOfReach):
        ProbeContainers(engine).stat_paths(IMAGE, ["/bin/sh"])
    assert engine.did[-1] == "remove 1"


@pytest.mark.parametrize(
    "error", [NotThere("gone"), OutOfReach(UnobservableReason.DEADLINE), KeyboardInterrupt()]
)
def test_it_is_removed_too_when_looking_at_it_fails(error: Exception) -> None:
    engine = ScriptedEngine()
    engine.on["inspect 1"] = make_failing_call(error)
    with pytest.raises(type(error)):
        ProbeContainers(engine).inspect_started(IMAGE)
    assert engine.did[-1] == "remove 1"


def test_what_speaks_stays_until_all_is_removed() -> None:
    engine = ScriptedEngine()
    made = ProbeContainers(engine)
    assert made.start_speaking(IMAGE, WORDS, None) == "1"
    assert engine.did == ["create 1", "start 1"]
    made.remove_all()
    made.remove_all()
    assert engine.did == ["create 1", "start 1", "remove 1"]


def test_what_cannot_be_started_is_removed() -> None:
    engine = ScriptedEngine()
    engine.on["start 1"] = make_failing_call(
        OutOfReach(UnobservableReason.ENGINE_ERROR, "HTTP 500 failed to initialize logging driver")
    )
    with pytest.raises(OutOfReach, match="logging driver"):
        ProbeContainers(engine).start_speaking(IMAGE, WORDS, GELF)
    assert engine.did[-1] == "remove 1"


RUNNING, ENDED = {"Running": True, "Status": "running"}, {"Running": False, "Status": "exited", "ExitCode": 1}


def test_what_is_run_beside_a_container_is_waited_for_read_and_removed() -> None:
    engine = ScriptedEngine()
    engine.states, engine.last_state = [RUNNING], ENDED
    assert ProbeContainers(engine).run_beside(IMAGE, ID, LOOKUP) == CommandResult(1, "said\n")
    assert engine.did == ["create 1", "start 1", "inspect 1", "inspect 1", "log 1", "remove 1"]


def test_what_does_not_end_beside_a_container_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_container, "_MAX_NEIGHBOUR_S", 0.1)
    engine = ScriptedEngine()
    engine.last_state = RUNNING
    assert ProbeContainers(engine).run_beside(IMAGE, ID, TRIAL).exit_code == STILL_RUNNING
    assert engine.did[-1] == "remove 1"


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (NotThere('exec: "nc": executable file not found'), NotThere),
        (
            OutOfReach(UnobservableReason.ENGINE_ERROR, 'HTTP 400 exec: "nc": executable file not found'),
            NotThere,
        ),
        (OutOfReach(UnobservableReason.ENGINE_ERROR, "HTTP 409 cannot join network"), OutOfReach),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_what_cannot_be_run_beside_a_container_is_removed_too(
    error: BaseException, raised: type[BaseException]
) -> None:
    engine = ScriptedEngine()

    def fail() -> None:
        raise error

    engine.on["start 1"] = fail
    with pytest.raises(raised):
        ProbeContainers(engine).run_beside(IMAGE, ID, TRIAL)
    assert engine.did[-1] == "remove 1"


def test_what_could_not_be_removed_is_tried_again() -> None:
    engine = ScriptedEngine()
    made = ProbeContainers(engine)
    made.start_speaking(IMAGE, WORDS, None)
    engine.on["remove 1"] = make_failing_call(OutOfReach(UnobservableReason.DEADLINE))
    made.remove_all()
    engine.on.clear()
    made.close()
    assert engine.did.count("remove 1") == 2


def test_a_creation_that_hangs_is_waited_for_as_long_as_the_run_has_left() -> None:
    engine, begun, go = ScriptedEngine(), threading.Event(), threading.Event()
    made = ProbeContainers(engine)

    def hang() -> None:
        begun.set()
        assert go.wait(10)

    engine.on["create 1"] = hang
    maker = threading.Thread(target=lambda: made.start_speaking(IMAGE, WORDS, None))
    maker.start()
    assert begun.wait(10)
    start = time.monotonic()
    made.remove_all(0.2)
    made.close()
    took = time.monotonic() - start
    go.set()
    maker.join(10)
    assert 0.2 <= took < 2


def test_removals_that_hang_share_what_the_run_has_left() -> None:
    engine = ScriptedEngine()
    made = ProbeContainers(engine)
    for _ in range(3):
        made.start_speaking(IMAGE, WORDS, None)
    engine.on["remove 1"] = lambda: time.sleep(0.2)
    made.remove_all(0.1)
    assert [did for did in engine.did if did.startswith("remove")] == ["remove 1"]


def test_what_a_run_keeps_is_removed_at_the_end_by_the_time_that_the_run_had() -> None:
    engine = ScriptedEngine()
    made = ProbeContainers(engine)
    for _ in range(3):
        made.start_speaking(IMAGE, WORDS, None)
    made.limit_cleanup(0.1)
    engine.on["remove 1"] = lambda: time.sleep(0.2)
    made.close()
    assert [did for did in engine.did if did.startswith("remove")] == ["remove 1"]


def test_what_is_made_after_a_run_has_the_time_of_the_next() -> None:
    engine = ScriptedEngine()
    made = ProbeContainers(engine)
    made.remove_all(0)
    made.start_speaking(IMAGE, WORDS, None)
    made.close()
    assert engine.did[-1] == "remove 1"


def test_nothing_is_made_once_all_is_over() -> None:
    engine = ScriptedEngine()
    made = ProbeContainers(engine)
    made.close()
    with pytest.raises(OutOfReach):
        made.inspect_started(IMAGE)
    assert engine.did == []


def test_what_is_being_made_while_all_ends_is_waited_for_and_removed() -> None:
    engine, begun, go = ScriptedEngine(), threading.Event(), threading.Event()
    made = ProbeContainers(engine)

    def slow() -> None:
        begun.set()
        assert go.wait(10)

    engine.on["start 1"] = slow
    maker = threading.Thread(target=lambda: made.start_speaking(IMAGE, WORDS, None))
    maker.start()
    assert begun.wait(10)
    closer = threading.Thread(target=made.close)
    closer.start()
    go.set()
    maker.join(10)
    closer.join(10)
    assert engine.did == ["create 1", "start 1", "remove 1"]


def make_list_entry(
    name: str = f"{PROBE_NAME_PREFIX}1", owner: str | None = "1@elsewhere", age: timedelta = timedelta()
) -> Any:
    labels = {} if owner is None else {PROBE_LABEL: owner}
    return {"Id": name, "Names": [f"/{name}"], "Labels": labels, "Created": (NOW - age).timestamp()}


@pytest.mark.parametrize(
    ("entry", "is_ours"),
    [
        (make_list_entry(), True),
        (make_list_entry("web"), False),
        (make_list_entry(owner=None), False),
        ({"Id": "x"}, False),
        ({"Names": None, "Labels": None}, False),
        ({**make_list_entry(), "Names": [f"/web/{PROBE_NAME_PREFIX}1", "/web"]}, False),
    ],
)
def test_a_probe_container_has_both_the_label_and_the_name(entry: Json, is_ours: object) -> None:
    assert is_probe_container_entry(entry) is is_ours


def test_the_first_creation_sweeps_what_killed_runs_have_left_and_nobody_elses() -> None:
    old = timedelta(minutes=4)
    mine = make_list_entry(f"{PROBE_NAME_PREFIX}mine", probe_container._name_owner(), old)
    engine = ScriptedEngine(
        make_list_entry("web", age=old),
        make_list_entry(f"{PROBE_NAME_PREFIX}old", age=old),
        make_list_entry(f"{PROBE_NAME_PREFIX}young"),
        mine,
    )
    made = ProbeContainers(engine)
    made.inspect_started(IMAGE)
    made.inspect_started(IMAGE)
    assert [did for did in engine.did if PROBE_NAME_PREFIX in did] == [
        f"own {PROBE_NAME_PREFIX}old",
        f"remove {PROBE_NAME_PREFIX}old",
    ]


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="processes are told by /proc")  # noqa: PTH110
def test_on_this_machine_it_is_the_maker_that_counts_not_the_age() -> None:
    machine = probe_container._name_owner().partition("@")[2]
    assert is_left_behind(make_list_entry(owner=f"4194305@{machine}"), NOW)
    assert not is_left_behind(make_list_entry(owner=f"{os.getpid()}@{machine}", age=timedelta(days=1)), NOW)


def test_a_marker_is_one_new_word_each_time() -> None:
    words = {probe_container.make_marker() for _ in range(50)}
    assert len(words) == 50
    assert all(word.isalnum() and len(word) == 20 for word in words)
