"""Profiles that somebody damaged: slips of the hand at random places, the same ones in each run."""

import re
from collections.abc import Callable, Iterator
from random import Random

SIGNS = ',{}()[]#@*"\\ /\n\t=<>-+:^&!?abdegimprwxPUNq0$.'
WORDS = (
    *("deny", "owner", "audit", "allow", "file", "network", "capability", "mount", "umount", "signal"),
    *("ptrace", "unix", "dbus", "profile", "hat", "include", "set", "rlimit", "change_profile", "link"),
    *("r", "w", "rw", "ix", "px", "Px", "Ux", "mr", "k", ",", "{", "}", "(", ")", "/a", "/b/**", "@{HOME}"),
    *("@{PROC}", "@{FOO}", "->", "=", "flags=(complain)", "net_raw", "sys_admin", "foo", "inet", "tcp"),
)


def insert_sign(text: str, random: Random) -> str:
    """Type a letter too many."""
    at = random.randrange(len(text))
    return text[:at] + random.choice(SIGNS) + text[at:]


def drop_letter(text: str, random: Random) -> str:
    """Leave a letter out."""
    at = random.randrange(len(text))
    return text[:at] + text[at + 1 :]


def replace_letter(text: str, random: Random) -> str:
    """Hit another key."""
    at = random.randrange(len(text))
    return text[:at] + random.choice(SIGNS) + text[at + 1 :]


def drop_sign(text: str, random: Random) -> str:
    """Forget a comma, a brace or a bracket."""
    places = [found.start() for found in re.finditer(r"[,{}()]", text)]
    at = random.choice(places or [0])
    return text[:at] + text[at + 1 :]


def drop_line(text: str, random: Random) -> str:
    """Leave a line out."""
    lines = text.split("\n")
    del lines[random.randrange(len(lines))]
    return "\n".join(lines)


def move_line(text: str, random: Random) -> str:
    """Paste a line where it does not belong."""
    lines = text.split("\n")
    lines.insert(random.randrange(len(lines)), random.choice(lines))
    return "\n".join(lines)


def replace_word(text: str, random: Random) -> str:
    """Take another word."""
    word = random.choice(list(re.finditer(r"\S+", text)))
    return text[: word.start()] + random.choice(WORDS) + text[word.end() :]


def insert_word(text: str, random: Random) -> str:
    """Write a word too many."""
    word = random.choice(list(re.finditer(r"\S+", text)))
    return f"{text[: word.start()]}{random.choice(WORDS)} {text[word.start() :]}"


def cut_off(text: str, random: Random) -> str:
    """Copy only the beginning."""
    return text[: random.randrange(len(text))]


SLIPS: tuple[Callable[[str, Random], str], ...] = (
    *(insert_sign, drop_letter, replace_letter, drop_sign, drop_line, move_line, replace_word, insert_word),
    cut_off,
)


def iter_damaged(name: str, content: bytes, count: int) -> Iterator[bytes]:
    """Yield *count* damaged copies of a profile."""
    for number in range(count):
        random = Random(f"{name} {number}")  # noqa: S311
        text = content.decode("latin-1")
        for slip in random.sample(SLIPS, random.choice([1, 1, 2])):
            text = slip(text, random) or text
        yield text.encode("latin-1")
