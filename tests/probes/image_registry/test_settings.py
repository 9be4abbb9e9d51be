"""Variables, command and configuration of a registry in, where its images and accounts are out."""

from typing import Any

import pytest

from dckgrade.engine.resources import Resource
from dckgrade.probes.image_registry.settings import describe_hashes, read_keys, read_registry_settings
from tests.support.fake_engine import FakeEngine

CONFIG = """
version: 0.1
storage:
  cache:
    rootdirectory: /not/this
  filesystem:
    rootdirectory: "/data"  # ours
auth:
  htpasswd:
    realm: lab
    path: /auth/accounts
"""
COMMAND = "/etc/docker/registry/config.yml"


class EngineWithFile(FakeEngine):
    """An engine whose containers have one file."""

    def __init__(self, path: str, content: bytes, size: int | None = None) -> None:
        super().__init__()
        self.path, self.content = path, content
        self.stat = {
            "name": "x",
            "size": size or len(content),
            "mode": 0o644,
            "mtime": "2026-11-29T12:00:00Z",
        }

    def read(self, resource: Resource[Any], *refs: str, **query: str) -> Any:
        found = {"path-stat": self.stat, "archive": (self.content, self.clock)}.get(resource.name)
        if found is None:
            return super().read(resource, *refs, **query)
        return self._answered(resource.name, {self.path: found}, query["path"])


def container(*command: str, env: tuple[str, ...] = (), mounts: tuple[str, ...] = ()) -> Any:
    return {
        "Id": "f" * 64,
        "Config": {"Cmd": [*command], "Env": [*env]},
        "Mounts": [{"Type": "bind", "Source": "/x", "Destination": place, "RW": False} for place in mounts],
    }


def test_the_file_that_the_command_names_tells_where_images_and_accounts_are() -> None:
    found = read_registry_settings(EngineWithFile(COMMAND, CONFIG.encode()), container(COMMAND))
    assert (found.folder, found.accounts, found.unread_config) == ("/data", "/auth/accounts", None)


def test_a_variable_wins_over_the_file() -> None:
    env = ("REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=/other/", "REGISTRY_AUTH_HTPASSWD_PATH=/a/b")
    found = read_registry_settings(EngineWithFile(COMMAND, CONFIG.encode()), container(COMMAND, env=env))
    assert (found.folder, found.accounts) == ("/other", "/a/b")


@pytest.mark.parametrize(
    "engine",
    [
        EngineWithFile("/elsewhere", b""),
        EngineWithFile(COMMAND, b"\xff\xfe"),
        EngineWithFile(COMMAND, CONFIG.encode(), 10**9),
    ],
)
def test_without_a_file_that_is_read_images_are_where_the_image_has_them(engine: FakeEngine) -> None:
    found = read_registry_settings(engine, container(COMMAND))
    assert (found.folder, found.accounts) == ("/var/lib/registry", None)


@pytest.mark.parametrize(
    ("command", "mount", "unread"),
    [
        (
            "/etc/distribution/config.yml",
            "/etc/docker/registry/config.yml",
            "/etc/docker/registry/config.yml",
        ),
        ("/etc/distribution/config.yml", "/etc/docker/registry", "/etc/docker/registry"),
        ("/etc/docker/registry/config.yml", "/etc/distribution", "/etc/distribution"),
        ("/etc/docker/registry/config.yml", "/etc/docker/registry", None),
        ("/etc/distribution/config.yml", "/auth", None),
        ("/mine.yml", "/mine.yml", None),
    ],
)
def test_a_configuration_for_another_version_is_not_read(
    command: str, mount: str, unread: str | None
) -> None:
    found = read_registry_settings(EngineWithFile("/x", b""), container(command, mounts=(mount,)))
    assert found.unread_config == unread


def test_keys_are_told_apart_by_all_the_keys_above_them() -> None:
    keys = read_keys(CONFIG)
    assert keys["storage", "filesystem", "rootdirectory"] == "/data"
    assert keys["auth", "htpasswd", "realm"] == "lab"
    assert keys["version",] == "0.1"


@pytest.mark.parametrize(
    "text", ["", "\x00", ":", "a:\n\tb: c", "- a\n- b: c", "  a:" * 9999, "a: " + " " * 9999]
)
def test_what_is_no_configuration_has_no_keys_that_matter(text: str) -> None:
    assert ("storage", "filesystem", "rootdirectory") not in read_keys(text)


@pytest.mark.parametrize(
    ("content", "kinds"),
    [
        (b"a:$2y$05$abc\nb:$2a$05$abc\nc:$2b$x\n", ["bcrypt"] * 3),
        (b"a:$apr1$salt$hash\r\n", ["other-hash"]),
        (b"a:{SHA}abc\nb:plain\n", ["other-hash"] * 2),
        (b"\n# a:b\n", []),
        (b"", []),
        (b"\xff\xfe\x00:", []),
    ],
)
def test_of_accounts_only_the_kind_of_hash_is_told(content: bytes, kinds: list[str]) -> None:
    assert describe_hashes(content) == kinds
