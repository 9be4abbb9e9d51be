"""Messages of class reports, for every format that people read."""

from collections.abc import Mapping

from dckgrade.i18n import N_, get_translator
from dckgrade.report.class_report import Flag, Trust

FLAG_MESSAGES: Mapping[Flag, str] = {
    "copy": N_("shared with somebody else"),
    "same-engine": N_("same engine as somebody else"),
    "other-lab": N_("graded by another version of the lab"),
    "claimed-otherwise": N_("claims what its recording does not show"),
    "incomplete": N_("cut off by a deadline"),
    "name-differs": N_("written under another name"),
    "no-name": N_("says no name; that of its folder or file counts"),
    "unreached": N_("engine not reached"),
    "bad-signature": N_("its signature is not of this report and the trainee's key"),
    "published": N_("one of dckgrade's own published recordings"),
    "impossible-time": N_("says a time at which it cannot have been made"),
    "wrong-kind": N_("holds observations that are not of their kind"),
    "unknown-version": N_("made by a version of dckgrade that is not known here"),
}
TRUST_MESSAGES: Mapping[Trust, str] = {
    "declared": N_("declared by the trainee"),
    "corroborated": N_("signed with the trainee's key"),
    "observed": N_("seen by the trainer"),
}
TRUST_SIGNS: Mapping[Trust, str] = {"declared": "○", "corroborated": "◐", "observed": "●"}
SUSPICION_MESSAGES: Mapping[str, str] = {
    "nobody-passes": N_("nobody passes: is the check at fault?"),
    "everybody-passes": N_("everybody passes: is this check useful?"),
}
CLASS_LABELS: Mapping[str, str] = {
    "class_report": N_("Class report"),
    "expected": N_("trainees"),
    "handed_in": N_("handed in"),
    "missing": N_("Nothing handed in"),
    "odd": N_("Worth a look"),
    "explain_next": N_("What to explain next"),
    "rarer": N_("Rarer mistakes"),
    "no_mistakes": N_("No mistake that the labs know by name was made."),
    "who": N_("Who"),
    "variants": N_("What was said to whom"),
    "stuck": N_("Who is stuck where"),
    "stuck_note": N_(
        "The first check that fails; since how long, by the class's newest report; in how many reports."
    ),
    "show": N_("Show"),
    "sort": N_("Sort"),
    "by_name": N_("by name"),
    "by_points": N_("by points"),
    "glance": N_("The class at a glance"),
    "trainee": N_("Trainee"),
    "total": N_("Total"),
    "average": N_("Average"),
    "legend": N_("Signs"),
    "absent": N_("not handed in"),
    "undecided": N_("points that are undecided"),
    "flagged": N_("worth a look, see below"),
    "checks": N_("Check by check"),
    "check": N_("Check"),
    "points": N_("points"),
    "how": N_("How it ended"),
    "passing": N_("Pass"),
    "remark": N_("Remark"),
    "matrix": N_("Check by check, each trainee"),
    "lab": N_("Lab"),
    "what": N_("What"),
    "refused": N_("Ignored"),
    "file": N_("File"),
    "reason": N_("Reason"),
    "each": N_("Trainee by trainee"),
    "mistake": N_("Mistake"),
    "verdict": N_("Verdict"),
    "history": N_("Other attempts"),
    "left_out": N_(
        "In a class of this size the trainees' details are left out: the JSON document holds them."
    ),
    "reports": N_("Reports"),
    "version": N_("Version"),
}


ROW_FILTERS: Mapping[str, str] = {
    "all": N_("everybody"),
    "failing": N_("something fails"),
    "flagged": N_("worth a look"),
    "missing": N_("nothing handed in"),
    "done": N_("everything passes"),
}
"""By the class of the rows, what may be chosen to be shown."""


def translate_filters(lang: str) -> list[tuple[str, str]]:
    """Return what may be chosen, each with its class."""
    translate = get_translator(lang)
    return [(kind, translate(text)) for kind, text in ROW_FILTERS.items()]


def translate_class_labels(lang: str) -> dict[str, str]:
    """Return the headings and labels in *lang*."""
    translate = get_translator(lang)
    return {name: translate(text) for name, text in CLASS_LABELS.items()}
