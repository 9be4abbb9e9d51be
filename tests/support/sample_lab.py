"""A small lab, and what the loader says of it after one thing has been changed."""

from pathlib import Path

from dckgrade.lab.load import LabInvalid, parse_lab
from dckgrade.lab.model import Lab

SAMPLE = """\
# yaml-language-server: $schema=./lab.schema.json
version: 1
id: sample
title: {fr: Un, en: One}
checks:
  - id: web
    title: {fr: Deux, en: Two}
    points: 1
    observe: {kind: container, name: web1, image: nginx}
    expect:
      status: running
      exit_code: 0
      mounts: {any: {where: {named: true, destination: {matches: ^/data}}}}
    diagnoses:
      - code: AB-01
        name: paused
        when: {status: paused}
        message: {fr: "{name} dort", en: "{name} sleeps"}
        hint: {fr: Regardez, en: Look}
      - code: AB-02
        name: gone
        when: absent
        also:
          - observe: {kind: container-log, container: web1}
            when: {text: {not: {contains: bye}}}
        message: {fr: Rien, en: Nothing}
        hint: {fr: Cherchez, en: Search}
  - id: page
    title: {fr: Trois, en: Three}
    points: 2
    requires: [web]
    observe: {kind: http, container: web1}
    expect: {answers: true, status_code: {at-least: 200, at-most: 299}}
    within: 20s
  - id: again
    title: {fr: Quatre, en: Four}
    points: 0
    observe: {kind: container, name: web2}
    expect: {status: {one-of: [running, paused]}, command: {count: 1, contains: x}}
    diagnoses:
      - code: AB-01
"""
FILE = Path("sample.yaml")


def lab(text: str = SAMPLE) -> Lab:
    """Load *text*."""
    return parse_lab(text.encode(), FILE)


def changed(old: str, new: str, text: str = SAMPLE) -> str:
    """Replace what stands in the sample exactly once."""
    assert text.count(old) == 1, (old, text.count(old))
    return text.replace(old, new)


def list_problems(text: str | bytes, lang: str = "en") -> list[str]:
    """List the problems of *text*, a line each; none if it is a lab."""
    try:
        parse_lab(text if isinstance(text, bytes) else text.encode(), FILE)
    except LabInvalid as invalid:
        return [line.removeprefix("sample.yaml:") for line in invalid.format_problems(lang)]
    return []
