"""Method and path of a request in, whether the promise to change nothing lets it leave out."""

import re

import msgspec

# A command inside a container: what may be run there is the probes' promise, and each is named in the report.
_RUNS = re.compile(r"(?:/v\d+\.\d+)?(?:/containers/[^/]+/exec|/exec/[^/]+/start)")
_READS = re.compile(
    r"""(?:/v\d+\.\d+)?(?:
        /_ping
      | /info
      | /events
      | /nodes
      | /containers/json
      | /containers/[^/]+/(?:archive|json|logs|stats|top)
      | /images/json
      | /volumes/[^/]+
      | /images/.+/json
      | /exec/[^/]+/json
    )""",
    re.VERBOSE,
)


_MAY_ASK = {"AttachStdout", "AttachStderr", "Cmd", "Detach", "Tty"}


class Forbidden(RuntimeError):
    """A bug of ours: a request that is not on the list was about to leave."""


def permit(method: str, path: str, body: bytes | str | None = None) -> None:
    """Raise `Forbidden` unless this is one of the readings that grading needs, or runs a command to look."""
    segments = path.split("/")[1:]
    known = {"GET": _READS, "POST": _RUNS}.get(method)
    if known is None or not known.fullmatch(path) or {"", ".", ".."} & set(segments):
        raise Forbidden(f"{method} {path}")
    if method == "POST" and not _harmless(body):
        raise Forbidden(f"{method} {path} with more than a command")


def _harmless(body: bytes | str | None) -> bool:
    """Say whether nothing is asked for but a command and its output: no privileges, no user, no terminal."""
    asked = msgspec.json.decode(body or b"null")
    return isinstance(asked, dict) and asked.keys() <= _MAY_ASK and not asked.get("Tty")
