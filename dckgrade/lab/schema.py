"""Build the JSON Schema of labs, draft-07, as editors (yaml-language-server) read it."""

from typing import Any

import msgspec

from dckgrade.lab.model import Lab
from dckgrade.probes.registry import kinds_by_name

SCHEMA_DRAFT_URI = "http://json-schema.org/draft-07/schema#"
REFERENCE_TEMPLATE = "#/definitions/{name}"


def build_lab_schema() -> dict[str, Any]:
    """Describe a lab. msgspec speaks draft 2020-12; of what it says of ours only `$defs` differs."""
    kinds = list(kinds_by_name().values())
    each_kind, _ = msgspec.json.schema_components(kinds, ref_template=REFERENCE_TEMPLATE)
    _, components = msgspec.json.schema_components(
        [Lab, *kinds],
        # A probe of any kind, for which the types of a lab have a stand-in.
        schema_hook=lambda _: {"anyOf": list(each_kind)},
        ref_template=REFERENCE_TEMPLATE,
    )
    definitions = {name: remove_null(body) for name, body in sorted(components.items())}
    definitions["Matcher"]["minProperties"] = 1
    definitions["Diagnosis"]["anyOf"] = [
        {"maxProperties": 1},
        {"required": ["name", "when", "message", "hint"]},
    ]
    root = definitions.pop("Lab")
    return {"$schema": SCHEMA_DRAFT_URI, **root, "title": "dckgrade lab", "definitions": definitions}


def remove_null(body: Any) -> Any:
    """Leave out null, which the loader refuses, and OpenAPI's `discriminator`, which no editor reads."""
    if isinstance(body, list):
        return [remove_null(part) for part in body if part != {"type": "null"}]
    if not isinstance(body, dict):
        return body
    unread = {"discriminator"} | ({"default"} if body.get("default", ()) is None else set())
    kept = {name: remove_null(part) for name, part in body.items() if name not in unread}
    # A choice of one is no choice.
    return kept["anyOf"][0] if len(kept.get("anyOf", ())) == 1 else kept
