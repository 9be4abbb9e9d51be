"""Proofs → JUnit XML: a suite a lab, a test a cell that matters, and one for each further fault."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from dckgrade.render.text.escape import replace_non_xml, serialize_xml
from dckgrade.report.proof import Proof, ProofFault


def render_proof_junit(proofs: Sequence[Proof], lang: str) -> bytes:
    """Write one `testsuites` document."""
    root = ET.Element("testsuites", name="dckgrade prove")
    for proof in proofs:
        root.append(build_proof_suite(proof, lang))
    return serialize_xml(root)


def build_proof_suite(proof: Proof, lang: str) -> ET.Element:
    """Write one lab: every check is a test of each case, and must be killed by one at least."""
    tests = [(check, case) for check in proof.checks for case in proof.cells.get(check, {})]
    general = [fault for fault in proof.faults if (fault.check, fault.case) not in tests]
    made = ET.Element(
        "testsuite",
        name=proof.lab,
        tests=str(len(tests) + len(general)),
        failures=str(len({(fault.check, fault.case) for fault in proof.faults} & set(tests)) + len(general)),
        errors="0",
        time=f"{proof.duration_ms / 1000:.3f}",
    )
    for check, case in tests:
        faults = [fault for fault in proof.faults if (fault.check, fault.case) == (check, case)]
        made.append(build_proof_testcase(f"{proof.lab}.{check}", case, faults, lang))
    for fault in general:
        made.append(
            build_proof_testcase(
                proof.lab, " ".join(filter(None, (fault.check, fault.code, fault.case))), [fault], lang
            )
        )
    return made


def build_proof_testcase(classname: str, name: str, faults: Sequence[ProofFault], lang: str) -> ET.Element:
    """Write one test."""
    made = ET.Element("testcase", classname=replace_non_xml(classname), name=replace_non_xml(name) or "proof")
    for fault in faults:
        ET.SubElement(made, "failure", message=replace_non_xml(fault.translate_sentence(lang)))
    return made
