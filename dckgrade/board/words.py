"""The words of the board's pages."""

from collections.abc import Mapping

from dckgrade.i18n import N_, get_translator

WORDS: Mapping[str, str] = {
    "board": N_("Class board"),
    "classes": N_("Classes"),
    "join": N_("To join, type"),
    "expired": N_("The code has run out."),
    "until": N_("The code is good until"),
    "new_code": N_("New code"),
    "class_name": N_("Name of the class"),
    "create": N_("Create"),
    "help_next": N_("Whom to help next"),
    "nobody_stuck": N_("Nobody is stuck."),
    "stuck_for": N_("stuck for"),
    "hands": N_("Raised hands"),
    "hand_up": N_("hand up"),
    "no_hands": N_("No hand is raised."),
    "lower": N_("Lower"),
    "mistakes": N_("Mistakes made now"),
    "no_mistakes": N_("No mistake is made now."),
    "no_name": N_("no known mistake"),
    "trainees": N_("Trainees"),
    "no_trainees": N_("Nobody has joined yet."),
    "trainee": N_("Trainee"),
    "last_seen": N_("Last seen"),
    "left": N_("has left"),
    "progress": N_("Progress"),
    "lab": N_("Lab"),
    "every_lab": N_("Every lab"),
    "sort": N_("Order"),
    "sort_stuck": N_("Stuck for longest"),
    "sort_name": N_("Name"),
    "sort_points": N_("Points"),
    "sort_seen": N_("Last seen"),
    "name_filter": N_("Name contains"),
    "show": N_("Show"),
    "projector": N_("For the projector, without names"),
    "back": N_("Back to the class"),
    "history": N_("Reports, the latest first"),
    "no_reports": N_("No report has come yet."),
    "received": N_("Received"),
    "points": N_("Points"),
    "report": N_("Report"),
    "judging": N_("not judged yet"),
    "rejoin": N_("Let them join again (15 minutes)"),
    "rejoin_why": N_(
        "For a trainee who lost their key: the old one is void as soon as they have joined again."
    ),
    "exports": N_("Export:"),
    "entry": N_("Open the link that `dckgrade board` has printed, or type its token."),
    "token": N_("Token"),
    "enter": N_("Enter"),
    "not_found": N_("There is no such page."),
    "unavailable": N_("The board's database does not answer; load the page again in a moment."),
    "forbidden": N_("This form is too old or from another page: go back, load the page again, and repeat."),
    "copy": N_("shared with another trainee"),
    "odd": N_("worth a look"),
    "passed": N_("passed"),
    "working": N_("working on it"),
    "all_passed": N_("all passed"),
    "unreached": N_("engine not reached"),
    "more": N_("More trainees than are shown; filter by name:"),
    "ago": N_("{age} ago"),
}


def translate_words(lang: str) -> dict[str, str]:
    """Return the words in *lang*."""
    translate = get_translator(lang)
    return {name: translate(text) for name, text in WORDS.items()}
