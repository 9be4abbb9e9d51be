"""How many engines may run at once."""

from pathlib import Path

import pytest

from dckgrade.prove.engines.settings import EngineSetting, count_engines_that_fit, read_available_memory

GB = 1_000_000_000


@pytest.mark.parametrize(("gigabytes", "count"), [(1, 1), (4, 3), (400, 4)])
def test_as_many_engines_run_as_memory_and_processors_allow(
    gigabytes: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)

    assert count_engines_that_fit({EngineSetting()}, gigabytes * GB) == count


def test_the_largest_setting_counts() -> None:
    small, large = {EngineSetting(count=3)}, {EngineSetting(count=3), EngineSetting(guest=True)}

    assert count_engines_that_fit(large, 4 * GB) < count_engines_that_fit(small, 4 * GB)


def test_where_memory_is_not_known_there_are_two() -> None:
    assert read_available_memory(Path("/nowhere")) is None
    assert count_engines_that_fit({EngineSetting()}, None) == 2


def test_available_memory_is_read_in_bytes(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 24000 kB\nMemAvailable:   20000 kB\nBuffers: 1 kB\n")

    assert read_available_memory(tmp_path / "meminfo") == 20000 * 1024
