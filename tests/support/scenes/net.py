"""Scenes of topic net: recorded engines whose containers serve a page, or PostgreSQL, or a proxy."""

from collections.abc import Mapping

from msgspec.structs import replace

from dckgrade.engine.answers import Address, HttpAnswer
from dckgrade.probes.base import Probe
from dckgrade.probes.net.http import Http
from dckgrade.probes.net.network_reach import NetworkReach
from dckgrade.probes.net.postgres import Postgres
from dckgrade.probes.net.proxy_pass import ProxyPass
from dckgrade.probes.net.published_port import PublishedPort
from tests.support.fake_engine import FakeEngine, serving
from tests.support.recorded_networks import RecordedNetworks
from tests.support.scenes import Scene, SceneBuilder

PAGE = HttpAnswer(
    status=200,
    headers={"server": "nginx/1.27.0", "content-type": "text/html"},
    body="<h1>été</h1> password=canary-secret-1 ".encode() + b"\xff" + b"x" * 4200,
)
NO_TLS = b"N"
"""PostgreSQL's answer to an SSLRequest."""


def show_service(probe: Probe, container: str, answer: HttpAnswer | bytes) -> Scene:
    """Have every address serve *answer*."""
    engine = FakeEngine().only(container)
    engine.serves = serving(answer)
    return Scene(probe, engine)


def show_networks(probe: Probe, *lacking_tools: str, page: HttpAnswer = PAGE, complaint: str = "") -> Scene:
    """Have the recorded networks of a lab, whose servers all give *page*; the proxy's log has *complaint*."""
    engine = RecordedNetworks()
    engine.lacks_tools = {*lacking_tools}
    engine.logs = {"api": "", "proxy": complaint}

    def serve(_address: Address, path: str) -> HttpAnswer:
        engine.logs["api"] = f"GET {path}\n"
        return replace(page, body=page.body[:60])

    engine.serves = serve
    return Scene(probe, engine)


OBSTACLE = 'connect() failed (111: refused), upstream: "http://127.0.0.1:8000/"\n'


SCENES: Mapping[str, SceneBuilder] = {
    "http": lambda: [
        show_service(Http(container=name), name, replace(PAGE, body=PAGE.body[:60]))
        for name in ("envs", "published")
    ],
    "network-reach": lambda: [
        show_networks(NetworkReach(from_="api", to="db", name="base", port=5432)),
        show_networks(NetworkReach(from_="api", to="db", name="base", port=5432), "api"),
        show_networks(NetworkReach(from_="proxy", to="db-published", port=5432)),
    ],
    "proxy-pass": lambda: [
        show_networks(ProxyPass(proxy="proxy", port=8080, backend="api")),
        show_networks(
            ProxyPass(proxy="proxy", port=8080, backend="api"),
            page=replace(PAGE, status=502),
            complaint=OBSTACLE,
        ),
    ],
    "published-port": lambda: [
        show_networks(PublishedPort(container="proxy", port=8080)),
        show_networks(PublishedPort(container="everywhere", port=8083)),
    ],
    "postgres": lambda: [
        show_service(Postgres(container=name), name, NO_TLS) for name in ("envs", "published")
    ],
}
