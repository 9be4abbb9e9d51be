"""Method and path of a request in, whether the promise to change nothing lets it leave out."""

import re

# A command inside a container: what may be run there is the probes' promise, and each is named in the report.
_RUNS = re.compile(r"(?:/v\d+\.\d+)?(?:/containers/[^/]+/exec|/exec/[^/]+/start)")
_READS = re.compile(
    r"""(?:/v\d+\.\d+)?(?:
        /_ping
      | /containers/json
      | /containers/[^/]+/(?:json|logs|stats|top)
      | /images/.+/json
      | /exec/[^/]+/json
    )""",
    re.VERBOSE,
)


class Forbidden(RuntimeError):
    """A bug of ours: a request that is not on the list was about to leave."""


def permit(method: str, path: str) -> None:
    """Raise `Forbidden` unless this is one of the readings that grading needs, or runs a command to look."""
    segments = path.split("/")[1:]
    known = {"GET": _READS, "POST": _RUNS}.get(method)
    if known is None or not known.fullmatch(path) or {"", ".", ".."} & set(segments):
        raise Forbidden(f"{method} {path}")
