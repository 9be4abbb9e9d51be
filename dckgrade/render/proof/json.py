"""Render proofs as one JSON document, `dckgrade-proof/1`."""

from collections.abc import Sequence
from typing import Any

import msgspec

from dckgrade.report.codec import encode_document
from dckgrade.report.proof import Proof

PROOF_SCHEMA = "dckgrade-proof/1"


def render_proof_json(proofs: Sequence[Proof], lang: str) -> bytes:
    """Encode the proofs; the messages of faults are in *lang*."""
    proven = bool(proofs) and all(not proof.faults for proof in proofs)
    document = {
        "schema": PROOF_SCHEMA,
        "proven": proven,
        "lang": lang,
        "labs": [convert_proof(proof, lang) for proof in proofs],
    }
    return encode_document(document)


def convert_proof(proof: Proof, lang: str) -> dict[str, Any]:
    """Convert one proof; each fault has its place in the lab's file."""
    converted: dict[str, Any] = msgspec.to_builtins(proof)
    del converted["places"]
    converted["proven"] = not proof.faults
    converted["faults"] = [
        {
            "message": fault.translate_sentence(lang),
            **dict(zip(("line", "column"), proof.find_place(fault), strict=True)),
            **{name: getattr(fault, name) for name in ("check", "case", "code", "detail")},
        }
        for fault in proof.faults
    ]
    return converted
