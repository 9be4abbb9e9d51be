"""Labs that get in each other's way on one engine: found by what their probes name, and said after `all`."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from dckgrade.cli.grade import describe_collisions
from dckgrade.lab.collisions import Claim, find_collisions
from dckgrade.lab.discovery import list_lab_paths
from dckgrade.lab.load import load_lab, parse_lab
from dckgrade.lab.model import LoadedLab

LAB = """\
version: 1
id: {id}
title: {{fr: Un, en: One}}
checks:
  - id: page
    title: {{fr: Deux, en: Two}}
    points: 1
    observe: {{kind: published-port, container: {container}, port: {port}}}
    expect: {{answers: true}}
    diagnoses:
      - code: AB-01
        name: silent
        when: {{answers: false}}
        message: {{fr: Rien, en: Nothing}}
        hint: {{fr: Cherchez, en: Search}}
"""


def make_lab(id_: str, container: str, port: int) -> LoadedLab:
    path = Path(f"{id_}.yaml")
    return LoadedLab(parse_lab(LAB.format(id=id_, container=container, port=port).encode(), path), "", path)


@dataclass(frozen=True)
class Pair:
    second: tuple[str, int]
    claims: list[Claim]
    sentences: list[str]


PAIRS = {
    "nothing": Pair(("other", 8081), [], []),
    "a container": Pair(
        ("web", 8081),
        [Claim(container="web")],
        ["un, deux\u00a0: un même conteneur, web\u00a0; ce qui est fait pour l’un compte pour l’autre."],
    ),
    "a port": Pair(
        ("other", 8080),
        [Claim(port=8080)],
        ["un, deux\u00a0: un même port de la machine, 8080\u00a0; finissez l’un avant de commencer l’autre."],
    ),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_what_two_labs_share_is_found_and_said(pair: Pair) -> None:
    labs = [make_lab("un", "web", 8080), make_lab("deux", *pair.second)]
    assert find_collisions([loaded.lab for loaded in labs]) == {
        claim: ["un", "deux"] for claim in pair.claims
    }
    assert describe_collisions(labs, "fr") == pair.sentences


def test_a_container_that_several_checks_of_one_lab_name_is_no_collision() -> None:
    for path in list_lab_paths().values():
        assert find_collisions([load_lab(path).lab]) == {}


def test_the_labs_of_the_course_can_be_done_on_one_engine() -> None:
    labs = [load_lab(path).lab for path in list_lab_paths().values()]
    # A container of ch3 and a service of ch5, both as the course calls them: `all` and ch5's sheet say so.
    assert find_collisions(labs) == {Claim(container="db"): ["ch3", "ch5"]}
