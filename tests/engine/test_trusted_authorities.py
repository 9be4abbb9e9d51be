"""Whom an engine on this machine trusts for a registry."""

import os
from pathlib import Path

import pytest

from dckgrade.engine import trusted_authorities
from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.daemon_files import SNAP_CONFIG
from dckgrade.engine.dockerd import OwnDockerd
from dckgrade.engine.endpoint import Endpoint
from dckgrade.engine.trusted_authorities import MAX_FILES, read_trusted_authorities

REGISTRY = "registry.test:5000"


def read(folder: Path, registry: str = REGISTRY) -> bytes:
    own = OwnDockerd(folder / "daemon.json", folder / "dockerd.log")
    return read_trusted_authorities(Endpoint("unix:///x.sock", "--host"), {}, None, own, registry)


def write(folder: Path, name: str, content: bytes) -> None:
    (folder / "certs.d" / REGISTRY).mkdir(parents=True, exist_ok=True)
    (folder / "certs.d" / REGISTRY / name).write_bytes(content)


def test_each_file_that_docker_reads_is_read_and_no_other(tmp_path: Path) -> None:
    for name, content in (("b.crt", b"B"), ("a.crt", b"A"), ("client.cert", b"C"), ("ca.pem", b"D")):
        write(tmp_path, name, content)
    assert read(tmp_path) == b"A\nB"


def test_the_folder_bears_the_registry_s_name_with_its_port(tmp_path: Path) -> None:
    write(tmp_path, "ca.crt", b"A")
    for registry in ("registry.test", "registry.test:5001", "other.test:5000"):
        with pytest.raises(NotThere):
            read(tmp_path, registry)


def test_a_folder_without_an_authority_trusts_nobody(tmp_path: Path) -> None:
    write(tmp_path, "ca.pem", b"A")
    with pytest.raises(NotThere):
        read(tmp_path)


@pytest.mark.parametrize("registry", ["..", ".", "../certs.d", "a/b", "", "x\n", "é.test", "/etc"])
def test_a_name_that_is_none_of_a_registry_opens_no_folder(tmp_path: Path, registry: str) -> None:
    write(tmp_path, "ca.crt", b"A")
    (tmp_path / "ca.crt").write_bytes(b"outside")
    with pytest.raises(NotThere):
        read(tmp_path, registry)


def test_what_is_no_file_or_too_large_is_out_of_reach_and_never_absent(tmp_path: Path) -> None:
    write(tmp_path, "big.crt", b"x" * 300_000)
    with pytest.raises(OutOfReach):
        read(tmp_path)
    (tmp_path / "certs.d" / REGISTRY / "big.crt").unlink()
    os.mkfifo(tmp_path / "certs.d" / REGISTRY / "pipe.crt")
    with pytest.raises(OutOfReach):
        read(tmp_path)


def test_of_very_many_files_the_first_are_read(tmp_path: Path) -> None:
    for number in range(MAX_FILES + 5):
        write(tmp_path, f"{number:03}.crt", b"x")
    assert read(tmp_path).count(b"x") == MAX_FILES


@pytest.mark.parametrize("config", [None, SNAP_CONFIG])
def test_an_engine_whose_folder_is_not_known_here_tells_nothing(
    config: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trusted_authorities, "locate_config", lambda *_: config)
    with pytest.raises(OutOfReach):
        read_trusted_authorities(Endpoint("unix:///x.sock", "--host"), {}, None, None, REGISTRY)
