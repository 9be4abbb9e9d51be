"""The kinds about a Compose project, by the recorded answers of a real one."""

from typing import Any

import pytest

from dckgrade.engine.answers import Address, HttpAnswer, NoAnswer
from dckgrade.probes.compose.compose_file import ComposeFile
from dckgrade.probes.compose.compose_project import ComposeProject
from dckgrade.probes.compose.compose_service import ComposeService
from dckgrade.probes.compose.wordpress import Wordpress
from dckgrade.probes.storage.kept_data import KeptData
from dckgrade.report.observation import Absent
from tests.support.fake_engine import facts, serving
from tests.support.scenes.compose import SERVICES, EngineWithProject

PROJECT, FILE = ComposeProject(services=SERVICES), ComposeFile(services=SERVICES)
SITE = Wordpress(container="wordpress")
KEPT = KeptData(container="db", path="/var/lib/mysql/mysql/db.opt", otherwise="/var/lib/mysql/auto.cnf")


def rename(engine: EngineWithProject, service: str, name: str, **labels: str) -> None:
    entry, _ = engine.of(service)
    entry["Labels"] = labels
    entry["Names"] = [f"/{name}"]


def test_a_project_whose_services_all_run_is_up() -> None:
    found = facts(PROJECT.observe(EngineWithProject()))
    assert (found["project"], found["projects"], found["up"], found["by_hand"]) == (
        "site",
        ["site"],
        True,
        [],
    )


def test_what_was_run_by_hand_is_no_project_and_is_named() -> None:
    engine = EngineWithProject()
    rename(engine, "db", "db")
    rename(engine, "wordpress", "wordpress")
    found = facts(PROJECT.observe(engine))
    assert (found["project"], found["up"], found["by_hand"]) == (None, False, ["db", "wordpress"])
    engine.listed = []
    assert isinstance(PROJECT.observe(engine), Absent)


def test_of_two_projects_the_one_that_runs_is_looked_at() -> None:
    engine = EngineWithProject()
    entry, _ = engine.of("db")
    older = {**entry, "Names": ["/old-db-1"], "State": "exited", "Created": entry["Created"] + 9}
    older["Labels"] = {**entry["Labels"], "com.docker.compose.project": "old"}
    engine.listed.insert(0, older)
    found = facts(PROJECT.observe(engine))
    assert (found["project"], found["projects"]) == ("site", ["site", "old"])


@pytest.mark.parametrize(
    ("state", "fact"),
    [
        ({"Status": "exited", "Running": False}, "not_running"),
        ({"Status": "paused", "Running": True, "Paused": True}, "not_running"),
        ({"Status": "created", "Running": False}, "never_started"),
    ],
)
def test_a_service_that_does_not_run_is_named(state: dict[str, Any], fact: str) -> None:
    engine = EngineWithProject()
    engine.of("wordpress")[1]["State"] |= state
    found = facts(PROJECT.observe(engine))
    assert (found["up"], found[fact]) == (False, ["wordpress"])


def test_a_service_that_keeps_restarting_loops() -> None:
    engine = EngineWithProject()
    inspected = engine.of("db")[1]
    inspected["RestartCount"] = 4
    inspected["State"] |= {"Status": "restarting", "Restarting": True}
    found = facts(PROJECT.observe(engine))
    assert (found["up"], found["looping"], found["not_running"]) == (False, ["db"], [])


def test_a_one_off_run_is_not_the_service() -> None:
    engine = EngineWithProject()
    engine.of("wordpress")[0]["Labels"]["com.docker.compose.oneoff"] = "True"
    found = facts(PROJECT.observe(engine))
    assert (found["up"], found["one_off"], found["missing"]) == (False, ["wordpress"], [])
    assert isinstance(SITE.observe(engine), Absent)


def test_a_service_tells_what_it_waits_for_publishes_and_who_reaches_it() -> None:
    engine = EngineWithProject()
    web = facts(ComposeService(service="wordpress").observe(engine))
    db = facts(ComposeService(service="db", other="wordpress").observe(engine))
    assert (web["waits_for"], web["published"], web["tells_waiting"]) == (
        ["db:service_healthy"],
        ["80:80"],
        True,
    )
    assert (db["published"], db["reached_by_other"], db["health"]) == ([], True, "healthy")
    assert (db["networks"], db["host_network"], web["reached_by_other"]) == (["default"], False, None)


def test_the_first_compose_does_not_tell_what_a_service_waits_for() -> None:
    engine = EngineWithProject()
    del engine.of("wordpress")[1]["Config"]["Labels"]["com.docker.compose.depends_on"]
    found = facts(ComposeService(service="wordpress").observe(engine))
    assert (found["tells_waiting"], found["waits_for"]) == (False, [])


def test_variables_without_a_value_are_named_and_no_value_is_shown() -> None:
    engine = EngineWithProject()
    engine.of("db")[1]["Config"]["Env"] += ["MYSQL_PASSWORD=", "OTHER=canary="]
    found = facts(ComposeService(service="db").observe(engine))
    assert found["empty_variables"] == ["MYSQL_PASSWORD"]
    assert "canary" not in repr(found)


def test_services_on_networks_apart_do_not_reach_each_other() -> None:
    engine = EngineWithProject()
    networks = engine.of("db")[1]["NetworkSettings"]["Networks"]
    networks["site_back"] = networks.pop("site_default")
    assert facts(ComposeService(service="db", other="wordpress").observe(engine))["reached_by_other"] is False
    assert facts(SITE.observe(engine))["shares_network"] is False


def test_the_file_that_was_applied_is_in_force_and_none_of_its_secrets_is_told() -> None:
    found = facts(FILE.observe(EngineWithProject()))
    assert (found["file"], found["problem"], found["in_force"]) == ("compose.yaml", None, True)
    assert (found["services"], found["literal_secrets"], found["unset_variables"]) == (SERVICES, [], [])
    assert found["waits"] == ["wordpress:db:service_healthy"]


def test_a_file_that_was_edited_and_not_applied_is_not_in_force() -> None:
    engine = EngineWithProject()
    engine.edit("    restart: unless-stopped\n    depends_on", "    restart: always\n    depends_on")
    engine.edit("volumes:\n  db_data:\n", "  more:\n    image: busybox\nvolumes:\n  db_data:\n")
    found = facts(FILE.observe(engine))
    assert (found["differs"], found["not_made"], found["in_force"]) == (
        ["wordpress: restart"],
        ["more"],
        False,
    )


def test_an_override_file_counts_and_the_files_that_the_project_was_made_of_come_first() -> None:
    engine = EngineWithProject()
    engine.work_files["compose.override.yaml"] = b"services: {db: {restart: 'no'}}\n"
    assert facts(FILE.observe(engine))["differs"] == []
    for entry in engine.listed:
        entry["Labels"]["com.docker.compose.project.config_files"] = ""
    assert facts(FILE.observe(engine))["differs"] == ["db: restart"]


def test_what_the_override_declares_may_be_used_before() -> None:
    engine = EngineWithProject()
    engine.edit("volumes:\n  db_data:\n", "")
    for entry in engine.listed:
        entry["Labels"]["com.docker.compose.project.config_files"] = ""
    found = facts(FILE.observe(engine))
    assert (found["problem"], found["about"]) == ("undefined-volume", "db_data")
    assert found["line"] > 1
    engine.work_files["compose.override.yaml"] = b"services: {db: {restart: 'no'}}\n"
    again = facts(FILE.observe(engine))
    assert (again["problem"], again["line"]) == ("undefined-volume", found["line"])
    engine.work_files["compose.override.yaml"] = b"volumes: {db_data: }\n"
    assert facts(FILE.observe(engine))["problem"] is None


@pytest.mark.parametrize("none", ["scale: 0", "deploy: {replicas: 0}"])
def test_a_service_of_which_none_is_wanted_need_not_be_made(none: str) -> None:
    engine = EngineWithProject()
    engine.edit("volumes:\n  db_data:\n", f"  more: {{image: busybox, {none}}}\nvolumes:\n  db_data:\n")
    assert facts(FILE.observe(engine))["not_made"] == []


def test_a_file_that_compose_refuses_is_not_in_force_whatever_runs() -> None:
    engine = EngineWithProject()
    engine.work_files["compose.yaml"] += b"\tx: 1\n"
    found = facts(FILE.observe(engine))
    assert (found["problem"], found["in_force"]) == ("tab", False)


def test_parts_of_other_files_leave_it_open_and_no_other_file_is_read() -> None:
    engine = EngineWithProject()
    engine.edit("services:\n", "include: [/etc/shadow, ../secret.yaml]\nservices:\n")
    found = facts(FILE.observe(engine))
    assert (found["parts_elsewhere"], found["in_force"]) == (True, None)
    read = {question.removeprefix("file ") for question in engine.questions if question.startswith("file ")}
    assert read == {"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml", ".env"}


def test_a_variable_that_nothing_sets_is_named() -> None:
    engine = EngineWithProject()
    engine.work_files[".env"] = b"export DB_PASSWORD = canary\n"
    found = facts(FILE.observe(engine))
    assert found["unset_variables"] == ["DB_ROOT_PASSWORD"]
    assert "canary" not in repr(found)


def test_without_a_file_there_is_none() -> None:
    engine = EngineWithProject()
    engine.work_files.clear()
    assert isinstance(FILE.observe(engine), Absent)


def answer(status: int = 200, location: str = "", body: bytes = b"") -> HttpAnswer:
    return HttpAnswer(status=status, headers={"location": location} if location else {}, body=body)


@pytest.mark.parametrize(
    ("answered", "state"),
    [
        (answer(body=b'<link href="/wp-content/x.css">'), "installed"),
        (answer(302, "http://127.0.0.1/wp-admin/install.php"), "not-installed"),
        (answer(302, "http://127.0.0.1/wp-admin/setup-config.php"), "not-configured"),
        (answer(500, body=b"<h1>Error establishing a database connection</h1>"), "no-database"),
        (answer(500, body=b"<h1>Can&#8217;t select database</h1>"), "no-database"),
        (answer(404, body=b"wp-content"), "other"),
        (answer(body=b"It works!"), "other"),
    ],
)
def test_the_first_page_tells_how_far_the_site_is(answered: HttpAnswer, state: str) -> None:
    engine = EngineWithProject()
    engine.serves = serving(answered)
    found = facts(SITE.observe(engine))
    assert (found["state"], found["published"], found["via"]) == (state, True, "published")
    assert [question for question in engine.questions if "wp-admin" in question] == []


def test_a_site_behind_a_port_that_is_not_its_own_is_reached_and_not_published() -> None:
    engine = EngineWithProject()
    inspected = engine.of("wordpress")[1]
    for part in (inspected["NetworkSettings"]["Ports"], inspected["HostConfig"]["PortBindings"]):
        part["8080/tcp"] = part.pop("80/tcp")
    host = inspected["NetworkSettings"]["Networks"]["site_default"]["IPAddress"]

    def serve(address: Address) -> HttpAnswer:
        if (address.host, address.port) != (host, 80):
            raise NoAnswer("refused")
        return answer(body=b"/wp-content/")

    engine.serves = serve
    found = facts(SITE.observe(engine))
    assert (found["answers"], found["published"]) == (True, False)


@pytest.mark.parametrize(
    ("host", "known"),
    [("db", True), ("DB:3306", True), ("db.site_default", True), ("base", False), ("db.other", False)],
)
def test_a_name_is_known_in_whatever_case_and_with_its_network_behind_it(host: str, *, known: bool) -> None:
    engine = EngineWithProject()
    lines = engine.of("wordpress")[1]["Config"]["Env"]
    lines[:] = [f"WORDPRESS_DB_HOST={host}" if "DB_HOST" in line else line for line in lines]
    assert facts(SITE.observe(engine))["host_known"] is known


def test_a_site_that_is_being_copied_is_told_from_one_that_is_silent() -> None:
    engine = EngineWithProject()
    ref = engine.of("wordpress")[0]["Id"]
    engine.serves = serving(NoAnswer("refused"))
    assert facts(SITE.observe(engine))["copying"] is False
    engine.logs[ref] = "WordPress not found in /var/www/html - copying now...\n"
    found = facts(SITE.observe(engine))
    assert (found["copying"], found["answers"], found["problem"]) == (True, False, "refused")


def test_accounts_are_compared_and_never_shown() -> None:
    engine = EngineWithProject()
    assert facts(SITE.observe(engine))["same_account"] is True
    inspected = engine.of("wordpress")[1]
    variables = inspected["Config"]["Env"]
    inspected["Config"]["Env"] = [line for line in variables if "PASSWORD" not in line]
    assert facts(SITE.observe(engine))["same_account"] is None
    inspected["Config"]["Env"] += ["WORDPRESS_DB_PASSWORD=canary", "WORDPRESS_DB_HOST=localhost:3306"]
    found = facts(SITE.observe(engine))
    assert (found["same_account"], found["database_host"], found["looks_in_itself"]) == (
        False,
        "localhost",
        True,
    )
    assert "canary" not in repr(found)


def test_a_login_that_the_health_check_failed_at_is_not_the_site_s() -> None:
    engine = EngineWithProject()
    ref = engine.of("db")[0]["Id"]
    engine.logs[ref] = "3 [Warning] Access denied for user 'root'@'localhost' (using password: YES)\n"
    assert facts(SITE.observe(engine))["denied"] is False
    engine.logs[ref] += "4 [Warning] Access denied for user 'wordpress'@'172.18.0.3' (using password: YES)\n"
    assert facts(SITE.observe(engine))["denied"] is True


def test_data_older_than_the_network_of_the_project_have_outlived_it() -> None:
    engine = EngineWithProject()
    found = facts(KEPT.observe(engine))
    assert (found["survived"], found["older_than_network"], found["outlived_project"]) == (True, True, True)
    for network in engine.networks:
        network["Created"] = "2020-01-01T00:00:00Z"
    found = facts(KEPT.observe(engine))
    assert (found["survived"], found["older_than_network"], found["outlived_project"]) == (True, False, False)


def test_a_network_that_was_added_later_does_not_make_data_older() -> None:
    engine = EngineWithProject()
    (own,) = [network for network in engine.networks if network["Name"] == "site_default"]
    later = {**own, "Name": "site_later", "Created": engine.clock.isoformat()}
    own["Created"] = "2020-01-01T00:00:00Z"
    engine.networks.append(later)
    networks = engine.of("db")[1]["NetworkSettings"]["Networks"]
    networks["site_later"] = networks["site_default"]
    assert facts(KEPT.observe(engine))["outlived_project"] is False


def test_without_a_network_of_the_project_the_container_s_age_counts() -> None:
    engine = EngineWithProject()
    engine.networks = []
    found = facts(KEPT.observe(engine))
    assert (found["older_than_network"], found["outlived_project"]) == (None, True)


def test_a_file_of_another_image_is_looked_for_where_the_first_is_missing() -> None:
    engine = EngineWithProject()
    (stat,) = engine.stats.values()
    engine.stats = {"site-db-1:/var/lib/mysql/auto.cnf": stat}
    found = facts(KEPT.observe(engine))
    assert (found["path"], found["outlived_project"]) == ("/var/lib/mysql/auto.cnf", True)
    engine.stats = {}
    found = facts(KEPT.observe(engine))
    assert (found["exists"], found["older_than_network"], found["outlived_project"]) == (False, None, False)
