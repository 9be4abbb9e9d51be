"""Proofs → one JSON document, `dckgrade-proof/1`: what other programs read."""

from collections.abc import Sequence
from typing import Any

import msgspec

from dckgrade.report.codec import replace_surrogates
from dckgrade.report.proof import Proof

PROOF_SCHEMA = "dckgrade-proof/1"


def render_proof_json(proofs: Sequence[Proof], lang: str) -> bytes:
    """Write everything: names and cells in no language, what is wrong in *lang* too."""
    proven = bool(proofs) and all(not proof.faults for proof in proofs)
    whole = {
        "schema": PROOF_SCHEMA,
        "proven": proven,
        "lang": lang,
        "labs": [convert_proof(proof, lang) for proof in proofs],
    }
    return msgspec.json.format(msgspec.json.encode(replace_surrogates(whole)), indent=2) + b"\n"


def convert_proof(proof: Proof, lang: str) -> dict[str, Any]:
    """Write one lab; each fault with its place in the lab's file."""
    written: dict[str, Any] = msgspec.to_builtins(proof)
    del written["places"]
    written["proven"] = not proof.faults
    written["faults"] = [
        {
            "message": fault.translate_sentence(lang),
            **dict(zip(("line", "column"), proof.find_place(fault), strict=True)),
            **{name: getattr(fault, name) for name in ("check", "case", "code", "detail")},
        }
        for fault in proof.faults
    ]
    return written
