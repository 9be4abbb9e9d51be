"""A tunnel leaves nothing behind, whenever and by whichever thread it is closed."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dckgrade.engine.ssh import process
from dckgrade.engine.ssh.address import SshAddress
from dckgrade.engine.ssh.process import ProgramEnding
from dckgrade.engine.ssh.tunnel import SshTunnel


class EndingProcess:
    """Stands in for the login: does *act* while it is ended."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.act = act

    def terminate(self) -> None:
        self.act()


@pytest.fixture
def opened() -> Iterator[SshTunnel]:
    made = SshTunnel(SshAddress(host="poste-01"))
    yield made
    made.close()


def end_with(opened: SshTunnel, act: Callable[[], object]) -> None:
    login: Any = EndingProcess(act)
    opened._processes.append(login)
    opened.close()


def test_no_bridge_is_made_while_its_login_is_ended(opened: SshTunnel) -> None:
    def start_bridge() -> None:
        with pytest.raises(ProgramEnding):
            opened._start_bridge()
        assert [path.name for path in opened.folder.iterdir()] == ["owner"]

    end_with(opened, start_bridge)
    assert not opened.folder.exists()


def test_a_second_close_waits_for_the_first(opened: SshTunnel) -> None:
    second = threading.Thread(target=opened.close)

    def close_again() -> None:
        second.start()
        second.join(0.2)
        assert second.is_alive(), "it would let the program end while ssh still runs"
        assert opened.folder.exists()

    end_with(opened, close_again)
    second.join(5)
    assert not opened.folder.exists()


def test_no_folder_is_made_once_the_program_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    ending = threading.Event()
    ending.set()
    monkeypatch.setattr(process, "_ending", ending)
    made: list[object] = []
    monkeypatch.setattr(tempfile, "mkdtemp", lambda **_: made.append(0))
    with pytest.raises(ProgramEnding):
        SshTunnel(SshAddress(host="poste-01"))
    assert made == []


def test_where_no_folder_can_be_made_nothing_else_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kept").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", "/missing")
    with pytest.raises(FileNotFoundError):
        SshTunnel(SshAddress(host="poste-01"))
    for registered in list(process._REGISTERED):
        registered.close()
    assert (tmp_path / "kept").exists()
