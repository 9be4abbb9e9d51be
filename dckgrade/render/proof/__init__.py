"""Proofs in, one audience's form of them out: people, CI systems, other programs."""

from collections.abc import Callable, Sequence

from dckgrade.report.proof import Proof

Form = Callable[[Sequence[Proof], str], bytes]
"""Proofs and a language → a document."""


def document(proofs: Sequence[Proof], lang: str) -> bytes:
    """Write everything as one JSON document, `dckgrade-proof/1`."""
    from dckgrade.render.proof.json import document

    return document(proofs, lang)


def junit(proofs: Sequence[Proof], lang: str) -> bytes:
    """Write JUnit XML."""
    from dckgrade.render.proof.junit import junit

    return junit(proofs, lang)


def markdown(proofs: Sequence[Proof], lang: str) -> bytes:
    """Write a job summary."""
    from dckgrade.render.proof.markdown import markdown

    return markdown(proofs, lang).encode()


def github(proofs: Sequence[Proof], lang: str) -> bytes:
    """Write annotations for GitHub's checks."""
    from dckgrade.render.proof.github import github

    return github(proofs, lang).encode()


def page(proofs: Sequence[Proof], lang: str) -> bytes:
    """Write the page with the matrix as a picture."""
    from dckgrade.render.proof.html import page

    return page(proofs, lang).encode()


BY_SUFFIX: dict[str, Form] = {".html": page, ".json": document, ".xml": junit, ".md": markdown}
BY_NAME: dict[str, Form] = {"json": document, "junit": junit, "github": github, "md": markdown}
