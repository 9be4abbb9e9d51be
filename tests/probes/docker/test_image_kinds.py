"""Kinds about images: what is in them, in each of their layers, in their settings, and in a saved file."""

import gzip
from typing import Any

import pytest
from msgspec.structs import replace

from dckgrade.engine.answers import OutOfReach
from dckgrade.probes.base import Probe, observation_key
from dckgrade.probes.docker.image_archive import ImageArchive
from dckgrade.probes.docker.image_build import ImageBuild
from dckgrade.probes.docker.image_files import ImageFiles
from dckgrade.probes.docker.image_layers import ImageLayers, is_hidden, matches
from dckgrade.probes.docker.images_dangling import ImagesDangling
from dckgrade.probes.support.secret_names import names_secret
from dckgrade.report.observation import Absent, Seen, Unobservable, UnobservableReason
from tests.support.fake_engine import facts
from tests.support.recorded_images import ANSWERS, APP_LAYERS, ENGINES, RecordedImages, pack_files, pack_image

every_version = pytest.mark.parametrize("version", ENGINES)
NAME = "mon-app:1.0"
TOKEN = b"jt-7f3a91c05d2e48b6"
BUILD, FILES = (
    ImageBuild(name=NAME),
    ImageFiles(name=NAME, container="app", any_of=["/usr/bin/gcc", "/bin/sh"]),
)
LAYERS = ImageLayers(name=NAME, patterns=[".env", "*.pem"])
ARCHIVE = ImageArchive(file="mon-app.tar", image=NAME)


def look(probe: Probe, engine: RecordedImages) -> dict[str, Any]:
    return facts(probe.observe(engine))


# image-build


@every_version
def test_a_lean_image_is_told_by_its_settings(version: str) -> None:
    found = look(replace(BUILD, container="app"), RecordedImages(version))
    assert (found["found_by"], found["container_image"], found["made_by"]) == ("name", "this", "dockerfile")
    assert (found["user"], found["starts_as_root"], found["health"]) == ("1000", False, True)
    assert (found["entrypoint_form"], found["secret_names"], found["layers"]) == ("exec", [], 2)
    assert 0 < found["size_bytes"] < 60_000_000


@every_version
def test_a_container_keeps_the_image_that_had_the_name_before(version: str) -> None:
    engine = RecordedImages(version)
    assert look(replace(BUILD, container="old"), engine)["container_image"] == "older"
    assert look(ImageBuild(name="busybox", container="app"), with_alias(engine))["container_image"] == "other"
    assert look(replace(BUILD, container="nobody"), engine)["container_image"] is None


def with_alias(engine: RecordedImages) -> RecordedImages:
    engine.images["busybox"] = engine.images["busybox:latest"]
    return engine


@every_version
def test_variables_arguments_and_labels_that_hold_secrets_are_named_without_their_values(
    version: str,
) -> None:
    seen = ImageBuild(name="leaky:1").observe(RecordedImages(version))
    found = facts(seen)
    assert found["secret_names"] == ["API_KEY", "TOKEN", "jeton"]
    assert found["argument_names"] == ["TOKEN"]
    assert "canary" not in repr(seen)
    assert (found["entrypoint_form"], found["starts_as_root"], found["removes_files"]) == (
        "shell",
        True,
        True,
    )


@every_version
def test_an_import_and_a_commit_are_not_built_by_a_dockerfile(version: str) -> None:
    engine = RecordedImages(version)
    assert look(ImageBuild(name="imported:1"), engine)["made_by"] == "import"
    assert look(ImageBuild(name="imported:1"), engine)["entrypoint_form"] == "none"
    assert look(ImageBuild(name="committed:1"), engine)["made_by"] == "other"


@every_version
def test_another_tag_and_another_spelling_are_near_and_another_name_is_not(version: str) -> None:
    engine = RecordedImages(version)
    for wanted in ("mon-app:2.0", "monapp:1.0", "mon_ap:1.0"):
        found = look(ImageBuild(name=wanted), engine)
        assert (found["name"], found["found_by"]) == (NAME, "near-miss")
    assert isinstance(ImageBuild(name="site:1.0").observe(engine), Absent)


@every_version
def test_another_tag_is_nearer_than_another_spelling(version: str) -> None:
    engine = RecordedImages(version)
    (entry,) = [entry for entry in engine.answers["images"][""] if NAME in (entry["RepoTags"] or [])]
    entry["RepoTags"] = ["mon-ap:1.0", "mon-app:latest"]
    engine.images["mon-ap:1.0"] = engine.images["mon-app:latest"] = engine.images.pop(NAME)
    assert look(BUILD, engine)["name"] == "mon-app:latest"


def test_a_secret_value_of_the_working_folder_is_found_under_an_innocent_name() -> None:
    engine = RecordedImages()
    image = engine.images[NAME]
    image["Config"]["Env"] = ["LEVEL=2", f"SETTING={TOKEN.decode()}"]
    assert look(replace(BUILD, words_of=".env"), engine)["words_known"] is False
    engine.files[".env"] = b"# ours\nexport JETON='" + TOKEN + b"'\nLEVEL=debugging\n"
    found = look(replace(BUILD, words_of=".env"), engine)
    assert (found["words_known"], found["secret_names"]) == (True, ["SETTING"])


@pytest.mark.parametrize(
    ("created_by", "secrets"),
    [
        ('/bin/sh -c #(nop)  CMD ["{}"]', ["CMD"]),
        ('HEALTHCHECK CMD ["CMD-SHELL" "wget --header \'X-Access: {}\' http://x"]', ["HEALTHCHECK"]),
        ("/bin/sh -c echo {} | md5sum", ["RUN"]),
        ("RUN /bin/sh -c echo {} | md5sum # buildkit", ["RUN"]),
        ("ENV LEVEL={}", ["LEVEL"]),
        ("RUN /bin/sh -c serve --level {} # buildkit", ["level"]),
        ("RUN /bin/sh -c echo other # buildkit", []),
    ],
)
def test_a_secret_value_under_no_name_is_told_by_its_instruction(created_by: str, secrets: list[str]) -> None:
    engine = RecordedImages()
    engine.files[".env"] = b"JETON=" + TOKEN
    step = {"CreatedBy": created_by.format(TOKEN.decode())}
    engine.answers["image-history"][engine.images[NAME]["Id"]] = [step]
    assert look(replace(BUILD, words_of=".env"), engine)["secret_names"] == secrets


def test_a_secret_value_in_the_settings_alone_is_told() -> None:
    engine = RecordedImages()
    engine.files[".env"] = b"JETON=" + TOKEN
    engine.images[NAME]["Config"]["Cmd"] = [TOKEN.decode()]
    assert look(replace(BUILD, words_of=".env"), engine)["secret_names"] == ["CMD"]


@pytest.mark.parametrize(
    ("created_by", "arguments", "secrets"),
    [
        ("ARG TOKEN=abc123", ["TOKEN"], ["TOKEN"]),
        ("ARG TOKEN", [], []),
        ("RUN |1 TOKEN=abc /bin/sh -c make # buildkit", ["TOKEN"], ["TOKEN"]),
        ("RUN |2 LEVEL=1 TOKEN=abc /bin/sh -c make # buildkit", ["TOKEN"], ["TOKEN"]),
        ("|1 LEVEL=1 /bin/sh -c TOKEN=$(cat /run/secrets/t) make", [], []),
        ('ENV DB_PASSWORD="abc def"', [], ["DB_PASSWORD"]),
        ("RUN /bin/sh -c mysql --password=abc < x # buildkit", [], ["password"]),
        ("RUN /bin/sh -c adduser --disabled-password app # buildkit", [], []),
        ("ENV TOKEN_FILE=/run/secrets/t GPG_KEY=A035 KEYBOARD=fr COMPASS=north", [], []),
        ('RUN /bin/sh -c curl -H "Authorization: $TOKEN" http://x # buildkit', [], []),
    ],
)
def test_a_step_tells_its_secrets(created_by: str, arguments: list[str], secrets: list[str]) -> None:
    engine = RecordedImages()
    engine.answers["image-history"][engine.images[NAME]["Id"]] = [{"CreatedBy": created_by}]
    found = look(BUILD, engine)
    assert (found["argument_names"], found["secret_names"]) == (arguments, secrets)


@pytest.mark.parametrize(
    "name",
    [
        *("TOKEN", "API_KEY", "mdp", "DB_PASS", "JETON_API", "aws_secret_access_key", "PASSWORD_USER"),
        *("GPG_KEY_PASSPHRASE", "SIGNING_KEY", "TOKEN_MAX", "MOT_DE_PASSE", "TOKENIZER_API_KEY"),
    ],
)
def test_a_name_tells_a_secret(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "LEVEL", "GPG_KEY", "PASSIVE", "ARTICLE", "TOKEN_FILE", "KEYSERVER", "NJS_VERSION"),
        *("MYSQL_RANDOM_ROOT_PASSWORD", "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD", "REQUIRE_PASSWORD"),
        *("ACCESS_TOKEN_EXPIRE_MINUTES", "TOKEN_EXPIRY", "PASSWORD_RESET_TIMEOUT", "JWT_TOKEN_LIFETIME"),
        *("MAX_TOKENS", "OPENAI_MAX_TOKENS", "TOKENIZERS_PARALLELISM", "TOKEN_LIMIT", "PASSWORD_POLICY"),
        *("PUBLIC_KEY", "vapid-public-key", "STRIPE_PUBLISHABLE_KEY", "SSH_AUTHORIZED_KEY"),
    ],
)
def test_a_name_tells_no_secret(name: str) -> None:
    assert not names_secret(name)


def test_a_check_of_a_base_that_is_switched_off_is_none() -> None:
    engine = RecordedImages()
    engine.images[NAME]["Config"]["Healthcheck"] = {"Test": ["NONE"]}
    assert look(BUILD, engine)["health"] is False


# image-files


@every_version
def test_paths_are_read_in_a_container_of_the_image_and_nothing_is_created(version: str) -> None:
    engine = RecordedImages(version)
    found = look(FILES, engine)
    assert (found["found"], found["looked"], found["via"]) == (["/bin/sh"], 2, "container")
    assert not [question for question in engine.questions if question.startswith("create")]


@every_version
@pytest.mark.parametrize("container", ["old", "nobody"])
def test_without_a_container_of_the_image_one_is_created(version: str, container: str) -> None:
    engine = RecordedImages(version)
    found = look(replace(FILES, container=container), engine)
    assert (found["found"], found["via"]) == (["/bin/sh"], "created")
    assert [question for question in engine.questions if question.startswith("create")]


def test_what_passive_leaves_undecided_is_unknown() -> None:
    class Passive(RecordedImages):
        def stat_image_paths(self, image: str, paths: Any) -> Any:
            raise OutOfReach(UnobservableReason.NOT_TRIED, f"--passive {image} {paths}")

    assert isinstance(FILES.observe(Passive()), Seen)
    assert isinstance(replace(FILES, container=None).observe(Passive()), Unobservable)


def test_a_file_is_found_by_its_name_in_whichever_folder_unless_a_later_layer_hides_it() -> None:
    engine = RecordedImages()
    engine.archive = pack_image({"opt/a/serveur.c": b"x", "srv/serveur.c": b"x"}, {"srv/.wh.serveur.c": b""})
    found = look(replace(FILES, anywhere=["serveur.c"]), engine)
    assert found["found"] == ["/bin/sh", "/opt/a/serveur.c"]


def test_where_layers_cannot_be_read_the_paths_alone_are_told() -> None:
    class Passive(RecordedImages):
        def export_image(self, image: str, words: Any) -> Any:
            raise OutOfReach(UnobservableReason.NOT_TRIED, f"--passive {image} {words}")

    asked = replace(FILES, anywhere=["*.c"])
    assert look(asked, Passive())["found"] == ["/bin/sh"]
    large = RecordedImages()
    large.images[NAME]["Size"] = 64_000_001
    assert look(asked, large)["found"] == ["/bin/sh"]
    assert not [question for question in large.questions if question.startswith("export")]


def test_an_older_recording_tells_of_the_paths_alone() -> None:
    seen = FILES.observe(RecordedImages())
    assert replace(FILES, anywhere=["*.c"]).recall({observation_key(FILES): seen}) == seen


# image-layers


def test_a_file_that_a_later_layer_hides_is_found() -> None:
    engine = RecordedImages()
    engine.archive = pack_image({"app/.env": b"A=1"}, {"app/.wh..env": b""})
    found = look(LAYERS, engine)
    assert (found["found"], found["removed_later"]) == (["/app/.env"], ["/app/.env"])


def test_a_file_that_is_still_there_is_found_and_not_removed() -> None:
    engine = RecordedImages()
    engine.archive = pack_image({"app/.env": b"A=1", "etc/site.pem": b"x", "etc/env": b"x"})
    found = look(LAYERS, engine)
    assert (found["found"], found["removed_later"], found["layers"]) == (
        ["/app/.env", "/etc/site.pem"],
        [],
        1,
    )


def test_the_token_is_found_in_a_file_of_whatever_name_and_is_not_kept() -> None:
    engine = RecordedImages()
    engine.files[".env"] = b"JETON=" + TOKEN
    engine.archive = pack_image({"bin/app": b"\x7fELF\0" + TOKEN + b"\0", "bin/sh": b"x"})
    seen = replace(LAYERS, words_of=".env").observe(engine)
    assert facts(seen)["holders"] == ["/bin/app"]
    assert TOKEN.decode() not in repr(seen)


def test_a_large_image_is_not_asked_for() -> None:
    engine = RecordedImages()
    engine.images[NAME]["Size"] = 64_000_001
    assert look(LAYERS, engine)["read"] is False
    assert not [question for question in engine.questions if question.startswith("export")]


def test_layers_that_cannot_be_read_are_unknown() -> None:
    engine = RecordedImages()
    engine.archive = pack_image(*APP_LAYERS)[:3000]
    assert isinstance(LAYERS.observe(engine), Unobservable)


@pytest.mark.parametrize(
    ("path", "pattern", "fits"),
    [
        ("app/.env", ".env", True),
        (".env", ".env", True),
        ("app/.env/x", ".env", False),
        ("app/.environment", ".env", False),
        ("etc/a.pem", "*.pem", True),
        ("root/.ssh/id_rsa", "/root/.ssh/*", True),
        ("home/root/.ssh/id_rsa", "/root/.ssh/*", False),
    ],
)
def test_a_pattern_is_a_name_or_a_whole_path(path: str, pattern: str, *, fits: bool) -> None:
    assert matches(path, pattern) is fits


def test_a_folder_that_is_removed_or_made_opaque_hides_what_is_in_it() -> None:
    engine = RecordedImages()
    for whiteout in ("src/.wh..wh..opq", ".wh.src"):
        engine.archive = pack_image({"src/.env": b""}, {whiteout: b""})
        assert look(LAYERS, engine)["removed_later"] == ["/src/.env"]
    assert not is_hidden([], "/src/.env")


# image-archive


def save(engine: RecordedImages, content: bytes, name: str = "mon-app.tar") -> dict[str, Any]:
    engine.files = {name: content}
    return look(ARCHIVE, engine)


@every_version
def test_the_documents_of_a_real_archive_name_the_present_image(version: str) -> None:
    engine = RecordedImages(version)
    documents = (ANSWERS / version / "saved-documents.tar").read_bytes()
    # Its layers were left out when it was recorded.
    assert save(engine, documents)["kind"] == "cut"


def test_a_saved_image_has_its_name_and_may_be_packed() -> None:
    engine = RecordedImages()
    content = pack_image(*APP_LAYERS)
    for name, packed in (
        ("mon-app.tar", content),
        ("mon-app.tar", gzip.compress(content)),
        ("mon-app.tar.gz", gzip.compress(content)),
        ("mon-app.tgz", gzip.compress(content)),
    ):
        found = save(engine, packed, name)
        assert (found["file"], found["kind"], found["has_tag"], found["images"]) == (name, "saved", True, 1)


def test_only_the_image_that_has_the_name_now_is_the_image() -> None:
    engine = RecordedImages()
    content = pack_image(*APP_LAYERS)
    assert save(engine, content)["has_image"] is False
    (image,) = engine.read_image_file("mon-app.tar").images
    engine.images[NAME]["Id"] = image.config_digest
    assert save(engine, content)["has_image"] is True
    del engine.images[NAME]
    assert save(engine, content)["has_image"] is None


def test_a_name_is_compared_as_docker_shows_it() -> None:
    engine = RecordedImages()
    assert save(engine, pack_image(*APP_LAYERS, tags=["docker.io/library/mon-app:1.0"]))["has_tag"] is True
    assert save(engine, pack_image(*APP_LAYERS, tags=["mon-app:latest"]))["has_tag"] is False


def test_podman_writes_its_own_registry_before_a_name_and_docker_does_not() -> None:
    engine = RecordedImages()
    content = pack_image(*APP_LAYERS, tags=["localhost/mon-app:1.0"])
    assert save(engine, content)["has_tag"] is False
    engine.info["BuildahVersion"] = "1.39.3"
    assert save(engine, content)["has_tag"] is True
    assert save(engine, pack_image(*APP_LAYERS, tags=["localhost/mon-app:2.0"]))["has_tag"] is False
    assert save(engine, pack_image(*APP_LAYERS, tags=None))["tags"] == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty"),
        (b"\xff\xfe" + pack_image(*APP_LAYERS), "recoded"),
        (pack_image(*APP_LAYERS)[:-9000], "cut"),
        (gzip.compress(pack_image(*APP_LAYERS))[:-200], "cut"),
        (pack_files({".dockerenv": b"", "bin/sh": b"x", "manifest.json": b"[]"}), "exported"),
        (pack_files({"serveur.c": b"int"}), "other-tar"),
        (b"Error: no such image\n" * 40, "not-a-tar"),
        (pack_files({"oci-layout": b"{}", "index.json": b'{"manifests": [{"digest": "sha256:0"}]}'}), "oci"),
    ],
)
def test_what_is_no_saved_image_is_named(content: bytes, kind: str) -> None:
    assert save(RecordedImages(), content)["kind"] == kind


def test_no_file_is_absent() -> None:
    assert isinstance(ARCHIVE.observe(RecordedImages()), Absent)


# images-dangling


@every_version
def test_earlier_builds_and_the_stage_that_compiles_are_dangling_and_one_is_in_use(version: str) -> None:
    found = look(ImagesDangling(), RecordedImages(version))
    assert found["count"] >= 2
    assert (found["in_use"], found["used_by"]) == (1, ["old"])
    assert found["bytes"] > 1_000_000


def test_none_is_none() -> None:
    engine = RecordedImages()
    engine.answers["dangling-images"] = {"": []}
    assert look(ImagesDangling(), engine) == {"count": 0, "bytes": 0, "in_use": 0, "used_by": []}
