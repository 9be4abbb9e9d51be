"""Read from nginx's own configuration to whom a proxy passes requests on: to a name, or to an address."""

from collections.abc import Collection, Iterator

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.support.mount_points import list_mount_points

CONFIG_FOLDER, CONFIG_SUFFIX = "/etc/nginx/", ".conf"
USUAL_FILES = ("/etc/nginx/nginx.conf", "/etc/nginx/conf.d/default.conf")

# https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass, ngx_http_upstream_module.html#server.
_DESTINATION_PATTERN = compile_lazily(r"\b(?:proxy_pass\s+[\"']?\w+://|server\s+)([\w.-]+)(?=[:/;\s\"'$])")
_VARIABLE_PATTERN = compile_lazily(r"\bset\s+(\$\w+)\s+[\"']?([^\s\"';$]+)[\"']?\s*;")
_UPSTREAM_PATTERN = compile_lazily(r"\bupstream\s+([\w.-]+)\s*\{")
_NAME_PATTERN = compile_lazily(r"\$\w+")
_COMMENT_PATTERN = compile_lazily(r"(?m)(?:^|(?<=\s))#.*$")


def is_sent_to_address(
    engine: Engine, proxy: Json, addresses: Collection[str], names: Collection[str]
) -> bool:
    """Return whether its configuration sends to one of *addresses*, and nowhere to one of *names*."""
    hosts = {host for text in iter_config_texts(engine, proxy) for host in list_destinations(text)}
    return bool(hosts & {*addresses}) and not hosts & {*names}


def iter_config_texts(engine: Engine, proxy: Json) -> Iterator[str]:
    """Yield the files where that usually is, and those that were mounted: not all there are."""
    mounted = (mount.destination for mount in list_mount_points(proxy))
    own = {path for path in mounted if path.startswith(CONFIG_FOLDER) and path.endswith(CONFIG_SUFFIX)}
    for path in sorted({*USUAL_FILES, *own}):
        try:
            content = engine.read_archive(str(proxy.get("Id") or ""), path)
        except (NotThere, OutOfReach):
            continue
        yield content.decode("utf-8", "replace")


def list_destinations(text: str) -> set[str]:
    """Return the hosts to which a configuration sends; the name of a group of servers is none."""
    told = fill_variables(_COMMENT_PATTERN.sub("", text))
    return {*_DESTINATION_PATTERN.findall(told)} - {*_UPSTREAM_PATTERN.findall(told)}


def fill_variables(text: str) -> str:
    """Put in the values of variables that are set once: `set $to api; proxy_pass http://$to;`."""
    found = _VARIABLE_PATTERN.findall(text)
    names = [name for name, _ in found]
    values = {name: value for name, value in found if names.count(name) == 1}
    return _NAME_PATTERN.sub(lambda used: values.get(used[0], used[0]), text)
