"""What the hosts file of a machine says of a name."""

import os
from pathlib import Path

import pytest

from dckgrade.engine.answers import OutOfReach
from dckgrade.engine.endpoint import Endpoint
from dckgrade.engine.hosts_file import find_hosts_addresses
from dckgrade.engine.run_options import RunOptions
from dckgrade.engine.snapshot import EngineSnapshot

HOSTS = """\
127.0.0.1\tlocalhost
127.0.1.1 lab.test lab # registry.test
#10.0.0.7 old.test
::1 lab.test
10.0.0.7 registry.test
"""


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("lab.test", ["127.0.1.1", "::1"]),
        ("LAB", ["127.0.1.1"]),
        ("registry.test", ["10.0.0.7"]),
        ("old.test", []),
        ("127.0.0.1", []),
        ("test", []),
    ],
)
def test_each_line_that_has_the_name_tells_an_address(
    tmp_path: Path, name: str, addresses: list[str]
) -> None:
    (tmp_path / "hosts").write_text(HOSTS, encoding="utf-8")
    assert find_hosts_addresses(name, tmp_path / "hosts") == addresses


def test_without_a_file_there_is_no_address_and_what_is_none_is_out_of_reach(tmp_path: Path) -> None:
    assert find_hosts_addresses("lab.test", tmp_path / "hosts") == []
    os.mkfifo(tmp_path / "hosts")
    with pytest.raises(OutOfReach):
        find_hosts_addresses("lab.test", tmp_path / "hosts")


@pytest.mark.parametrize(
    ("url", "elsewhere"), [("tcp://203.0.113.1:2375", False), ("unix:///var/run/docker.sock", True)]
)
def test_the_file_of_this_machine_says_nothing_of_an_engine_elsewhere(url: str, *, elsewhere: bool) -> None:
    class Connected:
        engine = None
        endpoint = Endpoint(url, "--host")

    look = EngineSnapshot(Connected(), RunOptions(elsewhere=elsewhere))  # type: ignore[arg-type]
    with pytest.raises(OutOfReach):
        look.find_hosts_addresses("localhost")
