"""TP5 as a trainee solves it, on an engine that a test has."""

from dckgrade.prove.engines.docker_command import run_docker
from dckgrade.prove.live import DisposableEngine

COMMANDS = (
    ("run", "-d", "--name", "webservers", "nginx"),
    ("run", "-d", "--name", "dbserver", "-e", "POSTGRES_PASSWORD=x", "postgres"),
)


def solve_tp5(engine: DisposableEngine) -> None:
    """Empty *engine* and run both containers."""
    engine.empty()
    for words in COMMANDS:
        run_docker(engine.host, *words)
