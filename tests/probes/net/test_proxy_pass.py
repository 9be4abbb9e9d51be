"""Kind `proxy-pass`: a request that is found behind the proxy, and what only looks like one."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from dckgrade.engine.answers import Address, HttpAnswer, NoAnswer
from dckgrade.probes.net import proxy_pass
from dckgrade.probes.net.proxy_complaints import NO_OBSTACLE, read_obstacle
from dckgrade.probes.net.proxy_pass import ProxyPass, split_host
from dckgrade.report.observation import Absent, Unobservable, UnobservableReason
from tests.support.fake_engine import facts
from tests.support.recorded_networks import ENGINES, RecordedNetworks, answer

EVERY_ENGINE = pytest.mark.parametrize("engine", ENGINES)
PROBE = ProxyPass(proxy="proxy", port=8080, backend="api")
API = "172.30.1.2"
EMERG = (
    '2026/11/29 03:12:52 [emerg] 1#1: host not found in upstream "apo" in /etc/nginx/conf.d/default.conf:4\n'
)
FAILED = (
    "2026/11/29 03:12:52 [error] 7#7: *1 {problem} while {doing} to upstream, client: 172.30.1.1, server: , "
    'request: "GET / HTTP/1.1", upstream: "http://{upstream}/", host: "127.0.0.1:8080"\n'
)
REFUSED = "connect() failed (111: Connection refused)"
UNREACHABLE = "connect() failed (113: Host is unreachable)"
TIMED_OUT = "upstream timed out (110: Connection timed out)"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy_pass, "LOG_PAUSE_S", 0)


def failed(upstream: str, problem: str = REFUSED, doing: str = "connecting") -> str:
    return FAILED.format(problem=problem, upstream=upstream, doing=doing)


class Site(RecordedNetworks):
    """A proxy and a server behind it; *passes* requests on, or answers with *own*."""

    def __init__(
        self,
        engine: str = ENGINES[0],
        own: HttpAnswer | None = None,
        *,
        logs: bool = True,
        page: str = "api's",
    ) -> None:
        super().__init__(engine)
        self.own, self.keeps_log, self.page = own, logs, page
        self.logs = {"api": "", "proxy": ""}
        self.serves = self.serve

    def serve(self, address: Address, path: str) -> HttpAnswer:
        if address.via == "own" and address.host != API:
            raise NoAnswer("refused")
        if address.via == "published" and self.own:
            return self.own
        if self.keeps_log:
            self.logs["api"] += f'172.30.1.3 - - "GET {path} HTTP/1.0" 404\n'
        return answer(self.page) if path == "/" else answer(status=404)

    def sent_markers(self) -> list[str]:
        return [path for address, path in self.requests if address.via == "published" and path != "/"]


def look(site: RecordedNetworks) -> dict[str, Any]:
    return facts(PROBE.observe(site))


@EVERY_ENGINE
def test_a_marked_request_that_is_found_behind_the_proxy_was_passed_on(engine: str) -> None:
    site = Site(engine)
    found = look(site)
    assert (found["answers"], found["status_code"], found["passes"], found["marker_seen"]) == (
        True,
        200,
        True,
        True,
    )
    assert (found["backend_published"], found["log_problem"]) == (False, None)


def test_the_marker_is_sent_once_a_run_however_often_it_is_looked_for() -> None:
    site = Site()
    for _ in range(3):
        assert look(site)["passes"] is True
    (marker,) = site.sent_markers()
    assert re.fullmatch("/dckgrade-[0-9a-f]{12}", marker)


def test_a_copy_of_the_page_is_not_the_page_of_the_server_behind() -> None:
    site = Site(own=answer("api's"))
    found = look(site)
    assert (found["passes"], found["marker_seen"], found["same_page"]) == (False, False, True)
    asked_behind = {path for address, path in site.requests if address.host == API}
    assert len(asked_behind - {"/", *site.sent_markers()}) == 1, (
        "that its log tells anything was seen by a request of its own"
    )


def test_where_no_log_tells_the_same_page_is_the_proof() -> None:
    found = look(Site(logs=False))
    assert (found["passes"], found["marker_seen"], found["same_page"]) == (True, None, True)


@pytest.mark.parametrize("page", ["<h1>Welcome to nginx!</h1>", ""])
def test_a_page_that_every_image_brings_proves_nothing(page: str) -> None:
    observed = PROBE.observe(Site(logs=False, page=page))
    assert isinstance(observed, Unobservable)
    assert observed.why is UnobservableReason.NOT_TRIED


def test_two_pages_and_no_log_are_no_mistake_of_anybody_s() -> None:
    assert isinstance(PROBE.observe(Site(own=answer("other"), logs=False)), Unobservable)


def test_a_proxy_that_wants_an_account_is_unknown_and_a_refusal_is_not() -> None:
    seen = PROBE.observe(Site(own=answer(status=401)))
    assert isinstance(seen, Unobservable)
    assert seen.detail == "proxy wants an account"
    assert look(Site(own=answer(status=403)))["marker_seen"] is False


@pytest.mark.parametrize("status", [502, 503, 504])
def test_an_error_of_the_proxy_s_own_is_not_followed_by_a_marker(status: int) -> None:
    site = Site(own=answer(status=status))
    found = look(site)
    assert (found["answers"], found["status_code"], found["passes"]) == (True, status, False)
    assert site.sent_markers() == []


@pytest.mark.parametrize(
    ("log", "problem", "upstream", "whose"),
    [
        (failed("127.0.0.1:8000"), "refused", "127.0.0.1:8000", "itself"),
        (failed("[::1]:8000"), "refused", "[::1]:8000", "itself"),
        (failed(f"{API}:8080"), "refused", f"{API}:8080", "backend"),
        (failed("172.30.1.99:80"), "refused", "172.30.1.99:80", "other"),
        (failed("172.30.1.99:80", UNREACHABLE), "no-such", "172.30.1.99:80", "other"),
        (failed("172.30.1.99:80", TIMED_OUT), "timeout", "172.30.1.99:80", "other"),
        (EMERG, "upstream-unknown", "apo", "other"),
        (EMERG + failed(f"{API}:8080"), "refused", f"{API}:8080", "backend"),
        ("something else entirely\n", None, None, None),
    ],
)
def test_the_proxy_s_last_complaint_says_where_it_went(
    log: str, problem: str | None, upstream: str | None, whose: str | None
) -> None:
    site = Site(own=answer(status=502))
    site.logs["proxy"] = log
    found = look(site)
    assert (found["log_problem"], found["upstream"], found["upstream_is"]) == (problem, upstream, whose)


def test_an_old_complaint_is_not_repeated_where_requests_get_through() -> None:
    site = Site()
    site.logs["proxy"] = failed("127.0.0.1:8000")
    assert look(site)["log_problem"] is None


class DatedLogs(Site):
    """Log lines with the time at which they were written, as the engine keeps them."""

    dated: tuple[tuple[datetime, str], ...] = ()

    def read_log_since(self, ref: str, since: datetime, *, tty: bool) -> str:
        if self.name_of(ref) != "proxy":
            return super().read_log_since(ref, since, tty=tty)
        return "".join(line for at, line in self.dated if at > since)


def started_at(site: Site) -> datetime:
    return datetime.fromisoformat(site.inspected["proxy"]["State"]["StartedAt"])


@pytest.mark.parametrize("own", [answer("other"), answer(status=502)])
def test_a_complaint_from_before_the_last_start_tells_nothing_of_now(own: HttpAnswer) -> None:
    site = DatedLogs(own=own)
    earlier = started_at(site) - timedelta(minutes=1)
    site.dated = ((earlier, failed("127.0.0.1:8000")),)
    found = look(site)
    assert (found["passes"], found["log_problem"], found["upstream_is"]) == (False, None, None)


def test_a_complaint_from_before_the_request_is_not_about_a_page_of_the_proxy_s_own() -> None:
    """As after `nginx -s reload`: the log goes on, and the configuration is another."""
    site = DatedLogs(own=answer("other"))
    site.dated = ((started_at(site) + timedelta(seconds=1), failed("127.0.0.1:8000")),)
    assert look(site)["log_problem"] is None
    site.dated = ((site.now() + timedelta(seconds=1), failed("127.0.0.1:8000")),)
    assert look(site)["upstream_is"] == "itself"


def test_the_complaint_of_a_start_that_failed_is_read_though_it_came_with_the_start() -> None:
    site = DatedLogs(own=answer(status=502))
    site.dated = ((started_at(site) - timedelta(milliseconds=5), EMERG),)
    assert look(site)["log_problem"] == "upstream-unknown"


def test_a_proxy_that_is_restarted_over_and_over_is_read_from_the_beginning() -> None:
    site = DatedLogs(own=answer(status=502))
    site.inspected["proxy"]["RestartCount"] = 3
    site.dated = ((started_at(site) - timedelta(minutes=1), EMERG),)
    assert look(site)["log_problem"] == "upstream-unknown"


def test_a_proxy_that_has_ended_is_not_asked_and_its_log_is_read() -> None:
    site = Site()
    site.inspected["proxy"]["State"] |= {"Running": False, "Status": "exited"}
    next(entry for entry in site.listed if entry["Names"] == ["/proxy"])["State"] = "exited"
    site.logs["proxy"] = EMERG
    found = look(site)
    assert (found["proxy_runs"], found["problem"], found["log_problem"]) == (
        False,
        "not-running",
        "upstream-unknown",
    )
    assert site.requests == []


def test_a_server_behind_that_is_published_too_is_told() -> None:
    found = facts(ProxyPass(proxy="proxy", port=8080, backend="everywhere").observe(RecordedNetworks()))
    assert found["backend_published"] is True


def test_without_a_proxy_there_is_nothing_to_see() -> None:
    assert ProxyPass(proxy="x1", backend="api").observe(Site()) == Absent(kind="proxy-pass")


def test_without_a_server_behind_it_the_proxy_s_complaint_is_read_all_the_same() -> None:
    site = Site(own=answer(status=502)).without("api")
    site.logs["proxy"] = EMERG
    found = look(site)
    assert (found["backend_runs"], found["passes"], found["log_problem"]) == (
        False,
        False,
        "upstream-unknown",
    )


@pytest.mark.parametrize(
    ("upstream", "host"), [("api:80", "api"), ("api", "api"), ("[::1]:80", "::1"), ("fd00::2", "fd00::2")]
)
def test_the_host_of_a_destination(upstream: str, host: str) -> None:
    assert split_host(upstream) == host


def test_a_log_of_one_long_line_is_read_in_no_time() -> None:
    assert read_obstacle('failed (111: upstream: "http' * 2000) == NO_OBSTACLE
