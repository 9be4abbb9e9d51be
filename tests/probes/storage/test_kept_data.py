"""Kind `kept-data`: whether a file has outlived the container in which it was written."""

from typing import Any

import pytest
from msgspec.structs import replace

from dckgrade.engine.answers import OutOfReach
from dckgrade.probes.storage.kept_data import KeptData
from dckgrade.report.observation import Absent, Seen, Unobservable, UnobservableReason
from tests.support.fake_engine import facts
from tests.support.scenes.storage import STORAGE_VERSIONS, EngineWithVolumes

every_version = pytest.mark.parametrize("version", STORAGE_VERSIONS)
VERSION_FILE = "base:/var/lib/postgresql/data/PG_VERSION"
LONG_AGO = "2020-01-01T00:00:00Z"


def look(engine: EngineWithVolumes, name: str = "base", path: str = "$PGDATA/PG_VERSION") -> dict[str, Any]:
    return facts(KeptData(container=name, path=path).observe(engine))


@every_version
def test_a_file_older_than_its_container_on_a_volume_has_survived(version: str) -> None:
    found = look(EngineWithVolumes(version))
    assert (found["survived"], found["older_than_container"], found["from_image"]) == (True, True, False)
    assert (found["volume"], found["uid"], found["size"], found["mode"]) == ("donnees", 999, 3, 0o600)


@every_version
def test_a_file_younger_than_its_container_has_not(version: str) -> None:
    engine = EngineWithVolumes(version)
    engine.inspected[engine.id_of("base")]["Created"] = LONG_AGO
    found = look(engine)
    assert (found["survived"], found["older_than_container"]) == (False, False)


def test_the_date_of_a_volume_proves_nothing_before_docker_23() -> None:
    """Before that it is the time of the folder's last change: here after the container was created."""
    engine = EngineWithVolumes("20.10.24")
    engine.volumes["donnees"]["CreatedAt"] = engine.clock.isoformat()
    found = look(engine)
    assert (found["survived"], found["older_than_volume"]) == (True, None)


@pytest.mark.parametrize("release", ["23.0.0", "28.5.2"])
def test_since_docker_23_a_volume_younger_than_the_file_shows_that_it_was_put_there(release: str) -> None:
    engine = EngineWithVolumes("20.10.24")
    engine.engine = replace(engine.engine, version=release)
    engine.volumes["donnees"]["CreatedAt"] = engine.clock.isoformat()
    found = look(engine)
    assert (found["survived"], found["older_than_volume"]) == (False, True)


def test_what_docker_copied_from_the_image_keeps_its_old_date_and_has_not_survived() -> None:
    engine = EngineWithVolumes()
    engine.stats[VERSION_FILE] |= {"mtime": LONG_AGO}
    engine.image_stats = {"/var/lib/postgresql/data/PG_VERSION": {**engine.stats[VERSION_FILE]}}
    found = look(engine)
    assert (found["older_than_container"], found["from_image"], found["survived"]) == (True, True, False)
    engine.image_stats["/var/lib/postgresql/data/PG_VERSION"] = {**engine.stats[VERSION_FILE], "size": 9}
    assert look(engine)["survived"] is True


def test_where_nothing_may_be_created_an_old_file_is_untold_and_never_a_pass() -> None:
    engine = EngineWithVolumes()
    engine.stats[VERSION_FILE] |= {"mtime": LONG_AGO}
    engine.image_stats = None
    found = look(engine)
    assert (found["from_image"], found["survived"]) == (None, None)


def test_no_container_is_created_where_the_file_is_younger_than_the_image_is_here() -> None:
    engine = EngineWithVolumes()
    for image in engine.images.values():
        image["Metadata"]["LastTagTime"] = "2026-11-29T00:00:00Z"
    assert look(engine)["survived"] is True
    look(engine, "lecteur", "/srv/journal.txt")
    assert not [question for question in engine.questions if question.startswith("image /")]


def test_an_old_file_in_the_container_s_own_layer_has_not_survived() -> None:
    engine = EngineWithVolumes()
    found = look(engine, "lecteur", "/usr/share/nginx/html/index.html")
    assert (found["type"], found["survived"]) == ("none", False)


@every_version
def test_a_file_that_grows_tells_how_long_ago_and_whose_it_is(version: str) -> None:
    found = look(EngineWithVolumes(version), "lecteur", "/srv/journal.txt")
    assert found["changed_s_ago"] < 5
    assert (found["uid"], found["volume"], found["exists"]) == (1000, "journal", True)


def test_what_is_not_there_is_told_with_what_it_would_lie_on() -> None:
    found = look(EngineWithVolumes(), "lecteur", "/srv/other.txt")
    assert (found["exists"], found["volume"], found["survived"], found["uid"]) == (
        False,
        "journal",
        False,
        None,
    )
    assert isinstance(KeptData(container="nobody", path="/x").observe(EngineWithVolumes()), Absent)


def test_a_link_is_followed_and_a_circle_is_nothing() -> None:
    engine = EngineWithVolumes()
    engine.stats["lecteur:/srv/last"] = {
        "name": "last",
        "size": 1,
        "mode": 1 << 27 | 0o777,
        "mtime": LONG_AGO,
        "linkTarget": "journal.txt",
    }
    assert look(engine, "lecteur", "/srv/last")["path"] == "/srv/journal.txt"
    engine.stats["lecteur:/srv/last"]["linkTarget"] = "last"
    assert look(engine, "lecteur", "/srv/last")["exists"] is False


def test_whose_a_file_is_that_is_written_to_while_it_is_read_is_not_known() -> None:
    engine = EngineWithVolumes()
    engine.trouble["tree"] = OutOfReach(UnobservableReason.UNREADABLE, "an answer cut short")
    found = KeptData(container="lecteur", path="/srv/journal.txt").observe(engine)
    assert isinstance(found, Unobservable)
    assert found.why is UnobservableReason.UNREADABLE
    assert engine.questions.count("tree") == 2


def test_a_recording_of_before_does_not_tell_of_a_project_s_network() -> None:
    probe = KeptData(container="base", path="/data/f")
    recorded = {probe.observation_key: Seen(kind="kept-data", facts={"survived": True})}
    found = facts(probe.recall(recorded) or Absent(kind="kept-data"))
    assert found == {"survived": True, "older_than_network": None, "outlived_project": None}
