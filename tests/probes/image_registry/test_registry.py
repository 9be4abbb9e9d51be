"""Kind `registry`: what answers, who trusts it and whom it lets in."""

from typing import Any, NoReturn

import pytest

from dckgrade.engine.answers import Certificate, NoAnswer, NotThere, OutOfReach
from dckgrade.probes.image_registry.registry import Registry
from dckgrade.report.observation import Absent, Unobservable, UnobservableReason
from tests.support.fake_engine import facts
from tests.support.scenes.image_registry import (
    ACCOUNTS,
    HOST,
    LOCKED,
    NAME,
    OPEN,
    REGISTRY,
    REGISTRY_VERSIONS,
    EngineWithRegistry,
)

every_version = pytest.mark.parametrize("version", REGISTRY_VERSIONS)
ELSEWHERE = OutOfReach(UnobservableReason.ELSEWHERE, "certs.d")
BY_LOOPBACK = "127.0.0.1:5000"


def look(engine: EngineWithRegistry, probe: Registry = REGISTRY) -> dict[str, Any]:
    return facts(probe.observe(engine))


def call_it(engine: EngineWithRegistry, name: str) -> None:
    """Have all images call the registry otherwise."""
    for entry in [*engine.local_images, *engine.listed]:
        for key in ("RepoTags", "RepoDigests"):
            entry[key] = [text.replace(NAME, name) for text in entry.get(key) or []]
        entry["Image"] = str(entry.get("Image")).replace(NAME, name)


@every_version
def test_a_registry_with_tls_and_an_account_is_verified_for_the_name_of_its_images(version: str) -> None:
    engine = EngineWithRegistry(version)
    found = look(engine)
    assert (found["is_registry"], found["scheme"], found["auth"], found["accounts"]) == (
        *(True, "https"),
        *("basic", "bcrypt"),
    )
    assert (found["name"], found["certificate"], found["trusted_by"]) == (NAME, "verified", "engine")
    assert (found["at_published_port"], found["loopback"], found["insecure"]) == (True, False, False)
    assert engine.told_names == [HOST]


@every_version
def test_only_the_container_s_own_ports_are_asked_whatever_images_call_it(version: str) -> None:
    """The name is told to who answers: it is no address that anybody is asked at."""
    engine = EngineWithRegistry(version)
    call_it(engine, "victim.test:5000")
    assert look(engine)["name"] == "victim.test:5000"
    asked = [
        question for question in engine.questions if question.startswith(("http", "verify", "certificate"))
    ]
    assert asked
    assert all(question.split()[1].startswith("127.0.0.1:5000") for question in asked), asked


def test_a_name_of_another_port_is_not_the_registry_s() -> None:
    engine = EngineWithRegistry()
    call_it(engine, "172.17.0.1:5001")
    found = look(engine)
    assert (found["name"], found["certificate"], found["trusted_by"]) == (None, None, None)


def publish_at_port_of_the_web(engine: EngineWithRegistry) -> None:
    """Have the registry at port 443, where names without a port lead."""
    inspected = engine.inspected[engine.id_of("registry")]
    for bound in (inspected["HostConfig"]["PortBindings"], inspected["NetworkSettings"]["Ports"]):
        for binding in bound["5000/tcp"]:
            binding["HostPort"] = "443"
    call_it(engine, HOST)


def have_image_of(engine: EngineWithRegistry, registry: str) -> None:
    """Have an image that was fetched elsewhere, and a container that runs it."""
    place = f"{registry}/team/app"
    engine.local_images.append(
        {"Id": "sha256:0", "RepoTags": [f"{place}:1"], "RepoDigests": [f"{place}@sha256:{'0' * 64}"]}
    )
    engine.listed.append({"Id": "0" * 64, "Names": ["/app"], "Image": f"{place}:1", "State": "running"})


@pytest.mark.parametrize("elsewhere", ["0.example.org", "docker.elastic.co"])
def test_of_names_without_a_port_the_one_of_what_it_holds_is_its_own(elsewhere: str) -> None:
    engine = EngineWithRegistry()
    publish_at_port_of_the_web(engine)
    have_image_of(engine, elsewhere)
    found = look(engine)
    assert (found["name"], found["certificate"]) == (HOST, "verified")


@pytest.mark.parametrize("public", ["gcr.io", "ghcr.io", "quay.io", "docker.elastic.co", "mcr.microsoft.com"])
def test_the_name_of_a_public_registry_is_never_its_own(public: str) -> None:
    engine = EngineWithRegistry()
    publish_at_port_of_the_web(engine)
    for entry in [*engine.local_images, *engine.listed]:
        for key in ("RepoTags", "RepoDigests"):
            entry[key] = [text for text in entry.get(key) or [] if not text.startswith(HOST)]
        entry["Image"] = str(entry.get("Image")).removeprefix(f"{HOST}/")
    have_image_of(engine, public)
    assert look(engine)["name"] is None


def test_an_authority_that_only_the_trainee_s_file_knows_is_not_docker_s() -> None:
    engine = EngineWithRegistry()
    engine.trusted = NotThere(NAME)
    found = look(engine)
    assert (found["certificate"], found["trusted_by"]) == ("unknown-authority", "file")
    engine.work_files = {}
    assert look(engine)["trusted_by"] == "nobody"


def test_an_authority_of_the_machine_s_is_docker_s_too() -> None:
    engine = EngineWithRegistry()
    engine.trusted, engine.signed_by = NotThere(NAME), None
    found = look(engine)
    assert (found["certificate"], found["trusted_by"]) == ("verified", "machine")


def test_where_the_engine_s_folder_is_elsewhere_the_trainee_s_file_stands_for_it() -> None:
    engine = EngineWithRegistry()
    engine.trusted = ELSEWHERE
    found = look(engine)
    assert (found["certificate"], found["trusted_by"]) == ("verified", "file")
    engine.fault = "expired"
    assert look(engine)["certificate"] == "expired"


@pytest.mark.parametrize("probe", [REGISTRY, Registry(container="registry")])
def test_where_nothing_tells_whom_the_engine_trusts_that_is_untold(probe: Registry) -> None:
    engine = EngineWithRegistry()
    engine.trusted, engine.work_files = ELSEWHERE, {}
    found = look(engine, probe)
    assert (found["certificate"], found["trusted_by"]) == (None, None)


@pytest.mark.parametrize(
    ("names", "told"), [([], "no-name"), (["registry.test"], "other-name"), ([NAME], "other-name")]
)
def test_a_certificate_without_any_name_is_told_from_one_for_another(names: list[str], told: str) -> None:
    engine = EngineWithRegistry()
    engine.fault = "other-name"
    engine.certificate = Certificate(names=names, common_name=HOST, expires_at=None)
    found = look(engine)
    assert (found["certificate"], found["common_name"], found["certificate_names"]) == (told, HOST, names)


@pytest.mark.parametrize("name", [BY_LOOPBACK, "localhost:5000", "[::1]:5000"])
def test_by_the_loopback_the_engine_checks_nothing(name: str) -> None:
    engine = EngineWithRegistry()
    call_it(engine, name)
    found = look(engine)
    assert (found["name"], found["loopback"], found["insecure"]) == (name, True, True)


def test_a_name_that_others_could_use_comes_before_the_loopback() -> None:
    engine = EngineWithRegistry()
    engine.local_images.append({"Id": "sha256:0", "RepoTags": ["localhost:5000/a:1"], "RepoDigests": []})
    assert look(engine)["name"] == NAME


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.1.1", "::1"])
def test_a_name_that_the_machine_sends_to_its_loopback_is_checked_no_more_than_that(address: str) -> None:
    engine = EngineWithRegistry()
    call_it(engine, "lab.test:5000")
    engine.hosts = {"lab.test": ["10.0.0.7"]}
    assert (look(engine)["loopback"], look(engine)["insecure"]) == (False, False)
    engine.hosts = {"lab.test": ["10.0.0.7", address]}
    assert (look(engine)["loopback"], look(engine)["insecure"]) == (True, True)
    engine.local_images.append({"Id": "sha256:0", "RepoTags": ["10.0.0.7:5000/a:1"], "RepoDigests": []})
    assert (look(engine)["name"], look(engine)["loopback"]) == ("10.0.0.7:5000", False)


def test_a_name_in_a_network_that_the_engine_was_told_not_to_check_is_insecure() -> None:
    engine = EngineWithRegistry()
    call_it(engine, "lab.test:5000")
    engine.info["RegistryConfig"]["InsecureRegistryCIDRs"] = ["127.0.0.0/8", "10.0.0.0/8"]
    assert look(engine)["insecure"] is False
    engine.hosts = {"lab.test": ["10.0.0.7"]}
    assert (look(engine)["loopback"], look(engine)["insecure"]) == (False, True)


def test_a_registry_that_the_engine_was_told_not_to_check_is_insecure() -> None:
    engine = EngineWithRegistry()
    engine.info["RegistryConfig"]["IndexConfigs"][NAME] = {"Secure": False}
    assert look(engine)["insecure"] is True


def test_a_registry_in_clear_that_lets_everybody_in() -> None:
    engine = EngineWithRegistry()
    engine.is_clear, engine.answer = True, OPEN
    found = look(engine)
    assert (found["scheme"], found["auth"], found["certificate"]) == ("http", "none", None)


def test_a_registry_that_answers_at_its_own_address_alone_is_not_published() -> None:
    engine = EngineWithRegistry()
    engine.is_own_alone = True
    found = look(engine)
    assert (found["answers"], found["via"], found["at_published_port"]) == (True, "own", False)
    assert found["published_ports"] == [5000]


def test_another_program_does_not_say_that_it_is_a_registry() -> None:
    engine = EngineWithRegistry()
    engine.is_clear = True
    engine.answer = LOCKED.__class__(status=404, headers={"server": "nginx"}, body=b"")
    found = look(engine)
    assert (found["answers"], found["is_registry"], found["auth"]) == (True, False, None)


@pytest.mark.parametrize("change", [{"Running": False, "Status": "exited"}, {"Paused": True}])
def test_a_registry_that_does_not_run_is_asked_nothing(change: dict[str, Any]) -> None:
    engine = EngineWithRegistry()
    engine.inspect("registry")["State"] |= change
    found = look(engine)
    assert (found["answers"], found["problem"]) == (False, "not-running")
    assert not [question for question in engine.questions if question.startswith(("http", "verify"))]


@pytest.mark.parametrize(
    ("content", "accounts"),
    [
        ("eleve:$2y$05$abcdef\n", "bcrypt"),
        ("eleve:$apr1$salt$canary-hash\n", "other-hash"),
        ("eleve:canary-hash\n", "other-hash"),
        ("\n", "empty"),
    ],
)
def test_of_the_accounts_only_the_kind_of_hash_is_kept(content: str, accounts: str) -> None:
    engine = EngineWithRegistry()
    engine.put_file(ACCOUNTS, content)
    found = look(engine)
    assert found["accounts"] == accounts
    assert "eleve" not in repr(found)
    assert "canary" not in repr(found)


def test_a_file_of_accounts_that_is_not_there_is_unread_and_one_that_it_made_is_told() -> None:
    engine = EngineWithRegistry()
    del engine.stats[ACCOUNTS]
    assert look(engine)["accounts"] == "unread"
    engine.logs[engine.id_of("registry")] = (
        'level=warning msg="htpasswd is missing, provisioning with default user" password=canary user=docker'
    )
    found = look(engine)
    assert (found["accounts"], found["log_clue"]) == ("made-by-registry", "own-accounts")
    assert "canary" not in repr(found)


def test_without_a_container_of_that_name_or_image_there_is_none() -> None:
    engine = EngineWithRegistry().only("depuis-registre")
    assert isinstance(REGISTRY.observe(engine), Absent)


def test_a_registry_that_wants_a_certificate_of_who_asks_is_unknown_and_no_other_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = EngineWithRegistry()

    def refuse(*_: object) -> NoReturn:
        raise NoAnswer("garbled")

    monkeypatch.setattr(engine, "request_https", refuse)
    seen = REGISTRY.observe(engine)
    assert isinstance(seen, Unobservable)
    assert seen.detail == "TLS: garbled"
