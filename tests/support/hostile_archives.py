"""What a trainee, a full disk or a bad line may hand in as an archive, and what is to come of each."""

import bz2
import gzip
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tests.support.archive_builders import (
    CENTRAL,
    END,
    FIRST,
    LAST,
    LOCAL,
    MEBIBYTE,
    NAMES,
    VICTIM,
    bomb,
    cut,
    described,
    encode_of,
    find_header,
    find_nth,
    linked,
    list_members,
    many,
    moodle,
    overlapping,
    patch_end,
    patch_tar,
    patch_zip,
    patched,
    pax,
    quoted,
    streamed,
    tarred,
    with_bad_name,
    with_damaged_content,
    zipped,
)

ALL = set(NAMES)
OTHERS = {FIRST, LAST}


class Shape(NamedTuple):
    """One archive, or a folder: what it is called, what is in it, and whose reports are taken in."""

    name: str
    file: str
    build: Callable[[], bytes | Mapping[str, bytes]]
    """Its content; for a folder the files in it."""
    kept: set[str]
    is_told: bool = True
    """Whether something was not taken in, and the class report says so."""


CENTRAL_CRC, CENTRAL_PACKED, CENTRAL_SIZE, CENTRAL_OFFSET, CENTRAL_METHOD = 16, 20, 24, 42, 10
ZIPS = [
    Shape("whole", "class.zip", zipped, ALL, is_told=False),
    Shape("stored", "class.zip", lambda: zipped(method=zipfile.ZIP_STORED), ALL, is_told=False),
    Shape("bzip2", "class.zip", lambda: zipped(method=zipfile.ZIP_BZIP2), ALL, is_told=False),
    Shape("LZMA", "class.zip", lambda: zipped(method=zipfile.ZIP_LZMA), set()),
    Shape("streamed", "class.zip", streamed, ALL, is_told=False),
    Shape(
        "streamed and cut before its contents",
        "class.zip",
        lambda: cut(raw := streamed(), raw.index(CENTRAL)),
        ALL,
    ),
    Shape(
        "streamed, stored, and cut",
        "class.zip",
        lambda: cut(raw := streamed(zipfile.ZIP_STORED), raw.index(CENTRAL)),
        {FIRST},
    ),
    Shape("another checksum", "class.zip", lambda: patch_zip(CENTRAL_CRC, b"\1\2\3\4"), OTHERS),
    Shape(
        "another checksum in its own header",
        "class.zip",
        lambda: patched(raw := zipped(), find_nth(raw, LOCAL, 2) + 14, b"\1\2\3\4"),
        ALL,
        is_told=False,
    ),
    Shape("damaged content", "class.zip", with_damaged_content, OTHERS),
    Shape("unknown method", "class.zip", lambda: patch_zip(CENTRAL_METHOD, b"\x63\0", local=8), OTHERS),
    Shape("deflate64", "class.zip", lambda: patch_zip(CENTRAL_METHOD, b"\x09\0", local=8), OTHERS),
    Shape("name that is no UTF-8", "class.zip", with_bad_name, OTHERS),
    Shape("encrypted", "class.zip", lambda: patch_zip(8, b"\1\0", local=6), OTHERS),
    Shape("packed to less than it is", "class.zip", lambda: patch_zip(CENTRAL_PACKED, b"\5\0\0\0"), OTHERS),
    Shape(
        "packed to more than the archive",
        "class.zip",
        lambda: patch_zip(CENTRAL_PACKED, b"\xf0\xff\xff\x7f"),
        ALL,
        is_told=False,
    ),
    Shape(
        "stored and longer than the archive",
        "class.zip",
        lambda: patch_zip(CENTRAL_PACKED, b"\xf0\xff\xff\x7f" * 2, raw=zipped(method=zipfile.ZIP_STORED)),
        OTHERS,
    ),
    Shape("shorter than it says", "class.zip", lambda: patch_zip(CENTRAL_SIZE, b"\xff\xff\0\0"), OTHERS),
    Shape("longer than it says", "class.zip", lambda: patch_zip(CENTRAL_SIZE, b"\x10\0\0\0"), OTHERS),
    Shape(
        "place behind the end", "class.zip", lambda: patch_zip(CENTRAL_OFFSET, b"\xff\xff\xff\x7f"), OTHERS
    ),
    Shape("place within another file", "class.zip", lambda: patch_zip(CENTRAL_OFFSET, b"\x40\0\0\0"), OTHERS),
    Shape("place of another file", "class.zip", lambda: patch_zip(CENTRAL_OFFSET, b"\0\0\0\0"), OTHERS),
    Shape("damaged entry in its contents", "class.zip", lambda: patch_zip(0, b"XXXX"), ALL),
    Shape(
        "damaged own header",
        "class.zip",
        lambda: patched(raw := zipped(), find_nth(raw, LOCAL, 2), b"XXXX"),
        OTHERS,
    ),
    Shape("without its end", "class.zip", lambda: cut(raw := zipped(), raw.rindex(END)), ALL),
    Shape(
        "cut in its contents", "class.zip", lambda: cut(raw := zipped(), find_nth(raw, CENTRAL, 2) + 9), ALL
    ),
    Shape(
        "cut in the last file",
        "class.zip",
        lambda: cut(raw := zipped(), find_nth(raw, LOCAL, 3) + 99),
        {FIRST, VICTIM},
    ),
    Shape("cut in the first header", "class.zip", lambda: cut(zipped(), 20), set()),
    Shape("too few entries told", "class.zip", lambda: patch_end(8, b"\1\0\1\0"), ALL),
    Shape("too many entries told", "class.zip", lambda: patch_end(8, b"\x09\0\x09\0"), ALL),
    Shape("contents of no length", "class.zip", lambda: patch_end(12, b"\0\0\0\0"), ALL),
    Shape("contents elsewhere", "class.zip", lambda: patch_end(16, b"\xff\xff\0\0"), ALL),
    Shape(
        "contents of zeros",
        "class.zip",
        lambda: patched(raw := zipped(), raw.index(CENTRAL), bytes(raw.rindex(END) - raw.index(CENTRAL))),
        ALL,
    ),
    Shape("behind a program", "class.zip", lambda: b"MZ" * 500 + zipped(), ALL, is_told=False),
    Shape(
        "behind a program, without its end",
        "class.zip",
        lambda: b"MZ" * 500 + cut(raw := zipped(), raw.rindex(END)),
        ALL,
    ),
    Shape("before some more", "class.zip", lambda: zipped() + b"\r\n", ALL, is_told=False),
    Shape("another end in its remark", "class.zip", lambda: zipped() + END + b"\0" * 18, ALL),
    Shape("nothing", "class.zip", lambda: b"", set()),
    Shape("no file in it", "class.zip", lambda: zipped({}), set()),
    Shape("noise", "class.zip", lambda: os.urandom(5000), set()),
    Shape("a tar by its content", "class.zip", tarred, set()),
    Shape(
        "paths that lead out",
        "class.zip",
        lambda: zipped({f"../../{name}": raw for name, raw in list_members().items()}),
        ALL,
        is_told=False,
    ),
    Shape("NUL in a name", "class.zip", lambda: zipped().replace(b"Bob/tp2.json", b"Bob/tp2.js\0n"), OTHERS),
    Shape(
        "a name of 60 kB", "class.zip", lambda: zipped(list_members() | {"x" * 60_000 + ".json": b"{}"}), ALL
    ),
    Shape(
        "the same name thrice",
        "class.zip",
        lambda: b"".join([zipped()]).replace(b"Bob", b"Ada"),
        ALL,
        is_told=False,
    ),
    Shape("an archive within", "class.zip", lambda: zipped(list_members() | {"Dan/x.zip": zipped()}), ALL),
    Shape(
        "an archive within, stored and cut",
        "class.zip",
        lambda: cut(
            raw := zipped({"Dan/x.zip": zipped({"Eve/x.json": encode_of("Eve")})}, zipfile.ZIP_STORED),
            raw.rindex(CENTRAL),
        ),
        set(),
    ),
    Shape("bomb", "class.zip", lambda: zipped(list_members() | {"a.json": bytes(40 * MEBIBYTE)}), ALL),
    Shape(
        "larger than any report",
        "class.zip",
        lambda: zipped(list_members() | {"a.json": os.urandom(9 * MEBIBYTE)}, zipfile.ZIP_STORED),
        ALL,
    ),
    Shape("one file named 30,000 times", "class.zip", lambda: overlapping(30_000), {FIRST}),
    Shape("files within one another", "class.zip", lambda: quoted(2_000), set()),
    Shape("49,000 empty objects", "class.zip", lambda: many(49_000, b"{}"), set()),
    Shape(
        "49,000 empty reports", "class.zip", lambda: many(49_000, b'{"schema": "dckgrade-report/1"}'), set()
    ),
    Shape(
        "49,000 empty objects of one trainee",
        "class.zip",
        lambda: zipped(
            list_members() | {f"Bob/{at}.json": b"{}" for at in range(49_000)}, zipfile.ZIP_STORED
        ),
        OTHERS,
    ),
    Shape("50,001 files", "class.zip", lambda: many(50_001, b"", "{at}.txt"), set()),
    Shape("3,000 attempts of one trainee", "class.zip", lambda: many(3_000, encode_of(VICTIM)), {VICTIM}),
]
TARS = [
    Shape("whole", "class.tar", tarred, ALL, is_told=False),
    Shape("pax", "class.tar", lambda: tarred(kind=tarfile.PAX_FORMAT), ALL, is_told=False),
    Shape("ustar", "class.tgz", lambda: gzip.compress(tarred(kind=tarfile.USTAR_FORMAT)), ALL, is_told=False),
    Shape("bzip2", "class.tar.bz2", lambda: bz2.compress(tarred()), ALL, is_told=False),
    Shape("xz", "class.tar.xz", lambda: lzma.compress(tarred()), ALL, is_told=False),
    Shape("gzip under another name", "class.tar", lambda: gzip.compress(tarred()), ALL, is_told=False),
    Shape(
        "long names",
        "class.tar",
        lambda: tarred({f"{'x' * 90}/{'y' * 90}/{name}": raw for name, raw in list_members().items()}),
        ALL,
        is_told=False,
    ),
    Shape("another checksum of a header", "class.tar", lambda: patch_tar(148, b"000000\0 "), OTHERS),
    Shape("header of zeros", "class.tar", lambda: patch_tar(0, bytes(512)), OTHERS),
    Shape("damaged first header", "class.tar", lambda: patched(tarred(), 0, b"XXXX"), {VICTIM, LAST}),
    Shape("size of no digits", "class.tar", lambda: patch_tar(124, b"xxxxxxxxxxx\0", sound=True), OTHERS),
    Shape("negative size", "class.tar", lambda: patch_tar(124, b"\xff" * 12, sound=True), OTHERS),
    Shape("size beyond the end", "class.tar", lambda: patch_tar(124, b"00777777777\0", sound=True), {FIRST}),
    Shape(
        "damaged content",
        "class.tar",
        lambda: patched(raw := tarred(), find_header(raw, VICTIM) + 600, b"\0\0\0"),
        OTHERS,
    ),
    Shape(
        "cut in a file", "class.tar", lambda: cut(raw := tarred(), find_header(raw, VICTIM) + 700), {FIRST}
    ),
    Shape(
        "cut in a header", "class.tar", lambda: cut(raw := tarred(), find_header(raw, VICTIM) + 99), {FIRST}
    ),
    Shape(
        "without its end", "class.tar", lambda: cut(raw := tarred(), find_header(raw, LAST)), {FIRST, VICTIM}
    ),
    Shape("noise behind its end", "class.tar", lambda: tarred() + os.urandom(2000), ALL, is_told=False),
    Shape("nothing", "class.tar", lambda: b"", set()),
    Shape("no file in it", "class.tar", lambda: tarred({}), set()),
    Shape("noise", "class.tar.xz", lambda: os.urandom(5000), set()),
    Shape("gzip that is cut", "class.tgz", lambda: cut(raw := gzip.compress(tarred()), len(raw) // 2), set()),
    Shape(
        "gzip that is damaged",
        "class.tgz",
        lambda: patched(raw := gzip.compress(tarred()), len(raw) // 2, b"\xff" * 50),
        set(),
    ),
    Shape(
        "bzip2 that is damaged",
        "class.tar.bz2",
        lambda: patched(raw := bz2.compress(tarred()), len(raw) // 2, b"\xff" * 50),
        set(),
    ),
    Shape(
        "xz that is damaged",
        "class.tar.xz",
        lambda: patched(raw := lzma.compress(tarred()), len(raw) // 2, b"\xff" * 50),
        set(),
    ),
    Shape(
        "additions of a megabyte",
        "class.tar",
        lambda: described(b"x", pax(comment="x" * 70) * 14_000),
        OTHERS,
    ),
    Shape(
        "additions of 8 GB that are not there",
        "class.tgz",
        lambda: gzip.compress(described(b"x", b"", 8 * 1024 * MEBIBYTE - 1)),
        {FIRST},
    ),
    Shape(
        "additions for all of a megabyte",
        "class.tar",
        lambda: described(b"g", pax(comment="x" * 70) * 14_000),
        OTHERS,
    ),
    Shape("additions that are none", "class.tar", lambda: described(b"x", b"999 path=x\n"), OTHERS),
    Shape("additions with a huge number", "class.tar", lambda: described(b"x", b"9" * 5000), OTHERS),
    Shape(
        "another name by addition",
        "class.tar",
        lambda: described(b"x", pax(path="Zoe/x.json")),
        ALL,
        is_told=False,
    ),
    Shape(
        "another size by addition",
        "class.tar",
        lambda: described(b"x", pax(size=str(len(encode_of(VICTIM))))),
        ALL,
        is_told=False,
    ),
    Shape("a name of a megabyte", "class.tar", lambda: described(b"L", b"x" * MEBIBYTE), OTHERS),
    Shape("sparse", "class.tar", lambda: linked(b"S"), ALL),
    Shape("sparse by addition", "class.tar", lambda: described(b"x", pax(GNU__sparse__major="1")), OTHERS),
    *(
        Shape(f"entry of type {kind!r}", "class.tar", lambda kind=kind: linked(kind), ALL)  # type: ignore[misc]
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
    ),
    Shape("an archive within", "class.tar", lambda: tarred(list_members() | {"Dan/x.tar": tarred()}), ALL),
    Shape("gzip bomb", "class.tgz", lambda: bomb(lambda raw: gzip.compress(raw, 6)), set()),
    Shape("bzip2 bomb", "class.tar.bz2", lambda: bomb(bz2.compress), set()),
    Shape("xz bomb", "class.tar.xz", lambda: bomb(lzma.compress), set()),
    Shape("bomb that is no report by its name", "class.tgz", lambda: bomb(gzip.compress, "film.mkv"), set()),
    Shape("50,001 files", "class.tar", lambda: tarfile.TarInfo("x.txt").tobuf() * 50_001, set()),
    Shape(
        "20,000 empty objects",
        "class.tar",
        lambda: tarred({f"{at}.json": b"{}" for at in range(20_000)}),
        set(),
    ),
]
FOLDERS = [
    Shape(
        "a report beside a picture",
        "class",
        lambda: {"Bob/tp2.json": encode_of(VICTIM), "Bob/x.png": b""},
        {VICTIM},
        is_told=False,
    ),
    Shape("only pictures", "class", lambda: {"Bob/1.png": b"", "Bob/2.png": b""}, set()),
    Shape(
        "the trainer's own files",
        "class",
        lambda: {"Bob/tp2.json": encode_of(VICTIM), "roster.csv": b"", ".DS_Store": b""},
        {VICTIM},
        is_told=False,
    ),
    *(
        Shape(
            f"a hand-in called {name}",
            "class",
            lambda name=name: {"Ada/tp2.json": encode_of(FIRST), f"Bob/{name}": b"x"},  # type: ignore[misc]
            {FIRST},
        )
        for name in ("tp5.json.txt", "tp5.rar", "tp5.7z", "tp5.json.gz", "tp5.html", "tp5.docx", "tp5")
    ),
    Shape("tp5.rar at the top", "class", lambda: {"tp5.rar": b"x"}, set()),
    Shape(
        "tp5.json.txt in Moodle's zip",
        "class.zip",
        lambda: zipped(
            {moodle("Ada", 7, "tp2.json"): encode_of(FIRST), moodle("Bob", 8, "tp2.json.txt"): b"x"}
        ),
        {FIRST},
    ),
    Shape(
        "tp5.rar beside a report in a tar",
        "class.tar",
        lambda: tarred(list_members() | {"Bob/x.rar": b"x"}),
        ALL,
    ),
    Shape(
        "another's folder in a trainee's own zip",
        "class",
        lambda: {moodle("Bob", 8, "x.zip"): zipped({moodle("Ada", 7, "tp2.json"): encode_of(VICTIM)})},
        {VICTIM},
        is_told=False,
    ),
    Shape(
        "5,000 odd files of one trainee",
        "class",
        lambda: {"Ada/tp2.json": encode_of(FIRST)} | {f"Bob/{at}.json": b"{}" for at in range(5_000)},
        {FIRST},
    ),
    Shape(
        "a session of 4 million parts",
        "all.json",
        lambda: b'{"schema": "dckgrade-session/1", "reports": [%s]}' % b",".join([b"1"] * 4_000_000),
        set(),
    ),
]
SHAPES = [*ZIPS, *TARS, *FOLDERS]


def get_title(shape: Shape) -> str:
    return f"{shape.file}: {shape.name}"
