"""Kind `registry-image`: what the storage of a registry holds, and who runs it."""

import json
from typing import Any

import pytest

from dckgrade.report.observation import Unobservable
from tests.support.fake_engine import facts
from tests.support.scenes.image_registry import (
    IMAGE,
    LINK,
    MANIFESTS,
    NAME,
    REGISTRY_VERSIONS,
    EngineWithRegistry,
)

every_version = pytest.mark.parametrize("version", REGISTRY_VERSIONS)
OTHER_DIGEST = f"sha256:{'b' * 64}"
REFERENCE = f"{NAME}/nginx:1.0"
BLOBS = "/var/lib/registry/docker/registry/v2/blobs/sha256"


def look(engine: EngineWithRegistry) -> dict[str, Any]:
    return facts(IMAGE.observe(engine))


def find_entry(engine: EngineWithRegistry) -> Any:
    """Find the image in the engine's list."""
    return next(entry for entry in engine.local_images if REFERENCE in (entry.get("RepoTags") or []))


@every_version
def test_an_image_that_was_sent_fetched_run_and_kept(version: str) -> None:
    found = look(EngineWithRegistry(version))
    assert (found["image"], found["held"], found["same"], found["local"]) == (REFERENCE, True, True, True)
    assert (found["user"], found["user_state"], found["user_runs_it"]) == ("depuis-registre", "running", True)
    assert (found["storage_type"], found["volume"], found["anonymous"]) == ("volume", "registre", False)
    assert (found["older_than_container"], found["signed"], found["signature_fits"]) == (True, False, None)


@every_version
def test_nothing_is_asked_of_the_registry_itself(version: str) -> None:
    engine = EngineWithRegistry(version)
    look(engine)
    assert not [question for question in engine.questions if "http" in question or "verify" in question]


@every_version
def test_a_tag_that_was_never_sent_is_not_held(version: str) -> None:
    engine = EngineWithRegistry(version)
    del engine.stats[LINK]
    found = look(engine)
    assert (found["held"], found["same"], found["local"]) == (False, None, True)
    assert (found["older_than_container"], found["user_runs_it"]) == (None, False)


def test_another_image_under_the_same_tag_is_not_the_same() -> None:
    engine = EngineWithRegistry()
    engine.files[LINK] = OTHER_DIGEST
    found = look(engine)
    assert (found["digest"], found["same"], found["user_runs_it"]) == (OTHER_DIGEST, False, False)


def test_an_image_that_is_gone_from_the_engine_is_told_from_one_that_never_had_the_name() -> None:
    engine = EngineWithRegistry()
    engine.local_images.remove(find_entry(engine))
    del engine.images[REFERENCE]
    found = look(engine)
    assert (found["image"], found["held"], found["local"], found["same"]) == (REFERENCE, True, False, None)
    engine.only("registry")
    found = look(engine)
    assert (found["name"], found["image"], found["held"]) == (None, None, False)


def test_a_container_of_the_local_name_does_not_run_from_the_registry() -> None:
    engine = EngineWithRegistry()
    engine.inspect("depuis-registre")["Config"]["Image"] = "nginx"
    engine.entry("depuis-registre")["Image"] = "nginx"
    found = look(engine)
    assert (found["held"], found["same"]) == (True, True)
    assert (found["user_image"], found["user_runs_it"]) == ("nginx", False)


def test_a_container_run_by_the_digest_runs_from_the_registry() -> None:
    engine = EngineWithRegistry()
    digest = engine.files[LINK]
    revision = f"{MANIFESTS}/revisions/{digest.replace(':', '/')}/link"
    engine.put_file(revision, digest)
    engine.inspect("depuis-registre")["Config"]["Image"] = f"{NAME}/nginx@{digest}"
    engine.entry("depuis-registre")["Image"] = f"{NAME}/nginx@{digest}"
    find_entry(engine)["RepoTags"] = ["nginx:latest"]
    engine.images[f"{NAME}/nginx@{digest}"] = engine.images[REFERENCE]
    found = look(engine)
    assert (found["image"], found["same"], found["user_runs_it"]) == (f"{NAME}/nginx@{digest}", True, True)


def test_without_its_user_the_image_is_found_all_the_same() -> None:
    engine = EngineWithRegistry()
    engine.only("registry")
    found = look(engine)
    assert (found["image"], found["held"], found["user"], found["user_state"]) == (
        REFERENCE,
        True,
        None,
        None,
    )


def test_a_registry_younger_than_the_image_has_kept_it_and_an_older_one_was_not_made_again() -> None:
    engine = EngineWithRegistry()
    engine.inspect("registry")["Created"] = "2020-01-01T00:00:00Z"
    assert look(engine)["older_than_container"] is False


def test_a_link_that_is_no_digest_is_unreadable_and_never_a_verdict() -> None:
    engine = EngineWithRegistry()
    engine.files[LINK] = "no digest"
    assert isinstance(IMAGE.observe(engine), Unobservable)


def sign(engine: EngineWithRegistry, payload: object) -> None:
    """Put beside the image what cosign 2 puts there: a tag, its manifest, and the payload that it signed."""
    manifest, blob = f"sha256:{'c' * 64}", f"sha256:{'d' * 64}"
    tag = engine.files[LINK].replace(":", "-") + ".sig"
    engine.put_file(f"{MANIFESTS}/tags/{tag}/current/link", manifest)
    for digest, content in ((manifest, {"layers": [{"digest": blob, "size": 239}]}), (blob, payload)):
        plain = digest.removeprefix("sha256:")
        engine.put_file(f"{BLOBS}/{plain[:2]}/{plain}/data", json.dumps(content))


def payload_for(digest: str, kind: str = "cosign container image signature") -> object:
    return {"critical": {"type": kind, "image": {"docker-manifest-digest": digest}, "identity": {}}}


def test_a_signature_of_the_very_digest_fits() -> None:
    engine = EngineWithRegistry()
    sign(engine, payload_for(engine.files[LINK]))
    assert (look(engine)["signed"], look(engine)["signature_fits"]) == (True, True)


@pytest.mark.parametrize(
    "payload",
    [
        *(payload_for(OTHER_DIGEST), payload_for("x"), {"critical": []}, [], "x"),
        payload_for("", kind="another thing"),
    ],
)
def test_a_signature_of_something_else_does_not_fit(payload: object) -> None:
    engine = EngineWithRegistry()
    sign(engine, payload)
    assert (look(engine)["signed"], look(engine)["signature_fits"]) == (True, False)


def test_a_container_run_by_the_id_of_the_image_runs_from_the_registry() -> None:
    engine = EngineWithRegistry()
    image_id = str(engine.inspect("depuis-registre")["Image"])
    for asked, runs in ((image_id, True), (image_id[7:19], True), ("0123456789ab", False)):
        engine.inspect("depuis-registre")["Config"]["Image"] = asked
        assert look(engine)["user_runs_it"] is runs


def test_an_image_that_is_sent_again_has_been_there_all_the_same() -> None:
    engine = EngineWithRegistry()
    digest = engine.files[LINK].removeprefix("sha256:")
    kept = {**engine.stats[LINK]}
    engine.stats[LINK] = {**kept, "mtime": "2099-01-01T00:00:00Z"}
    assert look(engine)["older_than_container"] is False
    engine.stats[f"{BLOBS}/{digest[:2]}/{digest}/data"] = kept
    assert look(engine)["older_than_container"] is True
