"""The smallest lab there can be, with its fixtures, in a folder of a test's own: one check, one image."""

from pathlib import Path

from tests.conftest import FIXTURES

LAB = """\
version: 1
id: tiny
title: {fr: Une boîte, en: A box}
checks:
  - id: box-running
    title: {fr: La boîte tourne, en: The box is running}
    points: 1
    observe: {kind: container, name: box, image: busybox}
    expect: {status: running}
    diagnoses:
      - code: TY-01
        name: box-exited
        when: {status: exited}
        message: {fr: "La boîte s'est arrêtée.", en: The box has stopped.}
        hint: {fr: "Que fait un conteneur sans rien à faire ?", en: What does a container do?}
      - code: TY-02
        name: box-missing
        when: absent
        message: {fr: "Il n'y a pas encore de boîte.", en: There is no box yet.}
        hint: {fr: "Quelle commande en fait une ?", en: Which command makes one?}
"""
RUN = "docker run -d --name box busybox sleep 600\n"


def tiny(folder: Path, *, more: str = "") -> tuple[Path, Path]:
    """Write the lab and its fixtures; *more* is a further line of its mistake. Give both places."""
    lab, fixtures = folder / "tiny.yaml", folder / "fixtures"
    lab.write_text(LAB, encoding="utf-8")
    texts = {
        "proof.yaml": "images: [busybox]\n",
        "untouched/expect.yaml": "failed: {box-running: TY-02}\n",
        "solution/apply.sh": RUN,
        "mistakes/exited/apply.sh": f"docker run -d --name box busybox true\ndocker wait box\n{more}",
        "mistakes/exited/expect.yaml": "failed: {box-running: TY-01}\n",
    }
    for name, text in texts.items():
        path = fixtures / "tiny" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (fixtures / "images").symlink_to(FIXTURES / "images")
    return lab, fixtures
