"""What `dckgrade board --stack` prints."""

import pytest
import yaml

from dckgrade.cli import board as board_command
from tests.support.cli_runner import dckgrade


def test_the_stack_file_is_printed_as_it_is_also_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_command, "find_spec", lambda _: None)
    done = dckgrade("board", "--stack")
    assert (done.returncode, done.stderr) == (0, b"")
    services = yaml.safe_load(done.stdout)["services"]
    assert services["board"]["deploy"]["replicas"] == 3
    for service in services.values():
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert not service["user"].startswith("0")
        assert service["healthcheck"]["test"]
        assert service["deploy"]["update_config"]["failure_action"] == "rollback"
        assert [name for name in service["environment"] if name.endswith("PASSWORD")] == []
