"""A real sshd of the tests' own on loopback, its keys and configuration too; ~/.ssh is left alone."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from dckgrade.prove.engines.private import find_private_engine_obstacle
from tests.conftest import need

SSHD = "/usr/sbin/sshd"


def need_ssh() -> None:
    """Say why there can be no engine behind ssh: a failure where engines are required, else a skip."""
    need(
        find_private_engine_obstacle()
        or next((f"{program} is missing" for program in (SSHD, "ssh") if not shutil.which(program)), None)
    )


class Sshd:
    """One server; `environ` makes `ssh` mean the real one with a configuration of ours."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.folder, self.more = folder, more
        # Short, since sockets are made in it, whose paths are bounded.
        self.tmp = Path(tempfile.mkdtemp(prefix="dck-ssh-test-"))
        self.port = free_port()
        self.host = f"ssh://root@127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("host", "user"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / name)], check=True
            )
        (self.folder / "authorized").write_text((self.folder / "user.pub").read_text())
        (self.folder / "sshd_config").write_text("\n".join([*self.settings(), *self.more, ""]))
        key = " ".join((self.folder / "host.pub").read_text().split()[:2])
        (self.folder / "known").write_text(f"[127.0.0.1]:{self.port} {key}\n")
        self.configure()
        # sshd wants its folder for unprivileged children; Debian's service makes it at its start.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.process = subprocess.Popen(
            [SSHD, "-D", "-E", str(self.folder / "log"), "-f", str(self.folder / "sshd_config")],
            stdin=subprocess.DEVNULL,
        )
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return self
            time.sleep(0.02)
        raise AssertionError((self.folder / "log").read_text())

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.tmp)

    def settings(self) -> Iterator[str]:
        """Write what every server here has."""
        yield f"Port {self.port}"
        yield "ListenAddress 127.0.0.1"
        yield f"HostKey {self.folder}/host"
        yield f"AuthorizedKeysFile {self.folder}/authorized"
        yield "PidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nMaxStartups 100"
        yield "PasswordAuthentication no\nKbdInteractiveAuthentication no"

    def configure(self, *lines: str) -> None:
        """Write the client's configuration, *lines* first: the first value counts."""
        own = [
            f"UserKnownHostsFile {self.folder}/known",
            "GlobalKnownHostsFile /dev/null",
            f"IdentityFile {self.folder}/user",
            "IdentitiesOnly yes",
        ]
        (self.folder / "ssh_config").write_text("\n".join([*lines, "Host *", *own, ""]))
        command = self.folder / "bin" / "ssh"
        command.parent.mkdir(exist_ok=True)
        command.write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F {self.folder}/ssh_config "$@"\n')
        command.chmod(0o755)

    @property
    def environ(self) -> Mapping[str, str]:
        """Put that `ssh` first, and temporary folders into ours, where what is left behind is seen."""
        return {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "TMPDIR": str(self.tmp)}

    def left_behind(self) -> list[str]:
        """List what is still there of our runs: temporary folders, and processes that speak of them."""
        found = [path.name for path in self.tmp.glob("*")]
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (process / "cmdline").read_bytes()
                if f"{self.tmp}/".encode() in command or f"{self.folder}/ssh_config".encode() in command:
                    found.append(command.replace(b"\0", b" ").decode())
        return found


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
