"""A lab chooses what is looked at, never what is run: the commands stand in the kinds of probes."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import asdict, replace

from dckgrade.probes.base import Probe
from dckgrade.probes.registry import load_kinds, name_kind
from tests.support.scenes import Scene, build_scenes

CANARY = "canary;$(reboot)"
RUNNING = ("run_command", "run_beside", "request_http_inside")


def list_commands(scene: Scene) -> list[tuple[str, ...]]:
    """Observe, and list the commands that were run in containers."""
    commands: list[tuple[str, ...]] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in RUNNING:
            ask = getattr(scene.engine, name)

            def note(*arguments: Any, ask: Any = ask, name: str = name) -> Any:
                commands.append(
                    tuple(map(str, arguments[-1])) if name != "request_http_inside" else ("http",)
                )
                return ask(*arguments)

            patch.setattr(scene.engine, name, note)
        vars(scene.engine).pop("_of_run", None)
        scene.probe.observe(scene.engine)
    return commands


def plant_canary(scene: Scene) -> Iterator[Scene]:
    """Yield the scene once for each text of its probe, which is a command to a shell there."""
    for name, value in asdict(scene.probe).items():
        if isinstance(value, str):
            yield scene._replace(probe=replace(scene.probe, **{name: CANARY}))
        elif isinstance(value, list) and value and isinstance(value[0], str):
            yield scene._replace(probe=replace(scene.probe, **{name: [CANARY, *value[1:]]}))


def is_ours(command: tuple[str, ...]) -> bool:
    """Return whether nothing of the lab's is a program or a script: it may be an argument, whole."""
    scripts = [script for option, script in itertools.pairwise(command) if option == "-c"]
    return not any(CANARY in part for part in (command[0], *scripts))


@pytest.mark.parametrize("kind", load_kinds(), ids=name_kind)
def test_no_word_of_a_lab_is_run_as_a_command(kind: type[Probe]) -> None:
    scenes = build_scenes(kind)
    assert scenes
    for scene in scenes:
        for planted in plant_canary(scene):
            assert [command for command in list_commands(planted) if not is_ours(command)] == []


def test_some_kinds_do_run_commands_and_a_lab_s_word_in_one_would_be_told() -> None:
    commands = {
        command[0]
        for kind in load_kinds()
        for scene in build_scenes(kind)
        for command in list_commands(scene)
    }
    assert {"sh", "http"} <= commands
    assert is_ours(("sh", "-c", 'cat "$1"', "sh", CANARY))
    assert not is_ours(("sh", "-c", f"cat {CANARY}"))
    assert not is_ours((CANARY,))
