"""Temporary folders of `prove` and of image builds: gone at the end, and after a kill at the next use."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from dckgrade.prove.engines.cleanup import make_owned_folder

PREFIX = "dckgrade-test-owned-"
KEEP = f"""
import sys, time
from dckgrade.prove.engines.cleanup import make_owned_folder
with make_owned_folder({PREFIX!r}) as folder:
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _temporary_folders_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def start_keeper() -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen([sys.executable, "-c", KEEP], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return process, Path(process.stdout.readline().strip())


def test_it_is_gone_at_the_end() -> None:
    with make_owned_folder(PREFIX) as folder:
        (folder / "deb").write_bytes(b"x")
    assert not folder.exists()


def test_one_in_use_stays_and_one_whose_owner_was_killed_goes() -> None:
    process, folder = start_keeper()
    try:
        with make_owned_folder(PREFIX):
            assert folder.is_dir()
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    assert folder.is_dir()
    with make_owned_folder(PREFIX):
        assert not folder.exists()


def test_another_program_s_folder_stays(tmp_path: Path) -> None:
    other = tmp_path / f"{PREFIX}elsewhere"
    other.mkdir()
    with make_owned_folder(PREFIX):
        assert other.is_dir()
