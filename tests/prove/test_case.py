"""Cases as their folders say: what is refused, and what a case may change about the waiting."""

from pathlib import Path

import pytest

from dckgrade.lab.load import LabInvalid
from dckgrade.prove.case import Case, CaseKind, Expectation, read_case, read_proof_settings
from dckgrade.prove.live import cap_budgets
from tests.support.built_in_labs import load_built_in_lab


def test_the_former_name_of_a_key_in_expect_yaml_leads_to_the_new_one(tmp_path: Path) -> None:
    (tmp_path / "expect.yaml").write_text("spent: true\n")

    with pytest.raises(LabInvalid, match=r"unknown key `spent`; did you mean `needs_fresh_engine`\?"):
        read_case("tiny", tmp_path, CaseKind.MISTAKE)


def test_the_former_name_of_a_key_in_proof_yaml_leads_to_the_new_one(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "proof.yaml").write_text("images: [nginx]\nshelf: [nginx]\n")

    with pytest.raises(LabInvalid, match=r"2:1: unknown key `shelf`; did you mean `pullable_images`\?"):
        read_proof_settings(tmp_path, "tiny")


def test_the_new_keys_are_read(tmp_path: Path) -> None:
    (tmp_path / "expect.yaml").write_text("needs_fresh_engine: true\nbudget: {dbserver-accepts: 5s}\n")
    (tmp_path / "proof.yaml").write_text("pullable_images: [nginx]\n")

    expectation = read_case("tiny", tmp_path, CaseKind.MISTAKE).expectation

    assert expectation.needs_fresh_engine
    assert expectation.budget == {"dbserver-accepts": "5s"}
    assert read_proof_settings(tmp_path.parent, tmp_path.name).pullable_images == ["nginx"]


@pytest.mark.parametrize(("cap", "within_s"), [("5s", 5.0), ("9999s", None)])
def test_a_case_can_shorten_the_wait_for_a_check_and_not_lengthen_it(
    cap: str, within_s: float | None
) -> None:
    loaded = load_built_in_lab("tp5")
    waited_for = next(check for check in loaded.lab.checks if check.within)
    case = Case("tp5", "x", CaseKind.MISTAKE, Path(), Expectation(budget={waited_for.id: cap}))

    capped = cap_budgets(loaded, case)

    for before, after in zip(loaded.lab.checks, capped.lab.checks, strict=True):
        wanted = within_s if before is waited_for and within_s else before.within_s
        assert after.within_s == wanted
    assert capped.digest == loaded.digest
