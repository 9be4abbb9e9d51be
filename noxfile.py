"""Everything that is done with this project, one session each; `nox` alone runs what CI runs."""

import os
import shutil
import subprocess
from pathlib import Path

import nox

nox.needs_version = ">=2024.10"
nox.options.sessions = ["lint", "tests"]
nox.options.error_on_missing_interpreters = True

PROJECT = nox.project.load_toml("pyproject.toml")
DEV = nox.project.dependency_groups(PROJECT, "dev")
DOCS = nox.project.dependency_groups(PROJECT, "docs")
# Which tests share one: tests/conftest.py.
PROCESSES = ["-n", "2"]
# These wait most of the time: one process for the guests, two for the others.
LIVE_PROCESSES = ["-n", "3"]
LABS, GUEST_LABS = "tests/live/test_labs_live.py", "tests/live/test_guest_labs_live.py"
STACK = "tests/live/test_board_stack_live.py"
# The programs that are needed, and Debian's packages that bring them.
Parts = tuple[list[str], list[str]]
ENGINE: Parts = (["dockerd", "iptables", "ip"], ["docker.io", "iptables", "iproute2", "util-linux"])
# Since Debian 13 the command is a package of its own.
COMMAND: Parts = (["docker"], ["docker-cli"])
GUEST: Parts = (
    ["qemu-system-x86_64", "mke2fs", "apparmor_parser"],
    ["qemu-system-x86", "e2fsprogs", "apparmor"],
)
# It fetches Elasticsearch's jars, and brings the Java that it runs on.
JARS: Parts = (["mvn"], ["maven"])
BENCH: Parts = (["bats", "curl", "valgrind"], ["bats", "curl", "valgrind"])
SSH: Parts = (["ssh", "sshd"], ["openssh-client", "openssh-server"])
BROWSER: Parts = (["chromium"], ["chromium", "fonts-dejavu-core"])
POSTGRES: Parts = (["pg_ctlcluster"], ["postgresql"])
PROXY: Parts = (["caddy"], ["caddy"])
SHELLS: Parts = (["zsh", "fish"], ["zsh", "fish"])
MANUAL: Parts = (["groff"], ["groff-base"])


OLDEST_MINOR, NEWEST_MINOR = 11, 20
"""Of Python 3: the oldest that pyproject.toml allows, and one that there is not yet."""


def find_interpreters() -> list[str]:
    """Find an interpreter of each supported Python: on PATH, else one that pyenv keeps."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = []
    for name in (f"python3.{minor}" for minor in range(OLDEST_MINOR, NEWEST_MINOR)):
        # What pyenv puts on PATH may be a name without an interpreter.
        places = [shutil.which(name), *map(str, pyenv.glob(f"*/bin/{name}"))]
        running = [place for place in places if place and can_run(place)]
        found += running[:1]
    return found


def can_run(interpreter: str) -> bool:
    """Return whether *interpreter* is one."""
    return subprocess.run([interpreter, "-V"], capture_output=True, check=False).returncode == 0


def debian(session: nox.Session, *needed: Parts) -> None:
    """Install what is missing, as root on a Debian."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    for programs, packages in needed:
        # A package may start its service; the engines that we start ourselves are private ones.
        if not all(map(shutil.which, programs)):
            session.run("apt-get", "update", "-qq", external=True, env=quiet)
            install = ("apt-get", "install", "-y", "-qq", "--no-install-recommends")
            session.run(*install, *packages, external=True, env=quiet)


@nox.session(name="try")
def try_(session: nox.Session) -> None:
    """See it work: TP5's own line on a real engine, graded, explained, mended, graded again."""
    session.install("-q", ".")
    debian(session, ENGINE, COMMAND)
    session.run("python", "fixtures/demonstration.py", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Hold the house rules: ruff, mypy, layers, labs."""
    session.install("-q", "-e", ".", *DEV)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")
    session.run("dckgrade", "lint")


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test: first those that need no engine, then the live ones, of them the labs last."""
    session.install("-q", "-e", ".", *DEV)
    debian(session, ENGINE, COMMAND, GUEST, JARS, SSH, BROWSER, SHELLS, MANUAL, POSTGRES, PROXY)
    if session.posargs:
        session.run("pytest", *session.posargs)
        return
    session.run("pytest", *PROCESSES, "--ignore=tests/live")
    # An emulated guest machine answers too late beside what takes the whole processor, as the labs do; one
    # beside the other live tests, which wait most of the time, has a processor of its own.
    session.run("pytest", *LIVE_PROCESSES, "tests/live", f"--ignore={LABS}", f"--ignore={STACK}")
    session.run("pytest", LABS, STACK)


@nox.session(default=False)
def board(session: nox.Session) -> None:
    """Try each fault of the class board thirty times, and cut its connections at every byte."""
    session.install("-q", "-e", ".", *DEV)
    debian(session, POSTGRES)
    session.run("pytest", "tests/board/test_faults.py", "--tries", "30", *session.posargs)


@nox.session(default=False)
def stack(session: nox.Session) -> None:
    """Try each fault of the class board on a swarm of three engines, under load."""
    session.install("-q", "-e", ".", *DEV)
    debian(session, ENGINE, COMMAND, PROXY)
    session.run("pytest", STACK, "--every-fault", *session.posargs)


@nox.session(default=False, python=find_interpreters())
def compat(session: nox.Session) -> None:
    """Run the tests that need no engine on every Python at hand, a session each; nox -l names them."""
    session.install("-q", "-e", ".", *DEV)
    session.run("python", "-VV")
    session.run("pytest", *PROCESSES, "--ignore=tests/live", "--ignore=tests/browser", *session.posargs)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Time dckgrade beside what people would use instead, and count its instructions."""
    session.install("-q", ".", "pytest-testinfra")
    debian(session, ENGINE, COMMAND, BENCH)
    session.run("python", "fixtures/bench/bench.py", *session.posargs)


@nox.session(default=False)
def classes(session: nox.Session) -> None:
    """Time classes of 30 to 10,000 reports, their pages in Chromium too; measure the memory of 100,000."""
    session.install("-q", ".", "playwright")
    debian(session, BROWSER)
    session.run("python", "fixtures/bench/classroom.py")


@nox.session(default=False)
def faults(session: nox.Session) -> None:
    """Try hostile input, faults of engines, a class under load and kills; print a table each."""
    session.install("-q", "-e", ".", *DEV)
    debian(session, ENGINE, COMMAND)
    for script in ("abuse/strings", "abuse/archives", "abuse/forgeries", "faults/class_load", "faults/kills"):
        session.run("python", f"fixtures/{script}.py")
    session.run("python", "fixtures/faults/matrix.py", *session.posargs)


@nox.session(default=False)
def prove(session: nox.Session) -> None:
    """Prove every case of every lab live, and write build/proof-LAB.html: nox -s prove -- [LAB…]."""
    session.install("-q", "-e", ".", *DEV)
    debian(session, ENGINE, COMMAND, GUEST, JARS)
    chosen = ["-k", " or ".join(f"[{lab}]" for lab in session.posargs)] if session.posargs else []
    session.run("pytest", LABS, GUEST_LABS, "--every-case", *chosen)


@nox.session(default=False)
def engines(session: nox.Session) -> None:
    """Prove every case on every engine, write build/engines.*: nox -s engines -- [LAB…] [ENGINE…]."""
    session.install("-q", "-e", ".")
    debian(session, ENGINE, COMMAND, GUEST, JARS)
    session.run("python", "fixtures/engines/prove.py", *session.posargs)


@nox.session(default=False)
def stamp(session: nox.Session) -> None:
    """Declare every recording to be of the present tree, after a change that demonstrably changes nothing."""
    session.install("-q", "-e", ".")
    session.run("python", "fixtures/stamp.py")


@nox.session(default=False)
def record(session: nox.Session) -> None:
    """Apply every case on private engines and keep what was seen: nox -s record -- [LAB…]."""
    session.install("-q", "-e", ".")
    debian(session, ENGINE, COMMAND, GUEST, JARS)
    session.run("dckgrade", "prove", "--record", *session.posargs)
    shutil.copy("fixtures/tp5/mistakes/two-mistakes/recording.json", "dckgrade/demo.json")
    session.run("python", "fixtures/published.py")


@nox.session(default=False)
def schema(session: nox.Session) -> None:
    """Write the committed JSON Schemas again."""
    session.install("-q", "-e", ".")
    for path, options in (
        ("checks/lab.schema.json", []),
        ("dckgrade/report/report.schema.json", ["--report"]),
    ):
        made = subprocess.run(
            [f"{session.bin}/dckgrade", "schema", *options], stdout=subprocess.PIPE, check=True
        )
        Path(path).write_bytes(made.stdout)


@nox.session(default=False)
def sentences(session: nox.Session) -> None:
    """Print every sentence in which a mismatch of the recordings is told: nox -s sentences -- [LAB…]."""
    session.install("-q", "-e", ".")
    session.run("python", "fixtures/sentences.py", *session.posargs)


@nox.session(default=False)
def reference(session: nox.Session) -> None:
    """Write the page of all labs, checks, mistakes and facts again."""
    session.install("-q", "-e", ".")
    session.run("python", "fixtures/reference.py")


@nox.session(default=False)
def pictures(session: nox.Session) -> None:
    """Draw the pictures of the READMEs again."""
    session.install("-q", "-e", ".")
    debian(session, BROWSER)
    session.run("python", "fixtures/pictures/draw.py")


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """Build the site of the documentation into build/site, with its pictures, and inspect it in Chromium."""
    session.install("-q", "-e", ".", *DOCS)
    debian(session, BROWSER)
    # Of MkDocs 2, which the theme warns of, nothing is used.
    environ = {"PYTHONPATH": "fixtures", "NO_MKDOCS_2_WARNING": "1"}
    session.run("python", "fixtures/documentation/build.py", env=environ)
    session.run("python", "fixtures/documentation/inspection.py", env=environ)


@nox.session(default=False)
def screenshots(session: nox.Session) -> None:
    """Photograph pages and terminal as people meet them into build/: nox -s screenshots -- [WORD…]."""
    session.install("-q", "-e", ".", "playwright")
    debian(session, BROWSER)
    session.run("python", "fixtures/pictures/screenshots.py", *session.posargs)


@nox.session(default=False)
def lesson(session: nox.Session) -> None:
    """Hold a lesson: a class board, three trainees, an engine each; photographs in build/ and the READMEs."""
    session.install("-q", "-e", ".[board]", "playwright")
    debian(session, ENGINE, COMMAND, BROWSER)
    for lang in ("fr", "en"):
        session.run("python", "fixtures/pictures/lesson.py", lang, env={"PYTHONPATH": "fixtures"})


@nox.session(default=False)
def load(session: nox.Session) -> None:
    """Load the class board on loopback, and weigh what taking a report costs: nox -s load -- [TRAINEES…]."""
    session.install("-q", "-e", ".[board]")
    session.run("python", "fixtures/bench/board.py", "accept")
    session.run("python", "fixtures/bench/board.py", "load", *session.posargs)


@nox.session(default=False)
def words(session: nox.Session) -> None:
    """Collect the words to translate, and compile the catalogues."""
    session.install("-q", "babel")
    folder = "dckgrade/locale/fr/LC_MESSAGES"
    template = f"{session.create_tmp()}/dckgrade.pot"
    session.run(
        "pybabel", "-q", "extract", "--no-location", "-k", "N_", "-k", "_", "-o", template, "dckgrade"
    )
    session.run(
        "pybabel",
        "-q",
        "update",
        "--no-fuzzy-matching",
        "-l",
        "fr",
        "-i",
        template,
        "-o",
        f"{folder}/dckgrade.po",
    )
    for domain in ("dckgrade", "messages"):
        session.run(
            "pybabel",
            "-q",
            "compile",
            "-l",
            "fr",
            "-i",
            f"{folder}/{domain}.po",
            "-o",
            f"{folder}/{domain}.mo",
        )


@nox.session(default=False)
def package(session: nox.Session) -> None:
    """Build and check what a release publishes, into build/dist, and run it as others install it."""
    session.install("-q", "build", "twine", "uv", "pipx", "pre-commit", "check-jsonschema")
    built = Path("build", "dist")
    shutil.rmtree(built, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(built), silent=True)
    session.run("twine", "check", "--strict", *map(str, sorted(built.iterdir())))
    (wheel,) = map(str, built.glob("*.whl"))
    for run in (("uvx", "--from", wheel), ("pipx", "run", "--spec", wheel)):
        session.run(*run, "dckgrade", "explain", "ST-01", "--lang", "en")
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml")
    workflows = map(str, Path(".github", "workflows").glob("*.yml"))
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    try_hooks(session)


def try_hooks(session: nox.Session) -> None:
    """Have pre-commit install the hooks from the last commit, and run them on a repository with a lab."""
    folder = Path(session.create_tmp(), "repository")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "checks").mkdir(parents=True)
    shutil.copy("checks/tp1.yaml", folder / "checks")
    shutil.copytree("fixtures/tp1", folder / "fixtures" / "tp1")
    here = str(Path.cwd())
    with session.chdir(folder):
        session.run("git", "init", "-q", external=True)
        session.run("git", "add", ".", external=True)
        for hook in ("dckgrade-lint", "dckgrade-prove"):
            session.run("pre-commit", "try-repo", here, hook, "--all-files", "--ref", "HEAD")
