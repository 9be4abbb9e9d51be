"""What real shells offer: labs, checks, codes and contexts, with titles where the shell shows them."""

import hashlib
import json
import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dckgrade.lab.discovery import list_lab_paths
from tests.conftest import need
from tests.support.cli_runner import dckgrade

FOLDER = Path(sys.executable).parent


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give a home with one Docker context of the user's."""
    meta = tmp_path / ".docker" / "contexts" / "meta" / hashlib.sha256(b"salle-3").hexdigest() / "meta.json"
    meta.parent.mkdir(parents=True)
    endpoints = {"docker": {"Host": "ssh://canary@salle-3"}}
    meta.write_text(
        json.dumps({"Name": "salle-3", "Metadata": {"Description": "Third room"}, "Endpoints": endpoints})
    )
    return tmp_path


def environ(home: Path) -> dict[str, str]:
    path = f"{FOLDER}{os.pathsep}{os.environ['PATH']}"
    # Where the tree that is tested is not the one that is installed.
    tree = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    told = {"DCKGRADE_LANG": "en", "LANG": "C.UTF-8", "TERM": "xterm"}
    return {"PATH": path, "HOME": str(home), **told, **tree}


def script(shell: str) -> str:
    done = dckgrade(environ={"_DCKGRADE_COMPLETE": f"source_{shell}"})
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def present(shell: str) -> None:
    need(None if shutil.which(shell) else f"{shell} is not installed")


def in_bash(home: Path, typed: str) -> list[str]:
    """Have bash call the function that it calls on TAB, with what it gives it then."""
    present("bash")
    (home / "completion.bash").write_text(script("bash"))
    words = typed.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    asked = (
        f"source '{home}/completion.bash'; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; "
        'COMP_LINE="${COMP_WORDS[*]}"; f=$(complete -p dckgrade | sed "s/.*-F \\([^ ]*\\).*/\\1/"); '
        '"$f" dckgrade; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    return run(["bash", "--norc", "-c", asked], home).split()


def in_fish(home: Path, typed: str) -> dict[str, str]:
    """Have fish complete a line, as it does on TAB."""
    present("fish")
    (home / "completion.fish").write_text(script("fish"))
    offered = run(
        ["fish", "--no-config", "-c", f"source '{home}/completion.fish'; complete -C '{typed}'"], home
    )
    return dict(line.partition("\t")[::2] for line in offered.splitlines())


def run(argv: list[str], home: Path) -> str:
    done = subprocess.run(argv, env=environ(home), capture_output=True, text=True, timeout=60, check=False)
    return done.stdout


def in_zsh(home: Path, typed: str, awaited: str, lang: str = "en") -> str:
    """Type into zsh on a terminal, press TAB, and read what it shows."""
    present("zsh")
    (home / "completion.zsh").write_text(script("zsh"))
    (home / ".zshrc").write_text(
        f"PS1='READY> '; autoload -Uz compinit; compinit -u; source '{home}/completion.zsh'\n"
    )
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        ["zsh", "-i"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**environ(home), "DCKGRADE_LANG": lang, "COLUMNS": "160", "LINES": "60"},
        start_new_session=True,
    )
    os.close(theirs)
    try:
        reading(mine, "READY> ")
        os.write(mine, f"{typed}\t".encode())
        shown = reading(mine, awaited, nudge=b"\t")
    finally:
        process.kill()
        process.wait()
        os.close(mine)
    return shown


def reading(mine: int, awaited: str, nudge: bytes = b"", seconds: float = 20) -> str:
    shown, end, nudged = "", time.monotonic() + seconds, time.monotonic() + 3
    while awaited not in shown:
        assert time.monotonic() < end, shown
        if select.select([mine], [], [], 0.2)[0]:
            shown += os.read(mine, 65536).decode(errors="replace")
        elif nudge and time.monotonic() > nudged:  # the first TAB may complete, the second lists
            os.write(mine, nudge)
            nudged = end
    return shown


def test_bash_offers_labs_checks_codes_and_contexts(home: Path) -> None:
    assert {"tp1", "tp5", "all"} <= set(in_bash(home, "dckgrade "))
    assert in_bash(home, "dckgrade tp5 --only dbserver-r") == ["dbserver-running"]
    assert in_bash(home, "dckgrade grade tp5 --only dbserver-r") == ["dbserver-running"]
    assert {"ST-01", "ST-02"} <= set(in_bash(home, "dckgrade explain ST-"))
    assert {"tp1", "tp5"} <= set(in_bash(home, "dckgrade sheet tp"))
    assert in_bash(home, "dckgrade tp5 --context sa") == ["salle-3"]
    assert {"default", "salle-3"} <= set(in_bash(home, "dckgrade doctor --context "))
    assert "--passive" in in_bash(home, "dckgrade tp5 --pass")


def test_all_offers_the_checks_of_every_lab(home: Path) -> None:
    offered = in_bash(home, "dckgrade all --only ")
    assert {"dbserver-running", "swarm-exists"} <= set(offered)


def test_fish_offers_them_with_their_titles(home: Path) -> None:
    assert in_fish(home, "dckgrade tp5")["tp5"] == "Docker stats"
    assert in_fish(home, "dckgrade al")["all"] == "Grade every lab in one run."
    running = in_fish(home, "dckgrade tp5 --only dbserver-r")
    assert running == {"dbserver-running": "Container dbserver (postgres) is running"}
    assert "password" in in_fish(home, "dckgrade explain ST-01")["ST-01"]
    assert in_fish(home, "dckgrade tp5 --context sa") == {"salle-3": "Third room"}


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("dckgrade tp", "Docker stats"),
        ("dckgrade tp5 --only dbserver-", "Container dbserver (postgres) is running"),
        ("dckgrade explain ST-0", "ST-02"),
        ("dckgrade tp5 --context ", "Third room"),
    ],
)
def test_zsh_offers_them_with_their_titles(home: Path, typed: str, offered: str) -> None:
    assert offered in in_zsh(home, typed, offered)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("dckgrade explain ST-0", "s'est"), ("dckgrade tp5 --h", "d'aide")],
)
def test_zsh_keeps_apostrophes_as_typographic_ones(home: Path, typed: str, offered: str) -> None:
    shown = offered.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")
    assert shown in in_zsh(home, typed, shown, "fr")


def test_completion_says_nothing_of_labs_that_do_not_load(tmp_path: Path) -> None:
    (tmp_path / "labs").mkdir()
    (tmp_path / "labs" / "broken.yaml").write_text("id: [")
    asked = {"COMP_WORDS": "dckgrade all --only ", "COMP_CWORD": "3", "_DCKGRADE_COMPLETE": "complete_bash"}
    done = dckgrade(environ={**asked, "DCKGRADE_LABS": str(tmp_path / "labs")})
    assert b"dbserver-running" in done.stdout
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [(("tp5", "--passiv"), "--passive"), (("tp5", "--workdirs", "."), "--workdir"), (("explian",), "explain"),
     (("tp55",), "tp5"), (("explain", "STT-01"), "ST-01"), (("--lagn", "fr"), "--lang"),
     (("tp5", "--only", "dbserver-runing"), "dbserver-running")],
)  # fmt: skip
def test_what_is_misspelt_is_guessed(typed: tuple[str, ...], suggestion: str) -> None:
    done = dckgrade(*typed, environ={"DCKGRADE_LANG": "en"})
    assert done.returncode in {2, 5}
    assert f"Did you mean {suggestion}?" in done.stderr.decode()


def test_what_is_nothing_like_an_option_is_not_guessed() -> None:
    assert b"Did you mean" not in dckgrade("tp5", "--zzzz", environ={"DCKGRADE_LANG": "en"}).stderr


@pytest.mark.parametrize(("lang", "labs"), [("fr", "TP\N{NO-BREAK SPACE}:"), ("en", "Labs:")])
def test_help_lists_the_labs_apart_each_by_its_title(lang: str, labs: str) -> None:
    shown = dckgrade("--help", "--lang", lang).stdout.decode()
    panel = shown.partition(f"\n{labs}\n")[2].partition("\n\n")[0]
    assert [line.split()[0] for line in panel.splitlines()] == [*list_lab_paths(), "all"]
    assert "tp5  Docker stats" in panel
