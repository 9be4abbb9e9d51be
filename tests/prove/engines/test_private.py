"""Private engines, as far as they can be tested without starting one."""

from pathlib import Path

import pytest

from dckgrade.prove.engines.docker_command import get_image_reference
from dckgrade.prove.engines.private import PrivateEngine, PrivateEngineFailed


def test_what_one_thread_stops_is_not_brought_back_by_another_that_restarts_it(tmp_path: Path) -> None:
    engine = PrivateEngine()
    engine._folder = tmp_path
    engine._is_stopping = True

    with pytest.raises(PrivateEngineFailed, match="stopped while it was starting"):
        engine._launch(b"{}")

    assert list(tmp_path.iterdir()) == []


def test_an_engine_that_is_emptied_trusts_nobody_and_knows_no_other_machine(tmp_path: Path) -> None:
    engine = PrivateEngine()
    engine._folder = tmp_path
    engine._clear_trust()
    folder, hosts = (Path(engine.script_environment[name]) for name in ("CERTS_D", "HOSTS_FILE"))
    before = hosts.read_text()
    (folder / "registry.test:5000").mkdir()
    (folder / "registry.test:5000" / "ca.crt").touch()
    (folder / "stray").touch()
    # dockerd sees this very folder and this very file, by a mount: neither may be made anew.
    places = folder.stat().st_ino, hosts.stat().st_ino
    hosts.write_text(f"{before}172.17.0.1 registry.test\n")

    engine._clear_trust()

    assert list(folder.iterdir()) == []
    assert hosts.read_text() == before
    assert (folder.stat().st_ino, hosts.stat().st_ino) == places


@pytest.mark.parametrize(
    ("repository", "tag", "digest", "reference"),
    [
        ("nginx", "latest", "<none>", "nginx:latest"),
        ("r.test:5000/nginx", "1.0", "sha256:d", "r.test:5000/nginx:1.0"),
        ("r.test:5000/nginx", "<none>", "sha256:d", "r.test:5000/nginx@sha256:d"),
        ("<none>", "<none>", "<none>", "sha256:i"),
        ("old", "<none>", "<none>", "sha256:i"),
    ],
)
def test_an_image_is_removed_by_the_name_that_leaves_its_other_names(
    repository: str, tag: str, digest: str, reference: str
) -> None:
    row = {"Repository": repository, "Tag": tag, "Digest": digest, "ID": "sha256:i"}
    assert get_image_reference(row) == reference
