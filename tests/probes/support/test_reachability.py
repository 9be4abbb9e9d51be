"""Two containers as the engine inspects them in; whether one can reach the other out."""

from typing import Any

import pytest

from dckgrade.probes.support.reachability import can_reach_other


def stand(name: str, ref: str, mode: str) -> dict[str, Any]:
    return {"Name": f"/{name}", "Id": ref * 64, "HostConfig": {"NetworkMode": mode}}


LENDER = stand("es", "a", "bridge")


@pytest.mark.parametrize(
    ("mode", "reaches"),
    [
        # An engine keeps what was asked for: an id, its beginning, or a name.
        ("container:" + "a" * 64, True),
        ("container:" + "a" * 12, True),
        ("container:es", True),
        ("container:/es", True),
        ("container:kibana", False),
        ("container:" + "b" * 64, False),
        ("container:", False),
        ("host", False),
        ("bridge", False),
    ],
)
def test_a_network_may_be_lent_by_id_or_by_name(mode: str, *, reaches: bool) -> None:
    borrower = stand("logs", "c", mode)
    assert can_reach_other(borrower, LENDER) is can_reach_other(LENDER, borrower) is reaches


def test_two_that_borrow_of_the_same_reach_each_other() -> None:
    assert can_reach_other(stand("x", "c", "container:es"), stand("y", "d", "container:es"))
    assert can_reach_other(stand("x", "c", "host"), stand("y", "d", "host"))


def test_the_machines_network_is_no_containers() -> None:
    assert not can_reach_other(stand("x", "c", "host"), stand("host", "d", "bridge"))
    assert not can_reach_other(stand("x", "c", "container:"), {"Id": "d" * 64})
