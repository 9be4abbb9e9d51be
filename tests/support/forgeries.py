"""Reports that are not what they say, and what the class report is to say of each."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

import dckgrade
from dckgrade.classroom.traces import find_identity_values
from dckgrade.report import codec, signature
from dckgrade.report.class_report import ClassReport
from dckgrade.report.observation import Seen
from dckgrade.report.report import Report
from tests.support.class_reports import (
    encode_report,
    gather_class,
    make_submission,
    make_trainee_report,
    read_recorded_report,
)

KEYS = ADA, BOB = (signature.TraineeKey("Ada", "a1" * 32), signature.TraineeKey("Bob", "b2" * 32))
HONEST_AT = "2026-11-24T10:00:00Z"
REFUSED = "refused"
"""Stands where a flag would: the report is a row with its reason instead."""
RECOUNTED = "recounted"
"""Likewise: nothing is to be flagged, and the score is what the recording comes to."""


class Forgery(NamedTuple):
    """One or more files, and what is to be told of the one called Ada's."""

    name: str
    make: Callable[[], Sequence[bytes]]
    flag: str
    keys: Sequence[signature.TraineeKey] = ()


@cache
def make_honest() -> Report:
    return make_trainee_report("Ada", "tp5", "no-password", at=HONEST_AT)


@cache
def make_solved() -> Report:
    return make_trainee_report("Bob", "tp5", at="2026-11-24T11:00:00Z")


@cache
def make_signed() -> bytes:
    return signature.sign_report(make_honest(), ADA)


def edit(change: Callable[[dict[str, Any]], object], raw: bytes | None = None) -> list[bytes]:
    """Change an honest report as an editor would: written again as it was."""
    content = json.loads(encode_report(make_honest()) if raw is None else raw)
    change(content)
    return [json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n"]


def put(*path: str | int, value: object) -> Callable[[dict[str, Any]], object]:
    """Make a change that puts *value* at *path*."""

    def change(content: Any) -> None:
        for step in path[:-1]:
            content = content[step]
        content[path[-1]] = value

    return change


def put_in_observations(name: str, value: object) -> Callable[[dict[str, Any]], object]:
    def change(content: dict[str, Any]) -> None:
        next(iter(content["observations"].values()))[name] = value

    return change


def claim_all(content: dict[str, Any]) -> None:
    """Claim that everything passed."""
    content["score"] = {"earned": 10, "possible": 10, "undecided": 0}
    for check in content["checks"]:
        check |= {"verdict": "passed", "earned": check["points"], "misses": [], "diagnosis": None}


def exchange_kinds(content: dict[str, Any]) -> None:
    """Give one observation the kind and facts of another."""
    first, *_, last = content["observations"]
    content["observations"][first] = content["observations"][last]


def hand_in_published(lab: str, case: str, **changes: Any) -> list[bytes]:
    """Hand in a recording of the repository's under one's own name."""
    return [encode_report(replace(read_recorded_report(lab, case), trainee="Ada", **changes))]


def with_another_id(report: Report) -> Report:
    """Change one of several ids in a recording."""
    facts = [seen.facts for seen in report.observations.values() if isinstance(seen, Seen)]
    identity = find_identity_values(facts)[0].encode()
    return codec.from_json(encode_report(report).replace(identity, b"f" * len(identity)), "x")


def time_at(text: str) -> Forgery:
    return Forgery(f"begun at {text[:40]!r}", lambda: edit(put("started_at", value=text)), "impossible-time")


SIGNATURES = [
    Forgery("edited after it was signed", lambda: edit(claim_all, make_signed()), "bad-signature", KEYS),
    Forgery(
        "another time after it was signed",
        lambda: edit(put("started_at", value="2026-11-24T09:00:00Z"), make_signed()),
        "bad-signature",
        KEYS,
    ),
    Forgery(
        "signed with another's key",
        lambda: [signature.sign_report(make_honest(), BOB)],
        "bad-signature",
        KEYS,
    ),
    Forgery(
        "signed with a key of nobody's",
        lambda: [signature.sign_report(make_honest(), signature.TraineeKey("Ada", "c3" * 32))],
        "bad-signature",
        KEYS,
    ),
    Forgery(
        "another's signature",
        lambda: edit(
            put("signature", value=json.loads(signature.sign_report(make_solved(), BOB))["signature"])
        ),
        "bad-signature",
        KEYS,
    ),
    Forgery(
        "signed report of another under one's own name",
        lambda: edit(put("trainee", value="Ada"), signature.sign_report(make_solved(), BOB)),
        "bad-signature",
        KEYS,
    ),
    Forgery(
        "signature of no key's",
        lambda: edit(put("signature", value={"mac": "1" * 64})),
        "bad-signature",
        KEYS,
    ),
    Forgery(
        "signature copied to another attempt, without keys",
        lambda: [make_signed(), *edit(put("started_at", value="2026-11-24T12:00:00Z"), make_signed())],
        "bad-signature",
    ),
    Forgery(
        "signature of nobody, signed by somebody unknown",
        lambda: [signature.sign_report(make_honest(), ADA)],
        "bad-signature",
        [BOB],
    ),
    *(
        Forgery(
            f"signature of {len(mac)} {mac[:1]!r}",
            lambda mac=mac: edit(put("signature", value={"mac": mac})),  # type: ignore[misc]
            "bad-signature",
        )
        for mac in ("", "0" * 64, "A" * 64, "a" * 63, "a" * 65, "é" * 64, "z" * 64)
    ),
    Forgery(
        "saved again by an editor", lambda: [make_signed().replace(b"\n", b"\r\n")], "bad-signature", KEYS
    ),
]
TIMES = [
    *map(
        time_at,
        (
            "yesterday",
            "",
            "1970-01-01T00:00:00Z",
            "2999-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "0000-00-00T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-31T10:00:00Z",
            "2026-11-24T25:00:00Z",
            "2026-11-24",
            "2026-11-24T10:00:00",
            "2026-11-24T10:00:00+14:00",
            "20261124T100000Z",
            "1764000000",
            " 2026-11-24T10:00:00Z",
            "2026-11-24T10:00:00Z\n",
            "\u0662\u0660\u0662\u0666-11-24T10:00:00Z",
            "~" * 1000,
        ),
    ),
    Forgery("negative duration", lambda: edit(put("duration_ms", value=-1)), "impossible-time"),
    Forgery("duration of a year", lambda: edit(put("duration_ms", value=31_536_000_000)), "impossible-time"),
    Forgery(
        "check of negative duration",
        lambda: edit(put("checks", 0, "duration_ms", value=-5)),
        "impossible-time",
    ),
    Forgery(
        "observation of negative duration",
        lambda: edit(put_in_observations("duration_ms", -5)),
        "impossible-time",
    ),
]
KINDS = [
    Forgery(
        "observation of a kind that is not its key's",
        lambda: edit(put_in_observations("kind", "network")),
        "wrong-kind",
    ),
    Forgery("observation of no kind", lambda: edit(put_in_observations("kind", "")), "wrong-kind"),
    Forgery("observation of another in its place", lambda: edit(exchange_kinds), "wrong-kind"),
    Forgery(
        "observation without a key",
        lambda: edit(
            lambda content: content["observations"].update({"": {"state": "absent", "kind": "network"}})
        ),
        "wrong-kind",
    ),
]
VERSIONS = [
    *(
        Forgery(
            f"version {version!r}",
            lambda version=version: edit(put("dckgrade", value=version)),  # type: ignore[misc]
            "unknown-version",
        )
        for version in (
            "99.0",
            "99.0.1",
            "99",
            "",
            "latest",
            "0.1.0; rm",
            "0.1.0-",
            "\u0660.\u0661.\u0660",
            "9" * 5000,
        )
    ),
    Forgery(
        "lab of another version", lambda: edit(put("lab", "digest", value="sha256:" + "0" * 64)), "other-lab"
    ),
    Forgery("lab without a version", lambda: edit(put("lab", "digest", value="")), "other-lab"),
    *(
        Forgery(f"lab {lab!r}", lambda lab=lab: edit(put("lab", "id", value=lab)), REFUSED)  # type: ignore[misc]
        for lab in ("tp99", "", "../tp5", "tp5\0", "TP5")
    ),
]
PUBLISHED = [
    Forgery("our solution", lambda: hand_in_published("tp5", "solution"), "published"),
    Forgery(
        "our solution, made today",
        lambda: hand_in_published("tp5", "solution", started_at="2026-11-28T10:00:00Z", duration_ms=999),
        "published",
    ),
    Forgery(
        "our solution with another id",
        lambda: [encode_report(with_another_id(read_recorded_report("tp5", "solution")))],
        "published",
    ),
    *(
        Forgery(
            f"our solution of {lab}, at another time",
            lambda lab=lab: hand_in_published(  # type: ignore[misc]
                lab, "solution", started_at="2026-11-28T10:00:00Z"
            ),
            "published",
        )
        for lab in ("tp2", "tp3", "ch1", "ch4", "ch8")
    ),
    Forgery(
        "our demonstration",
        lambda: [
            codec.to_json(
                replace(
                    codec.from_json(Path(dckgrade.__file__).with_name("demo.json").read_bytes(), "x"),
                    trainee="Ada",
                )
            )
        ],
        "published",
    ),
]
CLAIMS = [
    Forgery("everything passed", lambda: edit(claim_all), "claimed-otherwise"),
    Forgery(
        "more points than there are", lambda: edit(put("score", "earned", value=99)), "claimed-otherwise"
    ),
    Forgery("points of a check", lambda: edit(put("checks", 0, "earned", value=10**6)), "claimed-otherwise"),
    Forgery("no checks at all", lambda: edit(put("checks", value=[])), "claimed-otherwise"),
    Forgery(
        "another's report under one's own name",
        lambda: [encode_report(make_solved()), encode_report(replace(make_solved(), trainee="Ada"))],
        "copy",
    ),
    Forgery(
        "another's report, made at another time",
        lambda: [
            encode_report(make_solved()),
            encode_report(replace(make_solved(), trainee="Ada", started_at=HONEST_AT)),
        ],
        "copy",
    ),
    Forgery(
        "score of NaN",
        lambda: [encode_report(make_honest()).replace(b'"earned": 0', b'"earned": NaN')],
        REFUSED,
    ),
    Forgery(
        "two scores",
        lambda: [
            encode_report(make_honest()).replace(
                b'"score":', b'"score": {"earned": 10, "possible": 10, "undecided": 0}, "score":', 1
            )
        ],
        RECOUNTED,
    ),
    Forgery("schema of another version", lambda: edit(put("schema", value="dckgrade-report/9")), REFUSED),
]
FORGERIES = [*SIGNATURES, *TIMES, *KINDS, *VERSIONS, *PUBLISHED, *CLAIMS]


def find_untold(forgery: Forgery) -> Iterator[str]:
    """Yield what the class report does not say of it."""
    submissions = [make_submission(raw, f"{at}.json") for at, raw in enumerate(forgery.make())]
    report = gather_class(*submissions, keys=forgery.keys)
    if forgery.flag == REFUSED:
        if not report.refused:
            yield "taken in without a word"
        return
    flags = list_flags(report)
    if forgery.flag == RECOUNTED:
        honest = gather_class(encode_report(make_honest())).rows[0].score
        if report.rows[0].score != honest:
            yield f"scores {report.rows[0].score.earned}"
    elif forgery.flag not in flags:
        yield f"flags {flags or 'nothing'}, not {forgery.flag}"


def list_flags(report: ClassReport) -> list[str]:
    rows = [row for row in report.rows if row.trainee != "Bob"]
    return [flag for row in rows for cell in row.cells.values() for flag in cell.flags]
