"""The options that systemd's unit gives dockerd, by the units of Docker's packages."""

from pathlib import Path

import pytest

from dckgrade.engine.installed_dockerd import list_dockerd_flags, read_installed_version

DOCKER_CE = """[Service]
Type=notify
ExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock
ExecReload=/bin/kill -s HUP $MAINPID
"""
DEBIAN = """[Service]
EnvironmentFile=-{folder}/default
ExecStart=/usr/sbin/dockerd -H fd:// \\
  --containerd=/run/containerd/containerd.sock $DOCKER_OPTS
"""


def write_units(folder: Path, **files: str) -> list[Path]:
    """Write files below two folders for units, by their names with `_` for `/`; return the folders."""
    folders = [folder / "etc", folder / "lib"]
    for name, text in files.items():
        where, _, rest = name.partition("_")
        path = folder / where / ("docker.service" if rest == "unit" else f"docker.service.d/{rest}.conf")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folders


def test_the_packages_give_the_sockets(tmp_path: Path) -> None:
    assert list_dockerd_flags(write_units(tmp_path, lib_unit=DOCKER_CE)) == ["H", "containerd"]


def test_debian_s_variable_is_put_in(tmp_path: Path) -> None:
    (tmp_path / "default").write_text('# DOCKER_OPTS="--dns 8.8.8.8"\nDOCKER_OPTS="--log-driver=local"\n')
    folders = write_units(tmp_path, lib_unit=DEBIAN.format(folder=tmp_path))
    assert list_dockerd_flags(folders) == ["H", "containerd", "log-driver"]


def test_a_unit_of_the_administrator_s_hides_the_package_s(tmp_path: Path) -> None:
    folders = write_units(tmp_path, etc_unit="ExecStart=/usr/bin/dockerd", lib_unit=DOCKER_CE)
    assert list_dockerd_flags(folders) == []


def test_a_drop_in_takes_the_command_back(tmp_path: Path) -> None:
    reset = "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd --debug\n"
    folders = write_units(tmp_path, lib_unit=DOCKER_CE, etc_hosts=reset)
    assert list_dockerd_flags(folders) == ["debug"]


def test_without_systemd_nothing_is_known(tmp_path: Path) -> None:
    assert list_dockerd_flags([tmp_path]) == []


@pytest.mark.parametrize(
    ("entry", "version"),
    [
        (
            "Package: docker-ce\nStatus: install ok installed\nPriority: optional\nVersion: 5:27.3.1-1~d",
            "27.3.1-1~d",
        ),
        ("Package: docker.io\nStatus: install ok installed\nVersion: 20.10.24+dfsg1-1", "20.10.24+dfsg1-1"),
        ("Package: docker.io\nStatus: deinstall ok config-files\nVersion: 20.10.24+dfsg1-1", None),
        ("Package: docker-ce-cli\nStatus: install ok installed\nVersion: 5:27.3.1-1", None),
    ],
)
def test_the_version_is_the_installed_package_s(tmp_path: Path, entry: str, version: str | None) -> None:
    status = tmp_path / "status"
    status.write_text(f"Package: adduser\nStatus: install ok installed\nVersion: 3.134\n\n{entry}\n\n")
    assert read_installed_version(status) == version
    assert read_installed_version(tmp_path / "none") is None
