"""Proofs in, one audience's form of them out: people, CI systems, other programs."""

import sys
from collections.abc import Callable, Sequence

from dckgrade.prove.proof import Proof

Form = Callable[[Sequence[Proof], str], bytes]
"""Proofs and a language → a document."""


def document(proofs: Sequence[Proof], _lang: str) -> bytes:
    """Write everything as one JSON document, `dckgrade-proof/1`."""
    import msgspec

    proven = all(not proof.faults for proof in proofs)
    whole = {"schema": "dckgrade-proof/1", "proven": proven, "labs": list(proofs)}
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def junit(proofs: Sequence[Proof], lang: str) -> bytes:
    """Write JUnit XML."""
    from dckgrade.prove.forms.junit import junit

    return junit(proofs, lang)


def markdown(proofs: Sequence[Proof], lang: str) -> bytes:
    """Write a job summary."""
    from dckgrade.prove.forms.markdown import markdown

    return markdown(proofs, lang).encode()


def github(proofs: Sequence[Proof], lang: str) -> bytes:
    """Write annotations for GitHub's checks."""
    from dckgrade.prove.forms.github import github

    return github(proofs, lang).encode()


def page(proofs: Sequence[Proof], lang: str) -> bytes:
    """Write the page with the matrix as a picture."""
    from dckgrade.prove.forms.page import page

    return page(proofs, lang).encode()


BY_SUFFIX: dict[str, Form] = {".html": page, ".json": document, ".xml": junit, ".md": markdown}
BY_NAME: dict[str, Form] = {"json": document, "junit": junit, "github": github, "md": markdown}


def on_stdout(proofs: Sequence[Proof], shape: str, lang: str) -> None:
    """Print the proofs in the form asked for."""
    if shape in BY_NAME:
        sys.stdout.buffer.write(BY_NAME[shape](proofs, lang))
        sys.stdout.buffer.flush()
        return
    from rich.console import Console

    from dckgrade.prove.forms.terminal import terminal

    console = Console(highlight=False, emoji=False)
    for proof in proofs:
        console.print(terminal(proof, lang))
