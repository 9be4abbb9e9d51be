"""A guest machine under qemu: an engine on a kernel with AppArmor, private, gone after use."""

import atexit
import contextlib
import http.client
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Self

from dckgrade.engine.owned_folders import name_this_process
from dckgrade.prove.engines import cleanup as remains
from dckgrade.prove.engines import guest_command
from dckgrade.prove.engines.dockerd_process import CONTAINERD_STORE
from dckgrade.prove.engines.given import GivenEngine
from dckgrade.prove.engines.network_namespace import inside_network_of
from dckgrade.prove.engines.port_forward import PortForward
from dckgrade.prove.engines.private import PrivateEngineFailed

_REQUIRED_TOOLS = ("qemu-system-x86_64", "ip", "unshare", "mke2fs", "docker", "chroot")
_READY_TIMEOUT_S, _POLL_INTERVAL_S, _PING_TIMEOUT_S = 300.0, 0.3, 5.0
# Of some fifteen boots on qemu 7.2's emulated processors one ended in a panic of the kernel (2026-12-01).
_BOOT_ATTEMPTS = 3
_PANIC_WORDS = "Kernel panic - not syncing"
_ENGINE_PORT = 2375
# Most machines of a CI have no KVM, or one that boots nothing: the processor is emulated.
_QEMU_OPTIONS = (
    *("-accel", "tcg,thread=multi,tb-size=512", "-machine", "q35", "-cpu", "max", "-smp", "2", "-m", "1536"),
    *("-display", "none", "-vga", "none", "-nodefaults", "-no-reboot", "-monitor", "none"),
    *("-kernel", "kernel", "-serial", "file:console", "-device", "virtio-rng-pci"),
    # The disk is shared by all guests; what one writes goes into a file that is deleted already.
    *("-drive", "file=disk,if=none,id=disk,format=raw,snapshot=on,cache=unsafe"),
    *("-device", "nvme,drive=disk,serial=disk"),
    *("-netdev", "tap,id=lan,ifname=tap0,script=no,downscript=no"),
    *("-device", "virtio-net-pci,netdev=lan,romfile="),
)
# After a panic it starts again at once, which to qemu is the end (`-no-reboot`).
_KERNEL_WORDS = "root=/dev/nvme0n1 rw init=/usr/sbin/machine console=ttyS0 net.ifnames=0 apparmor=1 panic=-1"
# Whatever it starts ends with `cat`, which ends when its input does: at the latest when this process does.
_BOOT_SCRIPT = """
ip link set lo up
ip tuntap add tap0 mode tap
ip address add 10.12.0.1/24 dev tap0
ip link set tap0 up
ip route add 172.16.0.0/12 via 10.12.0.2
{ "$@" < /dev/null > qemu.log 2>&1 || true; echo gone > gone; } &
echo
exec cat
"""
_APPARMOR_FOLDER = "/sys/kernel/security/apparmor"
_UNLOAD_PROFILES_SCRIPT = (
    'while read -r name mode; do test "$name" = docker-default || printf %s "$name" '
    f"> {_APPARMOR_FOLDER}/.remove; done < {_APPARMOR_FOLDER}/profiles 2> /dev/null; true"
)


class GuestPanicked(PrivateEngineFailed):
    """The guest's kernel gave up before its engine answered."""


class GuestEngine:
    """A dockerd on a machine of its own, in a network of its own; it cannot outlive this process."""

    def __init__(self, build: Callable[[Path], object], *, containerd_store: bool = False) -> None:
        self._build = build
        """Puts `kernel` and `disk` into a folder."""
        self.containerd_store = containerd_store
        self._folder: Path | None = None
        self._holder: subprocess.Popen[bytes] | None = None
        self._port_forward: PortForward | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def host(self) -> str:
        """The address of its engine: a socket here that leads there."""
        return f"unix://{self._folder}/docker.sock"

    @property
    def script_environment(self) -> Mapping[str, str]:
        """Let an `apply.sh` find the guest's own commands first."""
        return {"PATH": f"{self._folder}/bin:{os.environ.get('PATH', os.defpath)}"}

    def start(self) -> None:
        """Boot and wait for the engine, again after a panic; once it is up, do nothing."""
        if self._folder is not None:
            return
        if reason := find_guest_obstacle():
            raise PrivateEngineFailed(f"No guest was started: {reason}")
        for _ in range(_BOOT_ATTEMPTS - 1):
            with contextlib.suppress(GuestPanicked):
                self._start_once()
                return
        self._start_once()

    def _start_once(self) -> None:
        """Sweep what dead owners left, then boot and wait for the engine."""
        base = Path(tempfile.gettempdir())
        remains.sweep(base)
        atexit.register(self.stop)
        self._folder = Path(tempfile.mkdtemp(prefix=remains.FOLDER_PREFIX, dir=base))
        (self._folder / "owner").write_text(name_this_process())
        try:
            self._build(self._folder)
            self._boot(self._folder)
            self._wait_until_ready(self._folder)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Switch it off, and remove what it left."""
        atexit.unregister(self.stop)
        if self._port_forward:
            self._port_forward.close()
        if self._holder:
            with self._holder:
                self._holder.kill()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder, self._holder, self._port_forward = None, None, None

    @contextlib.contextmanager
    def enter_network(self) -> Iterator[None]:
        """Put the calling thread, and what it starts meanwhile, where the guest's containers are reached."""
        if self._holder is None:
            raise PrivateEngineFailed("The guest is not running. Call start() first.")
        with inside_network_of(self._holder.pid):
            yield

    def empty(self) -> None:
        """Unload every profile but Docker's, then remove every container, network and volume."""
        # In this order: a profile may keep even Docker's signals from a container.
        with self.enter_network(), tempfile.TemporaryDirectory() as nothing:
            ended, printed = guest_command.run_on_guest(["sh", "-c", _UNLOAD_PROFILES_SCRIPT], Path(nothing))
        if ended:
            raise PrivateEngineFailed(f"The guest's profiles could not be unloaded: {printed}")
        GivenEngine(self.host).empty()

    def _boot(self, folder: Path) -> None:
        (folder / "bin").mkdir()
        command = folder / "bin" / "apparmor_parser"
        command.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" "{guest_command.__file__}" apparmor_parser "$@"\n'
        )
        command.chmod(0o755)
        namespaces = ("unshare", "--net", "--pid", "--fork", "--kill-child=KILL")
        self._holder = subprocess.Popen(
            [*namespaces, "sh", "-ec", _BOOT_SCRIPT, "sh", "qemu-system-x86_64", *self._build_qemu_options()],
            cwd=folder,
            env=os.environ | {"TMPDIR": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        if not self._holder.stdout or not self._holder.stdout.readline():
            stderr = self._holder.stderr.read().decode(errors="replace") if self._holder.stderr else ""
            raise PrivateEngineFailed(f"No network could be made for a guest: {stderr.strip()}")
        self._port_forward = PortForward(
            folder / "docker.sock", self._holder.pid, (guest_command.GUEST_ADDRESS, _ENGINE_PORT)
        )

    def _build_qemu_options(self) -> list[str]:
        # A kernel hands words that it does not know to the first process, as its environment.
        store = (
            [f"{name}={value}" for name, value in CONTAINERD_STORE.items()] if self.containerd_store else []
        )
        return [*_QEMU_OPTIONS, "-append", " ".join([_KERNEL_WORDS, *store])]

    def _wait_until_ready(self, folder: Path) -> None:
        deadline = time.monotonic() + _READY_TIMEOUT_S
        while time.monotonic() < deadline and not (folder / "gone").exists():
            with contextlib.suppress(OSError, http.client.HTTPException), self.enter_network():
                asked = http.client.HTTPConnection(
                    guest_command.GUEST_ADDRESS, _ENGINE_PORT, timeout=_PING_TIMEOUT_S
                )
                with contextlib.closing(asked):
                    asked.request("GET", "/_ping")
                    if asked.getresponse().read() == b"OK":
                        return
            time.sleep(_POLL_INTERVAL_S)
        logs = [
            (folder / name).read_text(errors="replace")
            for name in ("qemu.log", "console")
            if (folder / name).exists()
        ]
        said = "".join(logs)
        trouble = GuestPanicked if _PANIC_WORDS in said else PrivateEngineFailed
        raise trouble(
            f"The guest's engine did not answer; it was expected within {_READY_TIMEOUT_S:.0f} s. "
            "Is the machine very busy? The end of what it said:\n" + "\n".join(said.splitlines()[-15:])
        )


def find_guest_obstacle() -> str | None:
    """Return why no guest can be started here, or None when one can."""
    if not sys.platform.startswith("linux") or platform.machine() != "x86_64":
        return "it needs Linux on x86-64."
    if os.geteuid() != 0:
        return "it needs root, for a network of its own."
    if missing := [tool for tool in _REQUIRED_TOOLS if shutil.which(tool) is None]:
        return (
            f"{', '.join(missing)} not found. On Debian: "
            "apt-get install qemu-system-x86 e2fsprogs iproute2 util-linux docker.io."
        )
    return None if Path("/dev/net/tun").exists() else "there is no /dev/net/tun for its network."
