"""Several private engines on a network of their own: a class room without machines."""

import subprocess
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Self

from dckgrade.prove.engines.network_namespace import inside_network_of, raise_loopback
from dckgrade.prove.engines.private import PrivateEngine, PrivateEngineFailed

LAN_PREFIX = "10.11.0"
FIRST_HOST_NUMBER = 11
_IP_TIMEOUT_S = 10


class PrivateCluster:
    """Private engines that reach each other and nothing else; the first is the one that is graded."""

    def __init__(self, count: int, programs: Path | None = None, *, containerd_store: bool = False) -> None:
        self.engines = [
            PrivateEngine(name, programs, containerd_store=containerd_store) for name in make_hostnames(count)
        ]
        self._switch, self._stack = _Switch(), ExitStack()

    def __enter__(self) -> Self:
        with self._stack as started:
            started.enter_context(self._switch)
            for place, engine in enumerate(self.engines):
                started.enter_context(engine)
                self._switch.plug(engine, place)
            self._stack = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def host(self) -> str:
        """The address of the engine that is graded."""
        return self.engines[0].host

    @property
    def hosts(self) -> list[str]:
        """The addresses of all engines, that of the graded one first."""
        return [engine.host for engine in self.engines]

    @property
    def script_environment(self) -> Mapping[str, str]:
        """Return the variables of an `apply.sh`: MANAGER_ADDR, WORKER1_ADDR… and WORKER1_HOST…."""
        called = [name.upper() for name in make_hostnames(len(self.engines))]
        addresses = {f"{name}_ADDR": get_machine_address(place) for place, name in enumerate(called)}
        hosts = {f"{name}_HOST": engine.host for name, engine in zip(called, self.engines, strict=True)}
        return addresses | hosts

    def empty(self) -> None:
        """Empty every engine, of services first; the workers before the manager that they would miss."""
        for engine in self.engines:
            engine.remove_services()
        for engine in self.engines:
            engine.remove_tasks()
        for engine in reversed(self.engines):
            engine.empty()

    def enter_network(self) -> AbstractContextManager[None]:
        """Put the calling thread where the graded engine's containers can be reached."""
        return self.engines[0].enter_network()


class _Switch:
    """A bridge in a network namespace of its own: in an engine's, Docker's firewall would cut the others."""

    pid = 0

    def __enter__(self) -> Self:
        # It ends when its input does, which is at the latest when this process does.
        self._holder = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "echo; exec cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        if not self._holder.stdout or not self._holder.stdout.readline():
            raise PrivateEngineFailed("No network namespace could be made for the class room's network.")
        self.pid = self._holder.pid
        with inside_network_of(self.pid):
            raise_loopback()
            _run_ip("link", "add", "lan", "type", "bridge")
            _run_ip("link", "set", "lan", "up")
        return self

    def __exit__(self, *_: object) -> None:
        with self._holder:
            self._holder.kill()

    def plug(self, engine: PrivateEngine, place: int) -> None:
        """Connect *engine* to the bridge."""
        with engine.enter_network():
            cable = ("type", "veth", "peer", "name", f"port{place}", "netns", str(self.pid))
            _run_ip("link", "add", "eth0", *cable)
            _run_ip("address", "add", f"{get_machine_address(place)}/24", "dev", "eth0")
            _run_ip("link", "set", "eth0", "up")
        with inside_network_of(self.pid):
            _run_ip("link", "set", f"port{place}", "master", "lan", "up")


def make_hostnames(count: int) -> list[str]:
    """Name the machines: manager, worker1, worker2…."""
    return ["manager", *(f"worker{place}" for place in range(1, count))]


def get_machine_address(place: int) -> str:
    """Return the address of the machine at *place*, counted from 0."""
    return f"{LAN_PREFIX}.{FIRST_HOST_NUMBER + place}"


def _run_ip(*words: str) -> None:
    try:
        done = subprocess.run(
            ["ip", *words], capture_output=True, text=True, timeout=_IP_TIMEOUT_S, check=False
        )
    except FileNotFoundError:
        raise PrivateEngineFailed("`ip` was not found. On Debian: apt-get install iproute2.") from None
    if done.returncode:
        raise PrivateEngineFailed(f"`ip {' '.join(words)}` failed: {done.stderr.strip()}")
