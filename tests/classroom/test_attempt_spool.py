"""Attempts kept in a file: each comes back as it was, by its number, in memory and on the disk."""

import resource
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from dckgrade.classroom import attempt_spool
from dckgrade.classroom.attempt_spool import AttemptSpool, SpoolUnusable
from dckgrade.classroom.attempts import Attempt
from dckgrade.classroom.gather import GatheredClass, GatherOptions
from dckgrade.classroom.people import Roster
from dckgrade.classroom.submissions import Submission
from dckgrade.report import codec
from dckgrade.report.result import Score, Verdict
from tests.support.class_reports import make_trainee_report

ATTEMPT = Attempt(
    trainee="Élodie Çelik",
    lab="tp5",
    source="reports/Élodie/tp5.json",
    started_at="2026-11-03T10:00:00Z",
    complete=True,
    score=Score(earned=3, possible=10, undecided=1),
    verdicts={"cluster-stopped": Verdict.PASSED, "name": Verdict.FAILED},
    mistakes={"name": "ST-02"},
    root_failures=["name"],
    said={"ST-02": "No container is called cluster."},
    forgeries=["published"],
    moment=1.5,
    traces=frozenset({0, 2**64 - 1}),
)


@pytest.mark.parametrize("most", [1, 1000, 10**6], ids=["on the disk", "moved to the disk", "in memory"])
def test_each_attempt_comes_back_as_it_was(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt_spool, "MAX_MEMORY_BYTES", most)
    spool = AttemptSpool()
    kept = {spool.append(attempt): attempt for attempt in (replace(ATTEMPT, moment=at) for at in range(9))}
    assert [spool[number] for number in reversed(kept)] == [*reversed(kept.values())]
    assert spool.append(ATTEMPT) not in kept


def test_an_attempt_in_a_file_whose_name_is_no_utf8_comes_back_too() -> None:
    spool = AttemptSpool()
    kept = [ATTEMPT, replace(ATTEMPT, source="\udce9lodie.json"), replace(ATTEMPT, moment=2)]
    assert [spool[number] for number in map(spool.append, kept)] == kept


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The kernel lets no file grow beyond some attempts."""
    monkeypatch.setattr(attempt_spool, "MAX_MEMORY_BYTES", 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("full_disk")
def test_a_full_temporary_folder_is_told_with_what_to_do() -> None:
    spool = AttemptSpool()
    with pytest.raises(SpoolUnusable, match=r"File too large.*TMPDIR"):
        _ = [spool[spool.append(replace(ATTEMPT, moment=at))] for at in range(1000)]


@pytest.mark.usefixtures("full_disk")
def test_a_full_temporary_folder_ends_the_gathering_and_is_no_fault_of_a_report() -> None:
    gathered = GatheredClass(GatherOptions(), Roster())
    raw = codec.to_json(make_trainee_report("Ada"))
    handed_in = [Submission(source=str(at), path_within=str(at), raw=raw) for at in range(1000)]
    with pytest.raises(SpoolUnusable):
        _ = [*map(gathered.add_submission, handed_in)]
    assert not gathered.refused
