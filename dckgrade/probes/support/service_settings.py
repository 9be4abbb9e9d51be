"""Read from a container's command, variables and ports where its program answers over HTTP."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from dckgrade.engine.answers import HttpAnswer, Json
from dckgrade.lazy_patterns import compile_lazily

# `:9095`, `0.0.0.0:9095`, `9601`, and Elasticsearch's ranges: `9200-9300`.
_PORT_VALUE_PATTERN = compile_lazily(r"(?:.*:)?(\d{1,5})(?:-\d{1,5})?")
# Grafana's own form too: `%(protocol)s://%(domain)s:%(http_port)s/grafana/`.
_URL_START_PATTERN = compile_lazily(r"[^/\s\"'<>=]*://[^/\s\"'<>]*")
_ROOT_PATTERN = compile_lazily(r"(?:/[\w.~%-]+)+")
_PATH_PATTERN = compile_lazily(r"(?<![\w/.:<~-])/[\w.~%-][\w.~%/-]*")
_MAX_SEARCHED_BYTES = 8192
_MAX_LEARNT_ROOTS = 4
_MAX_PORT = 65535


class PublishedPort(Struct, frozen=True):
    """A port of the machine that leads to a port of the container."""

    inner: int
    on_machine: int


def read_settings(inspected: Json) -> dict[str, str]:
    """
    Return what variables and options say, by name: `GF_SERVER_HTTP_PORT`, `web.listen-address`.

    Options come as `--name=value`, `--name value`, `-E name=value`, and within a shell's command line.
    """
    config = inspected.get("Config") or {}
    settings: dict[str, str] = {}
    for variable in config.get("Env") or []:
        name, _, value = str(variable).partition("=")
        settings[name] = value
    arguments = [*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])]
    words = [word.strip("\"'") for argument in arguments for word in str(argument).split()]
    for word, following in zip(words, [*words[1:], "-"], strict=False):
        name, equals, value = word.removeprefix("-E").lstrip("-").partition("=")
        if equals:
            settings[name] = value.strip("\"'")
        elif word.startswith("-") and not following.startswith("-"):
            settings[name] = following
    return settings


def list_configured_ports(settings: dict[str, str], names: Sequence[str]) -> list[int]:
    """Return the ports that the settings called *names* give."""
    found = (_PORT_VALUE_PATTERN.fullmatch(settings[name]) for name in names if name in settings)
    return [int(match[1]) for match in found if match and 0 < int(match[1]) <= _MAX_PORT]


def list_configured_roots(settings: dict[str, str], names: Sequence[str]) -> list[str]:
    """Return the path prefixes that the settings called *names* give, as a path or the end of a URL."""
    paths = (_URL_START_PATTERN.sub("", settings[name]).strip("/") for name in names if name in settings)
    return [f"/{path}" if path else "" for path in paths if not path or _ROOT_PATTERN.fullmatch(f"/{path}")]


def list_published_ports(inspected: Json) -> list[PublishedPort]:
    """Return the TCP ports of the machine that lead to it."""
    ports = (inspected.get("NetworkSettings") or {}).get("Ports") or {}
    return [
        PublishedPort(int(number), int(binding["HostPort"]))
        for number, bindings in iter_tcp_ports(ports)
        for binding in bindings or ()
        if str(binding.get("HostPort") or "").isdecimal()
    ]


def list_exposed_ports(inspected: Json) -> list[int]:
    """Return the TCP ports that its image or its user names as open."""
    exposed = (inspected.get("Config") or {}).get("ExposedPorts") or {}
    return sorted(int(number) for number, _ in iter_tcp_ports(exposed))


def iter_tcp_ports(ports: Json) -> Iterator[tuple[str, Sequence[Json] | None]]:
    """Yield number and bindings of the TCP ports in a mapping by `9090/tcp`."""
    for port, bindings in ports.items():
        number, _, protocol = str(port).partition("/")
        if number.isdecimal() and protocol in {"", "tcp"}:
            yield number, bindings if isinstance(bindings, list) else None


def order_ports(
    inspected: Json, configured: Sequence[int], usual: Sequence[int], allowed: range | None
) -> list[int]:
    """
    Return the container's own ports at which to ask, the likeliest first.

    What is published as the first *usual* port comes first, since that is what a sheet promises; then what
    settings tell, what is published, and what is exposed or usual. The first one's failure is the one that
    is reported. Outside *allowed*, only configured and promised ports are asked.
    """
    bindings = list_published_ports(inspected)
    promised = [port.inner for port in bindings if port.on_machine == usual[0]]
    published, exposed = [port.inner for port in bindings], list_exposed_ports(inspected)
    likely = [port for port in [*configured, *usual] if port in published]
    ordered = dict.fromkeys([
        *promised, *likely, *configured, *(port for port in usual if port in exposed), *published,
        usual[0], *exposed, *usual,
    ])  # fmt: skip
    certain = {*promised, *configured}
    return [port for port in ordered if allowed is None or port in allowed or port in certain]


def learn_roots(answer: HttpAnswer, asked: str) -> list[str]:
    """Return the path prefixes that a redirect, or the body of a 404, speaks of; *asked* is no news."""
    text = answer.headers.get("location", "")
    paths = [_URL_START_PATTERN.sub("", text).partition("?")[0]] if text else []
    body = _URL_START_PATTERN.sub("", answer.body[:_MAX_SEARCHED_BYTES].decode("utf-8", "replace"))
    paths += _PATH_PATTERN.findall(body)
    roots = [root for path in paths for root in list_prefixes(path, asked)]
    return list(dict.fromkeys(roots))[:_MAX_LEARNT_ROOTS]


def list_prefixes(path: str, asked: str) -> list[str]:
    """Return the prefixes of *path*, the shortest first; the one before *asked* alone, if it ends so."""
    if path.startswith(asked) and asked != "/":
        return []
    if asked != "/" and path.endswith(asked):
        return [path.removesuffix(asked)]
    parts = [part for part in path.split("/") if part]
    roots = ["/" + "/".join(parts[: count + 1]) for count in range(len(parts))]
    return [root for root in roots if _ROOT_PATTERN.fullmatch(root)][:2]
