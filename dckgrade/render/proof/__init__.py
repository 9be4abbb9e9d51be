"""Proofs in, one audience's form of them out: people, CI systems, other programs."""

from collections.abc import Callable, Sequence

from dckgrade.report.proof import Proof

ProofRenderer = Callable[[Sequence[Proof], str], bytes]
"""Proofs and a language → a document."""


def render_proof_json(proofs: Sequence[Proof], lang: str) -> bytes:
    """Write everything as one JSON document, `dckgrade-proof/1`."""
    from dckgrade.render.proof.json import render_proof_json

    return render_proof_json(proofs, lang)


def render_proof_junit(proofs: Sequence[Proof], lang: str) -> bytes:
    """Write JUnit XML."""
    from dckgrade.render.proof.junit import render_proof_junit

    return render_proof_junit(proofs, lang)


def render_proof_markdown(proofs: Sequence[Proof], lang: str) -> bytes:
    """Write a job summary."""
    from dckgrade.render.proof.markdown import render_proof_markdown

    return render_proof_markdown(proofs, lang).encode()


def render_proof_github(proofs: Sequence[Proof], lang: str) -> bytes:
    """Write annotations for GitHub's checks."""
    from dckgrade.render.proof.github import render_proof_github

    return render_proof_github(proofs, lang).encode()


def render_proof_page(proofs: Sequence[Proof], lang: str) -> bytes:
    """Write the page with the matrix as a picture."""
    from dckgrade.render.proof.html import render_proof_page

    return render_proof_page(proofs, lang).encode()


PROOF_RENDERERS_BY_SUFFIX: dict[str, ProofRenderer] = {
    ".html": render_proof_page,
    ".json": render_proof_json,
    ".xml": render_proof_junit,
    ".md": render_proof_markdown,
}
PROOF_RENDERERS_BY_NAME: dict[str, ProofRenderer] = {
    "json": render_proof_json,
    "junit": render_proof_junit,
    "github": render_proof_github,
    "md": render_proof_markdown,
}
