"""Method and path of a request in, whether the promise to change nothing lets it leave out."""

import re

_READS = re.compile(
    r"""(?:/v\d+\.\d+)?(?:
        /_ping
      | /info
      | /nodes
      | /containers/json
      | /containers/[^/]+/(?:json|logs|stats|top)
      | /images/.+/json
    )""",
    re.VERBOSE,
)


class Forbidden(RuntimeError):
    """A bug of ours: a request that is not on the list was about to leave."""


def permit(method: str, path: str) -> None:
    """Raise `Forbidden` unless this is one of the readings that grading needs."""
    segments = path.split("/")[1:]
    if method != "GET" or not _READS.fullmatch(path) or {"", ".", ".."} & set(segments):
        raise Forbidden(f"{method} {path}")
