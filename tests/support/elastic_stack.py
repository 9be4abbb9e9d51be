"""
A fake world with Elasticsearch, Logstash, Kibana and an nginx in it: what they answer is given by path.

The answers of Elasticsearch 7.9.3 are as it gave them in `fixtures/tp7`, those of Logstash and Kibana, of
versions 8 too, as their documentation has them.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote

import msgspec

from dckgrade.engine.answers import Address, CommandResult, HttpAnswer, Json, Login, NoAnswer, OutOfReach
from dckgrade.engine.resources import CONTAINER, Resource
from dckgrade.probes.support.lookup import parse_timestamp
from dckgrade.report.observation import UnobservableReason
from tests.support.fake_engine import NEWEST, FakeEngine
from tests.support.monitoring import NETWORK, Page, page

ELASTICSEARCH, LOGSTASH, KIBANA = 9200, 9600, 5601
IMAGE = f"sha256:{'e' * 64}"
ABOUT = {
    "name": "4fd7", "cluster_name": "docker-cluster", "cluster_uuid": "x", "tagline": "You Know, for Search",
    "version": {"number": "7.9.3", "build_flavor": "default", "build_type": "docker", "lucene_version": "8"},
}  # fmt: skip
NODE = {"host": "9c1f", "version": "7.9.3", "http_address": "0.0.0.0:9600", "status": "green"}
GREEN = {
    "name": "kibana",
    "version": {"number": "7.9.3"},
    "status": {"overall": {"state": "green"}, "statuses": []},
}
AVAILABLE = {"name": "k", "version": {"number": "8.5.3"}, "status": {"overall": {"level": "available"}}}
NOT_READY = HttpAnswer(status=503, headers={"retry-after": "30"}, body=b"Kibana server is not ready yet")
GELF = {"Type": "gelf", "Config": {"gelf-address": "udp://127.0.0.1:12201"}}


def stats(
    taken_in: int = 0,
    passed_on: int = 0,
    written: int | None = 0,
    outputs: Sequence[str] = ("elasticsearch",),
    inputs: Sequence[str] = ("gelf",),
) -> HttpAnswer:
    """Answer /_node/stats/pipelines."""
    made: list[dict[str, Any]] = [{"id": name, "name": name, "events": {}} for name in outputs]
    for output in made:
        if output["name"] == "elasticsearch" and written is not None:
            output["documents"] = {"successes": written}
    plugins = {"inputs": [{"name": name} for name in inputs], "filters": [], "outputs": made}
    events = {"in": taken_in, "filtered": taken_in, "out": passed_on}
    return page(NODE | {"pipelines": {"main": {"events": events, "plugins": plugins}, ".monitoring": {}}})


def hits(*found: tuple[str, Any]) -> HttpAnswer:
    """Answer a search: index and document of each."""
    listed = [{"_index": index, "_source": source} for index, source in found]
    return page({"timed_out": False, "hits": {"total": {"value": len(listed)}, "hits": listed}})


class Stack(FakeEngine):
    """Four recorded containers play the stack on one network, nginx sends its lines by gelf."""

    def __init__(self, engine: str = NEWEST) -> None:
        super().__init__(engine)
        self.only("published", "webservers", "envs", "mem-limited")
        names = ("elasticsearch", "logstash", "kibana", "web")
        for old, new in zip(("published", "webservers", "envs", "mem-limited"), names, strict=True):
            self.renamed(old, new)
            container = self.inspect(new)
            container["NetworkSettings"] |= {"Networks": {"elk": dict(NETWORK)}, "Ports": {}}
            container["Mounts"], container["Config"]["Env"], container["Image"] = [], [], IMAGE
            container["HostConfig"] = {
                **container["HostConfig"],
                "PortBindings": {},
                "LogConfig": {"Type": "json-file", "Config": {}},
            }
            self.entry(new)["Command"] = new
            self.entry(new)["Image"] = container["Config"]["Image"] = f"{new}:7.9.3"
        self.entry("web")["Image"] = "nginx"
        self.inspect("web")["NetworkSettings"]["Networks"] = {"bridge": {"IPAddress": "172.17.0.5"}}
        self.inspect("web")["HostConfig"]["LogConfig"] = copy.deepcopy(GELF)
        self.inspect("logstash")["HostConfig"]["PortBindings"] = {
            "12201/udp": [{"HostIp": "", "HostPort": "12201"}]
        }
        self.logs = {}
        self.web = self.id_of("web")
        self.logged: list[str] = []
        self.spoken: list[tuple[str, str, Json | None]] = []
        self.speaks: Callable[[], str] = lambda: "f" * 64
        self.searched: Callable[[], HttpAnswer] | None = None
        self.far, self.only_inside = False, 0
        self.accounts: dict[int, Login] = {}
        self.pages: dict[str, Page] = {
            "9200/": page(ABOUT),
            "9200/_cluster/health": page(
                {"cluster_name": "docker-cluster", "status": "yellow", "number_of_nodes": 1}
            ),
            "9200/_cat/indices": page([]),
            "9200/_all/_settings": page({}),
            "9200/_search": hits(),
            "9600/": page(NODE),
            "9600/_node/stats/pipelines": stats(),
            "5601/api/status": page(GREEN),
            "80/": page(b"<h1>404</h1>", 404),
        }

    def aged(self, name: str, seconds: float) -> "Stack":
        """Have a container have been running for so long."""
        from datetime import timedelta

        self.clock = parse_timestamp(self.inspect(name)["State"]["StartedAt"]) + timedelta(seconds=seconds)
        return self

    def ended(self, name: str, log: str = "", exit_code: int = 1, **state: Any) -> "Stack":
        """Have a container have ended."""
        self.entry(name)["State"] = "exited"
        self.inspect(name)["State"] |= {"Running": False, "Status": "exited", "ExitCode": exit_code} | state
        self.logs[self.id_of(name)] = log
        return self

    def without(self, name: str) -> "Stack":
        """Leave a container out."""
        self.listed = [container for container in self.listed if container["Names"] != [f"/{name}"]]
        return self

    def find_addresses(self, inspected: Json, port: int) -> Sequence[Address]:
        if self.far:
            raise OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH, "a VM")
        return super().find_addresses(inspected, port)

    def request_http_inside(self, ref: str, port: int, path: str) -> HttpAnswer:
        self.questions.append(f"inside {ref[:12]}")
        return self.request_http(Address("127.0.0.1", port, "inside"), path)

    def request_http(self, address: Address, path: str, login: Login | None = None) -> HttpAnswer:
        if address.port in self.accounts and login != self.accounts[address.port]:
            refusal = {"error": {"type": "security_exception"}, "status": 401}
            return msgspec.structs.replace(page(refusal, 401), headers={"kbn-name": "k"})
        asked = f"{address.port}{unquote(path)}"
        self.questions.append(asked)
        if address.port == self.only_inside and address.via != "inside":
            raise NoAnswer("refused")
        if self.searched and "/_search" in asked:
            return self.searched()
        if address.port == 80:
            self.logged.append(path.lstrip("/"))
        fitting = [name for name in self.pages if asked.startswith(name)]
        if not fitting or (asked != "9200/" and max(fitting, key=len) == "9200/"):
            return page({"error": "no handler"}, 400)
        found = self.pages[max(fitting, key=len)]
        if isinstance(found, Exception):
            raise found
        return found

    def read_log_tail(self, ref: str, *, tty: bool) -> str:
        if ref == "f" * 64:
            return " \n".join(words for _, words, _ in self.spoken)
        if self.logged and ref == self.web:
            return "\n".join(f'"GET /{path} HTTP/1.1" 404' for path in self.logged)
        return super().read_log_tail(ref, tty=tty)

    def read(self, resource: Resource[Any], *refs: str, **query: str) -> Any:
        if resource is CONTAINER and refs == ("f" * 64,):
            return {"Id": refs[0], "Config": {}}
        return super().read(resource, *refs, **query)

    def start_marker_container(self, image: str, words: str, log: Json | None) -> str:
        self.spoken.append((image, words, log))
        return self.speaks()

    def run_command(self, ref: str, argv: Sequence[str]) -> CommandResult:
        self.questions.append(f"run {ref[:12]} {' '.join(argv)}")
        found = self.inside(ref)
        assert isinstance(found, CommandResult)
        return found


def raising(error: Exception) -> Callable[[], str]:
    """Have no container of ours be started."""

    def speak() -> str:
        raise error

    return speak
