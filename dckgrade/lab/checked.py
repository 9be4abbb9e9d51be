"""
Load labs that were checked before, by this code or at the build of the wheel; else check them now.

To read a lab's YAML and to check it takes longer than to judge by it. What is kept holds no line and column:
nothing but what is wrong with a lab needs them, and whoever says that reads the source (`lab.load`).
"""

from pathlib import Path
from typing import Any

import msgspec

from dckgrade.lab.any_probe import decode_probe
from dckgrade.lab.kept import SUFFIX, LabHead, encode_kept, find_kept, keep_content
from dckgrade.lab.model import Input, Lab, LoadedLab
from dckgrade.lab.source import read_lab_source
from dckgrade.lab.tool import digest_tool


class CheckedLab(LabHead, frozen=True, kw_only=True):
    """A whole lab, below its head."""

    lab: Lab


def load_checked_lab(path: Path) -> LoadedLab:
    """Return the lab in *path*, checked now or before; raises as `lab.load.load_lab` does."""
    source = read_lab_source(path)
    kept = find_kept(source, CheckedLab, decode_probe)
    # A lab is found by the name of its file; another file with the same bytes is refused with its place.
    if kept and kept.lab.id == path.stem:
        return LoadedLab(lab=kept.lab, digest=source.digest, path=path)
    # Late: the parser of YAML, and all that tells what is wrong with a lab.
    from dckgrade.lab.load import parse_lab

    lab = parse_lab(source.raw, path)
    keep_content(encode_kept(make_checked(lab, source.digest, with_times=True)), source)
    return LoadedLab(lab=lab, digest=source.digest, path=path)


def load_lab_head(path: Path) -> LabHead:
    """Return what is shown of the lab in *path*; raises as `lab.load.load_lab` does."""
    loaded = load_checked_lab(path)
    return make_checked(loaded.lab, loaded.digest, with_times=True)


def write_built_in_labs(folder: Path, into: Path) -> list[Path]:
    """Check the labs in *folder*, and write into *into* what travels beside each in the wheel."""
    # Late: for the build of the wheel alone.
    from dckgrade.lab.load import load_lab

    written = []
    for path in sorted(folder.glob("*.yaml")):
        loaded = load_lab(path)
        kept = (into / path.name).with_suffix(SUFFIX)
        kept.write_bytes(encode_kept(make_checked(loaded.lab, loaded.digest, with_times=False)))
        written.append(kept)
    return written


def make_checked(lab: Lab, source_digest: str, *, with_times: bool) -> CheckedLab:
    """Put its head before *lab*."""
    return CheckedLab(
        source=source_digest,
        tool=digest_tool(with_times=with_times),
        title=lab.title,
        points=sum(check.points for check in lab.checks),
        inputs=[describe_input(declared) for declared in lab.inputs],
        lab=lab,
    )


def describe_input(declared: Input) -> dict[str, Any]:
    """Describe an input as `lab.inputs` reads it: each value is a text there."""
    written: dict[str, Any] = msgspec.to_builtins(declared)
    return written if declared.default is None else written | {"default": str(declared.default)}
