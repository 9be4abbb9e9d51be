"""Rank the mistakes of a class by how many trainees have them to mend."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from dckgrade.classroom.attempts import Attempt, load_trainer_lab
from dckgrade.i18n import Lang
from dckgrade.lab.catalogue import translate_with_blanks
from dckgrade.report.class_report import MistakeVariant, SharedMistake


def rank_mistakes(
    attempts: Iterable[Attempt], first_checks: Mapping[tuple[str, str], str], lang: Lang
) -> list[SharedMistake]:
    """
    Rank the mistakes of the *attempts* that count, the most shared first; what follows from another is none.

    *first_checks*: by lab and code, the check in which the mistake was met first.
    """
    who: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for attempt in attempts:
        roots = (attempt.mistakes[check] for check in attempt.root_failures if check in attempt.mistakes)
        for code in dict.fromkeys(roots):
            who[attempt.lab, code].append((attempt.trainee, attempt.said.get(code, "")))
    ranked = sorted(who.items(), key=lambda item: (-len(item[1]), item[0]))
    return [
        make_shared_mistake(lab_id, code, first_checks[lab_id, code], making, lang)
        for (lab_id, code), making in ranked
    ]


def make_shared_mistake(
    lab_id: str, code: str, check: str, making: Sequence[tuple[str, str]], lang: Lang
) -> SharedMistake:
    """
    Write one mistake in general words, and what is said of it with each of its trainees.

    *making*: the trainees, each with the sentence that is theirs alone, or "".
    """
    diagnosis = load_trainer_lab(lab_id).lab.written_diagnoses[code]
    variants: dict[str, list[str]] = defaultdict(list)
    for trainee, sentence in making:
        if sentence:
            variants[sentence].append(trainee)
    return SharedMistake(
        code=code,
        lab=lab_id,
        check=check,
        # A sentence that ends in a blank ends in one sign.
        message=translate_with_blanks(diagnosis.message, lang).replace("….", "…"),
        hint=translate_with_blanks(diagnosis.hint, lang),
        why=translate_with_blanks(diagnosis.why, lang),
        look=translate_with_blanks(diagnosis.look, lang),
        source=diagnosis.source or "",
        trainees=[trainee for trainee, _ in making],
        variants=[
            MistakeVariant(message=message, trainees=trainees)
            for message, trainees in sorted(variants.items(), key=lambda item: (-len(item[1]), item[0]))
        ],
    )
