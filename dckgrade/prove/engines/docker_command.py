"""Drives an engine with the Docker command, as a trainee does."""

import json
import subprocess

from dckgrade.engine.endpoint import EngineError
from dckgrade.i18n import N_

DOCKER_TIMEOUT_S = 120
BUILT_IN_NETWORKS = {"bridge", "host", "none", "ingress", "docker_gwbridge"}
"""Networks that come with an engine, or with its first swarm, whose remains a later swarm takes over."""
UNTAGGED = "<none>"


def run_docker(host: str, *words: str) -> str:
    """Run one command; raises `EngineError` with its own words when it fails."""
    try:
        done = subprocess.run(
            ["docker", "--host", host, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=DOCKER_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise make_docker_error(words, str(error)) from None
    if done.returncode:
        raise make_docker_error(words, done.stderr.strip())
    return done.stdout


def make_docker_error(words: tuple[str, ...], detail: str) -> EngineError:
    """Make the error of a command that failed, with what it printed."""
    return EngineError(N_("`docker {words}` failed: {detail}."), words=" ".join(words[:2]), detail=detail)


def list_object_names(host: str, what: str, *options: str) -> list[str]:
    """Name all containers (by id), volumes or networks, without the networks that every engine has."""
    rows = run_docker(host, what, "ls", *options, "--format", "{{json .}}").splitlines()
    names = (str(json.loads(row)["ID" if what == "container" else "Name"]) for row in rows)
    return [name for name in names if what != "network" or name not in BUILT_IN_NETWORKS]


def list_image_references(host: str) -> set[str]:
    """Name all images by what `docker image rm` takes: each tag and digest by itself, else the id."""
    rows = run_docker(host, "image", "ls", "--no-trunc", "--digests", "--format", "{{json .}}").splitlines()
    return {get_image_reference(json.loads(row)) for row in rows}


def get_image_reference(row: dict[str, str]) -> str:
    """Return the tag, else the digest, else the id: removing that takes all the image's names along."""
    if row["Repository"] == UNTAGGED:
        return row["ID"]
    if row["Tag"] != UNTAGGED:
        return f"{row['Repository']}:{row['Tag']}"
    digest = row.get("Digest", UNTAGGED)
    return row["ID"] if digest == UNTAGGED else f"{row['Repository']}@{digest}"


def remove_images(host: str, kept: set[str]) -> None:
    """Remove every image and tag that is not *kept*."""
    if ours := sorted(list_image_references(host) - kept):
        run_docker(host, "image", "rm", "--force", *ours)
