"""A PostgreSQL server of the tests' own: a folder, a socket in it, nothing else."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

START_TIMEOUT_S = 60


def find_program(name: str) -> str | None:
    """Find a program of PostgreSQL, which Debian keeps off PATH."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(places[-1]) if places else shutil.which(name)


class PostgresServer:
    """Started, restarted, killed."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dckgrade-postgres-"))
        # It refuses to run as root.
        self.user = "postgres" if os.geteuid() == 0 else None
        self.count = 0
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        data = self.folder / "data"
        if self.user:
            entry = pwd.getpwnam(self.user)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        initdb = find_program("initdb") or "initdb"
        command = [
            initdb,
            "-D",
            str(data),
            "-U",
            "dckgrade",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-locale",
            "-N",
        ]
        subprocess.run(command, user=self.user, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [
            find_program("postgres") or "postgres", "-D", str(self.folder / "data"), "-k", str(self.folder),
            "-c", "listen_addresses=", "-c", "max_connections=60", "-c", "shared_buffers=16MB",
        ]  # fmt: skip
        log = (self.folder / "log").open("ab")
        with log:
            self.process = subprocess.Popen(command, user=self.user, cwd=self.folder, stdout=log, stderr=log)
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                psycopg.connect(self.get_conninfo("postgres")).close()
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.05)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it as an administrator does who does not wait for clients; SIGQUIT: as a crash does."""
        if self.process:
            self.process.send_signal(how)
            self.process.wait(START_TIMEOUT_S)
            self.process = None

    def get_conninfo(self, database: str) -> str:
        """Return where a database is, for its own tools."""
        return f"host={self.folder} user=dckgrade dbname={database}"

    def create_database(self) -> str:
        """Make an empty database; returns its address."""
        self.count += 1
        name = f"board{self.count}"
        with psycopg.connect(self.get_conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql+psycopg://dckgrade@/{name}?host={self.folder}"
