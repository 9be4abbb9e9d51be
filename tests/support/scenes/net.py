"""Scenes of topic net: a recorded engine whose containers serve a page, or PostgreSQL."""

from collections.abc import Mapping

from msgspec.structs import replace

from dckgrade.engine.answers import HttpAnswer
from dckgrade.probes.base import Probe
from dckgrade.probes.net.http import Http
from dckgrade.probes.net.postgres import Postgres
from tests.support.fake_engine import FakeEngine, serving
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


SCENES: Mapping[str, SceneBuilder] = {
    "http": lambda: [
        show_service(Http(container=name), name, replace(PAGE, body=PAGE.body[:60]))
        for name in ("envs", "published")
    ],
    "postgres": lambda: [
        show_service(Postgres(container=name), name, NO_TLS) for name in ("envs", "published")
    ],
}
