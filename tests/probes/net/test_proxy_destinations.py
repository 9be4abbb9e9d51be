"""To whom nginx's own configuration sends: to a name, or to an address."""

import pytest

from dckgrade.engine.answers import Json, NotThere
from dckgrade.probes.net.proxy_destinations import is_sent_to_address, list_destinations
from tests.support.fake_engine import FakeEngine

ADDRESS, NAMES = "172.30.1.3", {"api", "interface"}
OWN_FILE = "/etc/nginx/conf.d/site.conf"


class EngineWithFiles(FakeEngine):
    """A proxy with these files."""

    def __init__(self, files: dict[str, str]) -> None:
        super().__init__()
        self.files = files

    def read_archive(self, ref: str, path: str) -> bytes:
        if path not in self.files:
            raise NotThere(f"{ref}:{path}")
        return self.files[path].encode()


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("location / { proxy_pass http://api:80; }", {"api"}),
        ("proxy_pass 'https://172.30.1.3/x/';", {"172.30.1.3"}),
        ("upstream api { server 172.30.1.3:80 weight=2; } proxy_pass http://api;", {"172.30.1.3"}),
        ("server_name 172.30.1.9;\n# proxy_pass http://172.30.1.3;\nserver { listen 80; }", set()),
        ("set $to api; proxy_pass http://$to;", {"api"}),
        ("set $to 172.30.1.3; proxy_pass http://$to:80;", {"172.30.1.3"}),
        ('set $to "http://172.30.1.3:80";\nproxy_pass $to;', {"172.30.1.3"}),
        ("set $to api; set $tool x; proxy_pass http://$tool;", {"x"}),
        ("set $to api; set $to 172.30.1.3; proxy_pass http://$to;", set()),
        ("proxy_pass http://172.30.1.3$request_uri;", {"172.30.1.3"}),
        ("proxy_pass http://$host;", set()),
    ],
)
def test_hosts_are_those_of_directives_and_the_name_of_a_group_is_none(text: str, hosts: set[str]) -> None:
    assert list_destinations(text) == hosts


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"/etc/nginx/conf.d/default.conf": "proxy_pass http://172.30.1.3;"}, True),
        ({OWN_FILE: "proxy_pass http://172.30.1.3;"}, True),
        ({"/etc/nginx/conf.d/default.conf": "proxy_pass http://172.30.1.30;"}, False),
        ({"/etc/nginx/nginx.conf": "proxy_pass http://172.30.1.3; proxy_pass http://api;"}, False),
        ({}, False),
    ],
)
def test_an_address_is_told_only_where_no_name_is_given_too(files: dict[str, str], *, told: bool) -> None:
    proxy: Json = {"Id": "1", "Mounts": [{"Type": "bind", "Destination": OWN_FILE, "Source": "/x"}]}
    assert is_sent_to_address(EngineWithFiles(files), proxy, {ADDRESS}, NAMES) is told
