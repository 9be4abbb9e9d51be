"""A fake world with Prometheus, cAdvisor and Grafana in it: what they answer is given by path."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from dckgrade.engine.answers import Address, HttpAnswer, Json, Login, NoAnswer, OutOfReach
from dckgrade.probes.support.lookup import parse_timestamp
from dckgrade.report.observation import UnobservableReason
from tests.support.fake_engine import NEWEST, FakeEngine

ANSWERS = Path(__file__).parents[1] / "answers" / "prometheus"
VERSIONS = ["2.42.0", "3.5.3"]
ADMIN = Login("admin", "admin")

Page = HttpAnswer | Exception
NETWORK = {"IPAddress": "172.18.0.9", "Aliases": None, "DNSNames": None}


def page(content: Any, status: int = 200) -> HttpAnswer:
    """Answer with JSON, or with bytes as they are."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return HttpAnswer(status=status, headers={"content-type": "application/json"}, body=body)


def recorded(version: str, name: str) -> Any:
    """Read one recorded body."""
    return json.loads((ANSWERS / f"{version}-{name}.json").read_bytes())


def vector(*results: tuple[Mapping[str, str], str], at: float = 1000.0) -> HttpAnswer:
    """Answer a query: labels and value of each series, seen *at*."""
    result = [{"metric": dict(labels), "value": [at, value]} for labels, value in results]
    return page({"status": "success", "data": {"resultType": "vector", "result": result}})


def describe_source(**changes: Any) -> dict[str, Any]:
    """Describe a data source as `/api/datasources` does (Grafana, HTTP API)."""
    fields = {"id": 1, "uid": "u", "orgId": 1, "name": "Prometheus", "type": "prometheus", "access": "proxy"}
    return fields | {"url": "http://prometheus:9090", "isDefault": True, "jsonData": {}} | changes


class Monitored(FakeEngine):
    """
    Three recorded containers play Prometheus, cAdvisor and Grafana, on one network that somebody made.

    Pages are looked up by port and the longest beginning of the path; a page may need the account.
    """

    def __init__(self, engine: str = NEWEST, version: str = "2.42.0") -> None:
        super().__init__(engine)
        for old, new in (("published", "prometheus"), ("webservers", "cadvisor"), ("envs", "grafana")):
            self.renamed(old, new)
            self.inspect(new)["NetworkSettings"]["Networks"] = {"lab": dict(NETWORK)}
            self.inspect(new)["NetworkSettings"]["Ports"] = {}
            self.inspect(new)["Mounts"] = []
            self.inspect(new)["Config"]["Env"] = []
        self.known, self.far = ADMIN, False
        self.logins: list[Login] = []
        self.pages: dict[str, Page] = {
            "9090/-/ready": page(b"Prometheus Server is Ready.\n"),
            "9090/api/v1/status/runtimeinfo": page(self.born(version)),
            "9090/api/v1/status/config": page(recorded(version, "config")),
            "9090/api/v1/targets": page(recorded(version, "targets")),
            "3000/api/health": page({"database": "ok", "version": "9.5.20", "commit": "x"}),
            "3000/api/org": page({"id": 1, "name": "Main Org."}),
            "3000/api/datasources": page([]),
            "3000/api/search": page([]),
        }

    def born(self, version: str, later_s: float = 0.2) -> Any:
        """Give a recorded `runtimeinfo` of a process that was born with the container, or *later_s*."""
        about = recorded(version, "runtimeinfo")
        started = parse_timestamp(self.inspect("prometheus")["State"]["StartedAt"])
        about["data"]["startTime"] = (started + timedelta(seconds=later_s)).isoformat()
        return about

    def configured(self, text: str) -> "Monitored":
        """Have Prometheus say that this is what it has loaded."""
        self.pages["9090/api/v1/status/config"] = page({"status": "success", "data": {"yaml": text}})
        return self

    def target(self, **changes: Any) -> "Monitored":
        """Change the target that Prometheus tells of."""
        targets = recorded("2.42.0", "targets")
        targets["data"]["activeTargets"][0] |= changes
        self.pages["9090/api/v1/targets"] = page(targets)
        return self

    def unreachable(self) -> "Monitored":
        """Have no container's address be reached from here."""
        self.far = True
        return self

    def find_addresses(self, inspected: Json, port: int) -> Sequence[Address]:
        if self.far:
            raise OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH, "a VM")
        return super().find_addresses(inspected, port)

    def request_http_inside(self, ref: str, port: int, path: str) -> HttpAnswer:
        self.questions.append(f"inside {ref}")
        return self.request_http(Address("127.0.0.1", port, "inside"), path)

    def request_http(self, address: Address, path: str, login: Login | None = None) -> HttpAnswer:
        self.questions.append(f"{address.port}{path}")
        if login:
            # Whose guess it is stays with us.
            login = Login(login.user, login.password)
            self.logins.append(login)
        asked = f"{address.port}{unquote(path)}"
        fitting = [name for name in self.pages if asked.startswith(name)]
        if not fitting:
            return page({"message": "Not found"}, 404) if address.port == 3000 else page(b"404 page", 404)
        if address.port == 3000 and not path.endswith("/api/health") and login != self.known:
            return page({"message": "Invalid username or password"}, 401)
        found = self.pages[max(fitting, key=len)]
        if isinstance(found, Exception):
            raise found
        return found


def silent() -> NoAnswer:
    """Say nothing, for too long."""
    return NoAnswer("silent")
