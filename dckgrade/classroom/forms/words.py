"""The class report's own words, for every form of it that people read."""

from collections.abc import Mapping

from dckgrade.classroom.attempts import Trust
from dckgrade.classroom.class_report import Flag
from dckgrade.words import N_

FLAGS: Mapping[Flag, str] = {
    "copy": N_("shared with somebody else"),
    "same-engine": N_("same engine as somebody else"),
    "other-lab": N_("graded by another version of the lab"),
    "claimed-otherwise": N_("claims what its recording does not show"),
    "incomplete": N_("cut off by a deadline"),
    "name-differs": N_("written under another name"),
    "unreached": N_("engine not reached"),
}
TRUST: Mapping[Trust, str] = {
    "declared": N_("declared by the trainee"),
    "corroborated": N_("signed with the trainee's key"),
    "observed": N_("seen by the trainer"),
}
