"""The line of a log by which a program says what is wrong, for the programs of the labs and for any other."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from dckgrade.engine.redaction import mask_secrets
from dckgrade.lazy_patterns import compile_lazily

MAX_ERROR_CHARS, MAX_LINE_CHARS = 300, 2000
_ANSI_PATTERN = compile_lazily(r"\x1b\[[0-9;?]*[A-Za-z]")


class Program(NamedTuple):
    """A program: its name as it writes it, a word of its images' names, and how it says an error."""

    name: str
    image_word: str
    patterns: Sequence[re.Pattern[str]]
    """The most telling first; group 1 is what it says."""


def compile_patterns(*patterns: str) -> Sequence[re.Pattern[str]]:
    """Compile *patterns*."""
    return tuple(map(compile_lazily, patterns))


_JAVA = (
    r"^(?:Error: )?(Invalid (?:initial|maximum|thread) .*|Could not reserve .*)",
    r"^((?:Initial|Minimum) heap size set to .*|Too small .* heap|The size of the object heap .*)",
    r"^(?:Error: |Unrecognized )(?!A fatal exception|Could not create the Java)(.*)",
)
PROGRAMS: Sequence[Program] = (
    Program(
        "nginx",
        "nginx",
        compile_patterns(r"\[emerg\] (?:\d+#\d+: )?(.*)", r"\[(?:alert|crit)\] (?:\d+#\d+: )?(.*)"),
    ),
    Program(
        "PostgreSQL",
        "postgres",
        compile_patterns(
            r"\b(?:FATAL|PANIC):\s+(.*)",
            r"^(?:initdb: )?[Ee]rror: (.*)",
            r"^((?:postgres|initdb|pg_ctl): (?!hint:|warning:|detail:).*)",
            r"\bERROR:\s+(.*)",
        ),
    ),
    *(
        Program(
            name,
            word,
            # What the system refused comes before what that led to; the server's last error says only that it
            # ends. The entrypoint of the image writes as the server does.
            compile_patterns(
                r"^(?:[\d-]+ [\d:]+ \d+ )?(?:\[(?:ERROR|Warning)\] )?(\S.*\(Errcode: \d+ .*)",
                r"\[ERROR\] (?:\[[^\]]*\]:? )*(?!.*\bAborting$)(.*)",
                r"^(?:mysqld|mariadbd): (.*)",
            ),
        )
        for name, word in (("MariaDB", "mariadb"), ("MySQL", "mysql"))
    ),
    Program(
        "Prometheus",
        "prometheus",
        # 2.x writes level=error, 3.x level=ERROR; the rest of the line is the same.
        compile_patterns(
            r'level=(?:error|ERROR)\b.*?\berr="((?:[^"\\]|\\.)*)"',
            r"level=(?:error|ERROR)\b.*?\berr=(\S+)",
            r"^(Error parsing command ?line arguments: .*)",
            r"^prometheus: error: (.*)",
            r"^panic: (.*)",
        ),
    ),
    Program(
        "cAdvisor",
        "cadvisor",
        compile_patterns(r"^F\d{4} \S+ +\d+ \S+\] (.*)", r"^panic: (.*)", r"^E\d{4} \S+ +\d+ \S+\] (.*)"),
    ),
    Program(
        "Grafana",
        "grafana",
        compile_patterns(
            r"^(GF_\w+='[^']*' is not (?:readable|writable)\..*)",
            r"^(mkdir: .*)",
            r"^Error: ✗ (.*)",
            r'\b(?:level|lvl)=(?:error|crit|eror)\b.*?\b(?:error|err)="((?:[^"\\]|\\.)*)"',
            r'\b(?:level|lvl)=(?:error|crit|eror)\b.*?\bmsg="((?:[^"\\]|\\.)*)"',
        ),
    ),
    Program(
        "Elasticsearch",
        "elasticsearch",
        compile_patterns(
            *_JAVA,
            r"^\[\d+\](?: of \[\d+\])?: (.*)",
            r"^(?:ERROR|Exception in thread \S+):? (.*)",
            r"^(?:Likely root cause: |Caused by: )?((?:[a-z]\w*\.)+\w*(?:Exception|Error): .*)",
            r'"level": ?"(?:FATAL|ERROR)".*?"message": ?"((?:[^"\\]|\\.)*)"',
            r"\[(?:FATAL|ERROR) ?\]\s*(?:\[[^\]]*\]\s*)*(.*)",
        ),
    ),
    Program(
        "Logstash",
        "logstash",
        compile_patterns(
            *_JAVA,
            r"\[FATAL *\]\s*(?:\[[^\]]*\]\s*)*(.*)",
            # Its very last line only says that it ends.
            r"\[ERROR *\]\s*(?:\[[^\]]*\]\s*)*(?!.*Logstash stopped processing)(.*)",
        ),
    ),
    Program(
        "Kibana",
        "kibana",
        compile_patterns(
            r'"tags":\[[^\]]*"fatal"[^\]]*\].*?"message":"((?:[^"\\]|\\.)*)"',
            r"\[FATAL *\]\s*(?:\[[^\]]*\]\s*)*(?:Reason: )?(.*)",
            r"^\s*FATAL\s+(?:Error: )?(.*)",
            r'"tags":\[[^\]]*"error"[^\]]*\].*?"message":"((?:[^"\\]|\\.)*)"',
            r"\[ERROR *\]\s*(?:\[[^\]]*\]\s*)*(.*)",
        ),
    ),
)
_ANY = compile_patterns(
    r"(?i)^(.*\b(?:fatal|panic|exception)\b.*)",
    r"(?i)^(.*\b(?:error|cannot|denied|not found|no such|invalid|unknown)\b.*)",
)


def find_program(image: str) -> Program:
    """Find the program that *image*, a repository's name, is made for; an unknown one is called as it."""
    known = (program for program in PROGRAMS if program.image_word in image)
    return next(known, Program(image, image, ()))


def find_error_line(program: Program, log: str, *, ended: bool) -> str | None:
    """
    Return what *program* says is wrong, on one line of at most 300 characters, secrets masked.

    Only of one that has *ended* is any line an error that looks like one, or is the last.
    """
    lines = [_ANSI_PATTERN.sub("", line)[:MAX_LINE_CHARS].strip() for line in log.splitlines()]
    for pattern in (*program.patterns, *(_ANY if ended else ())):
        for line in reversed(lines):
            if found := pattern.search(line):
                return shorten_error(found[1])
    return next((shorten_error(line) for line in reversed(lines) if line), None) if ended else None


def shorten_error(text: str) -> str:
    """Put an error on one line, unescaped, masked and bounded."""
    plain = text.replace("\\n", " ").replace("\\t", " ").replace('\\"', '"').replace("\\\\", "\\")
    masked = mask_secrets(" ".join(plain.split()))
    return masked if len(masked) <= MAX_ERROR_CHARS else masked[: MAX_ERROR_CHARS - 1] + "…"
