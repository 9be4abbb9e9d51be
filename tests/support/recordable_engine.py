"""Engines that tell all that they hold, next to nothing or something of everything: to be recorded."""

from pathlib import Path
from typing import Any

from tests.support.fake_engine import NEWEST, FakeEngine
from tests.support.fault_engine import FaultEngine, Reply, reply_with

COMPOSE = {"Labels": {"com.docker.compose.project": "site"}}
NOTHING: dict[str, Reply] = {
    "/images/json": reply_with([]),
    "/volumes": reply_with({}),
    "/networks": reply_with([]),
    "/info": reply_with({}),
}


def serve_container(folder: Path, inspected: dict[str, Any] | None = None) -> FaultEngine:
    """Serve an engine with this stopped container, called by its `Name`, or with none."""
    socket = folder / "engine.sock"
    socket.unlink(missing_ok=True)
    if inspected is None:
        return FaultEngine(socket, {**NOTHING, "/containers/json": reply_with([])})
    listed = {"Id": "w", "Names": [inspected["Name"]], "State": "exited", "Created": 1}
    says = {
        **NOTHING,
        "/containers/json": reply_with([listed]),
        "/w/json": reply_with({"Id": "w", **inspected}),
        "/logs": reply_with(b""),
    }
    return FaultEngine(socket, says)


def prepare_full_engine(engine: str = NEWEST) -> FakeEngine:
    """Return a recorded engine that has an image, volumes and networks too: one of each is somebody's own."""
    fake = FakeEngine(engine)
    fake.answers = {
        "images": {"": [{"Id": "i", "RepoTags": ["nginx:latest", "<none>:<none>"]}]},
        "volumes": {"": {"Volumes": [{"Name": "data"}, {"Name": "0" * 64}, {"Name": "site_db", **COMPOSE}]}},
        "networks": {
            "": [
                {"Id": "b", "Name": "bridge"},
                {"Id": "n", "Name": "back"},
                {"Id": "c", "Name": "site_default", **COMPOSE},
            ]
        },
    }
    return fake
