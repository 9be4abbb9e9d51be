"""Find the JSON reports in folders, files, zips and tars, one at a time; bounded, nothing is extracted."""

import io
import lzma
import os
import zlib
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import IO

from msgspec import Struct

from dckgrade.classroom import archive_bounds as bounds
from dckgrade.classroom.archive_bounds import ArchiveMember, ArchiveTooLarge
from dckgrade.classroom.hand_ins import (
    MAX_ODD_FILES,
    HandIn,
    HandIns,
    describe_passed_over,
    get_last_part,
    is_archive,
    is_meant_as_report,
    is_systems_own,
    may_be_report,
)
from dckgrade.classroom.people import MOODLE_FOLDER_PATTERN
from dckgrade.classroom.tar_members import read_tar_members
from dckgrade.classroom.zip_members import read_zip_members
from dckgrade.i18n import N_, UserError
from dckgrade.report import codec

BROKEN_STREAM_ERRORS = (zlib.error, lzma.LZMAError, EOFError, ValueError)
"""What unpacking raises where it is none, or not whole."""


class Submission(Struct, frozen=True, kw_only=True):
    """A file that may be a report: what is in it, or why it was not read."""

    source: str
    """Where it lies, as the trainer would look for it: `folder/moodle.zip/Ada Lovelace_7_…/tp5.json`."""
    path_within: str
    """The same below the PATH that the trainer named: the part that may tell whose it is."""
    raw: bytes = b""
    refusal: UserError | None = None
    hand_in: HandIn | None = None
    """With what it was handed in; whoever finds that it is no report counts that there."""


def read_submissions(paths: list[Path]) -> Iterator[Submission]:
    """Read every JSON file below *paths*, in the order of their names; `UserError` for a missing path."""
    for path in paths:
        if not path.exists():
            raise UserError(N_("There is no file or folder {path}."), path=path)
    for path in paths:
        if path.is_dir():
            yield from read_folder_submissions(path)
        elif is_archive(path.name):
            yield from read_archive_submissions(path, "", HandIns(str(path)))
        elif may_be_report(path.name):
            yield from read_report_file(path, path.name, HandIn(str(path), MAX_ODD_FILES))
        else:
            yield Submission(source=str(path), path_within=path.name, refusal=describe_passed_over(path))


def read_folder_submissions(folder: Path) -> Iterator[Submission]:
    """Read the reports in a folder and below; what was passed over is told, at its place or in the end."""
    hand_ins = HandIns(str(folder))
    for within, fault in iter_files(folder):
        hand_in, source = hand_ins.find(within), str(folder / within)
        if fault:
            if fault == CLOSED or may_be_report(within) or is_archive(within):
                yield make_refused_submission(source, within, fault, hand_in)
        elif may_be_report(within) or is_archive(within):
            hand_in.has_candidate = True
            if hand_in.is_exhausted() or hand_ins.whole.is_exhausted():
                yield from tell_exhausted(hand_ins, hand_in, within)
            elif may_be_report(within):
                yield from read_report_file(folder / within, within, hand_in)
            else:
                prefix = find_owner_prefix(within)
                inner = HandIns(source, of_one_trainee=bool(prefix))
                yield from read_archive_submissions(folder / within, prefix, inner)
        else:
            yield from pass_over(source, within, hand_in)
    yield from tell_without_report(hand_ins)


CLOSED = N_("{path} may not be read.")
LINK = N_("{path} is a link, which is not followed.")


def iter_files(folder: Path, within: str = "") -> Iterator[tuple[str, str]]:
    """
    Yield the files in *folder* / *within* and below, as they are called from *folder* on, in order.

    With each comes why it is not read, as a message id, or ''. A link could lead out of the folder, to a file
    that nobody handed in.
    """
    entries: list[os.DirEntry[str]] = []
    try:
        with os.scandir(folder / within) as listed:
            entries = sorted(listed, key=attrgetter("name"))
    except PermissionError:
        yield within, CLOSED
    for entry in entries:
        name = f"{within}{os.sep}{entry.name}" if within else entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from iter_files(folder, name)
        elif entry.is_file(follow_symlinks=False):
            yield name, ""
        else:
            yield name, LINK if entry.is_symlink() else bounds.NO_PLAIN_FILE


def find_owner_prefix(within: str) -> str:
    """
    Return what stands before the names in an archive that lies in a folder; '' for a class's archive.

    Whoever handed it in owns what is in it, whatever the folders within are called.
    """
    folder, _, name = within.replace("\\", "/").rpartition("/")
    if folder:
        return f"{folder}/"
    return f"{name}/" if MOODLE_FOLDER_PATTERN.match(name) else ""


def read_report_file(file: Path, within: str, hand_in: HandIn) -> Iterator[Submission]:
    """Read one file of one report, or of a session's."""
    try:
        with file.open("rb") as opened:
            yield from split_into_submissions(opened, str(file), within, hand_in)
    except OSError as error:
        why = UserError(N_("{path} cannot be read: {why}"), path=file, why=error.strerror or error)
        yield Submission(source=str(file), path_within=within, refusal=why)


def read_archive_submissions(file: Path, prefix: str, hand_ins: HandIns) -> Iterator[Submission]:
    """Read the reports in an archive, Moodle's download of a class or a trainee's own; none is told too."""
    is_empty = True
    for submission in read_archive(file, prefix, hand_ins):
        is_empty = False
        yield submission
    if is_empty:
        why = UserError(N_("{path} holds no report."), path=file)
        yield Submission(source=str(file), path_within=prefix, refusal=why)


def read_archive(file: Path, prefix: str, hand_ins: HandIns) -> Iterator[Submission]:
    """Read what can be read of an archive, and tell what cannot."""
    try:
        read = read_zip_members if file.name.lower().endswith(".zip") else read_tar_members

        def is_wanted(name: str) -> bool:
            hand_in = hand_ins.find(f"{prefix}{name}")
            return may_be_report(name) and not (hand_in.is_exhausted() or hand_ins.whole.is_exhausted())

        for member in read(file, is_wanted):
            yield from read_member_submissions(member, file, prefix, hand_ins)
            if hand_ins.whole.is_exhausted():
                yield from tell_exhausted(hand_ins, hand_ins.whole, prefix)
                return
    except ArchiveTooLarge as trouble:
        yield Submission(source=str(file), path_within=prefix, refusal=trouble)
    except OSError as error:
        why = UserError(N_("{path} cannot be read: {why}"), path=file, why=error.strerror or error)
        yield Submission(source=str(file), path_within=prefix, refusal=why)
    except BROKEN_STREAM_ERRORS as error:
        yield Submission(
            source=str(file), path_within=prefix, refusal=UserError(bounds.NOT_WHOLE, path=file, why=error)
        )
    yield from tell_without_report(hand_ins)


def read_member_submissions(
    member: ArchiveMember, file: Path, prefix: str, hand_ins: HandIns
) -> Iterator[Submission]:
    """Read one file of an archive: a report, a session, or something to tell."""
    within = f"{prefix}{member.name}"
    if not member.name:
        why = UserError(member.refusal, path=file, why=member.why)
        yield Submission(source=str(file), path_within=prefix, refusal=why)
        return
    hand_in, source = hand_ins.find(within), f"{file}/{member.name}"
    if is_archive(member.name):
        hand_in.has_candidate = True
        yield make_refused_submission(source, within, bounds.WITHIN_ARCHIVE, hand_in)
    elif not may_be_report(member.name):
        yield from pass_over(source, within, hand_in)
    else:
        hand_in.has_candidate = True
        if hand_in.is_exhausted():
            yield from tell_exhausted(hand_ins, hand_in, within)
        elif member.refusal:
            yield make_refused_submission(source, within, member.refusal, hand_in, member.why)
        else:
            yield from split_into_submissions(io.BytesIO(member.content), source, within, hand_in)


def pass_over(source: str, within: str, hand_in: HandIn) -> Iterator[Submission]:
    """Pass over a file that is no report by its name; tell it where somebody may think that it was one."""
    if is_meant_as_report(within):
        if not hand_in.is_exhausted():
            hand_in.count_odd()
            yield Submission(source=source, path_within=within, refusal=describe_passed_over(source))
        hand_in.has_candidate = True
    elif not is_systems_own(within):
        hand_in.pass_over(get_last_part(within))


def tell_exhausted(hand_ins: HandIns, hand_in: HandIn, within: str) -> Iterator[Submission]:
    """Tell once that the rest is not looked at."""
    if why := hand_ins.tell_exhausted(hand_in):
        yield Submission(source=str(why.values["path"]), path_within=within, refusal=why)


def tell_without_report(hand_ins: HandIns) -> Iterator[Submission]:
    """Tell which trainees handed something in and no report."""
    for hand_in, why in hand_ins.list_without_report():
        yield Submission(source=hand_in.source, path_within="", refusal=why)


def split_into_submissions(
    opened: IO[bytes], source: str, within: str, hand_in: HandIn
) -> Iterator[Submission]:
    """Read a file to its end, unless it is larger than any; a session of `dckgrade all` is its reports."""
    for raw in codec.split_session(opened.read(bounds.MAX_FILE_BYTES)):
        if len(raw) > codec.MAX_REPORT_BYTES:
            yield make_refused_submission(source, within, bounds.TOO_LARGE, hand_in)
        else:
            yield Submission(source=source, path_within=within, raw=raw, hand_in=hand_in)


def make_refused_submission(
    source: str, within: str, why: str, hand_in: HandIn, detail: str = ""
) -> Submission:
    """Make the entry of a file that was not read, with the reason."""
    hand_in.count_odd()
    return Submission(
        source=source, path_within=within, refusal=UserError(why, path=source, why=detail), hand_in=hand_in
    )
