"""Render proofs as JUnit XML: a suite per lab, a test per cell, and one per fault that has no cell."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from dckgrade.render.text.escape import serialize_xml
from dckgrade.render.text.sanitize import sanitize_line
from dckgrade.report.proof import Proof, ProofFault


def render_proof_junit(proofs: Sequence[Proof], lang: str) -> bytes:
    """Write one `testsuites` document."""
    root = ET.Element("testsuites", name="dckgrade prove")
    for proof in proofs:
        root.append(build_proof_suite(proof, lang))
    return serialize_xml(root)


def build_proof_suite(proof: Proof, lang: str) -> ET.Element:
    """Build the suite of one lab: a test for each check and case, and for each fault that has no cell."""
    tests = [(check, case) for check in proof.checks for case in proof.cells.get(check, {})]
    general = [fault for fault in proof.faults if (fault.check, fault.case) not in tests]
    suite = ET.Element(
        "testsuite",
        name=sanitize_line(proof.lab),
        tests=str(len(tests) + len(general)),
        failures=str(len({(fault.check, fault.case) for fault in proof.faults} & set(tests)) + len(general)),
        errors="0",
        time=f"{proof.duration_ms / 1000:.3f}",
    )
    for check, case in tests:
        faults = [fault for fault in proof.faults if (fault.check, fault.case) == (check, case)]
        suite.append(build_proof_testcase(f"{proof.lab}.{check}", case, faults, lang))
    for fault in general:
        suite.append(
            build_proof_testcase(
                proof.lab, " ".join(filter(None, (fault.check, fault.code, fault.case))), [fault], lang
            )
        )
    return suite


def build_proof_testcase(classname: str, name: str, faults: Sequence[ProofFault], lang: str) -> ET.Element:
    """Build one test; it fails if it has faults."""
    testcase = ET.Element("testcase", classname=sanitize_line(classname), name=sanitize_line(name) or "proof")
    for fault in faults:
        ET.SubElement(testcase, "failure", message=sanitize_line(fault.translate_sentence(lang)))
    return testcase
