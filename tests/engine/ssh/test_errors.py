"""What ssh and docker write when they fail, as OpenSSH 9.2 and Docker 28.2 were seen to, → plain words."""

import pytest

from dckgrade.engine.ssh.address import SshAddress
from dckgrade.engine.ssh.errors import explain_login_failure, explain_missing_engine

WHERE = SshAddress(host="poste-01", user="ada", port=2222)


@pytest.mark.parametrize(
    ("stderr", "message"),
    [
        (("No ED25519 host key is known for poste-01 and you have requested strict checking.\n"
         "Host key verification failed."), "host key is not known"),
        ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @", "not the one"),
        ("ada@poste-01: Permission denied (publickey,password).", "permission denied"),
        ("Received disconnect: Too many authentication failures", "permission denied"),
        ("ssh: connect to host poste-01 port 22: No route to host", "no route"),
        ("ssh: connect to host poste-01 port 22: Network is unreachable", "no route"),
        ("ssh: connect to host poste-01 port 22: Connection refused", "no ssh server listens"),
        ("ssh: connect to host poste-01 port 22: Connection timed out", "did not answer"),
        ("Connection timed out during banner exchange", "did not answer"),
        ("ssh: Could not resolve hostname poste-01: Name or service not known", "no known address"),
        ("/root/.ssh/config: line 3: Bad configuration option: nonsense", "its own configuration"),
        ("kex_exchange_identification: read: Connection reset by peer", "could not log in: kex_exchange"),
        ("", "could not log in: -"),
    ],
)  # fmt: skip
def test_each_failed_login_is_said_plainly(stderr: str, message: str) -> None:
    assert message in str(explain_login_failure(WHERE, stderr))
    assert "ssh://ada@poste-01:2222" in str(explain_login_failure(WHERE, stderr))


@pytest.mark.parametrize(
    ("stderr", "message"),
    [
        (("failed to open the raw stream connection: dial unix /var/run/docker.sock: connect: "
         "no such file or directory"), "its engine is not running"),
        (("Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/"
         "docker.sock: dial unix /var/run/docker.sock: connect: permission denied"), "group docker"),
        ("bash: line 1: docker: command not found", "there is no Docker"),
        ("sh: 1: docker: not found", "there is no Docker"),
        ("docker: 'dial-stdio' is not a docker command.", "there is no Docker"),
        ("This account is currently not available.", "no Docker engine answers: This account"),
    ],
)  # fmt: skip
def test_each_missing_engine_is_said_plainly(stderr: str, message: str) -> None:
    assert message in str(explain_missing_engine(WHERE, stderr))


def test_a_hostile_server_is_quoted_shortly_and_without_secrets() -> None:
    message = str(explain_missing_engine(WHERE, "\x1b[31m" + "x" * 10_000 + "\n password=c4n4ry"))
    assert len(message) < 800
    assert "c4n4ry" not in message


def test_the_way_to_mend_a_changed_key_names_the_port_as_ssh_keygen_wants_it() -> None:
    assert "ssh-keygen -R [poste-01]:2222" in str(
        explain_login_failure(WHERE, "REMOTE HOST IDENTIFICATION HAS CHANGED")
    )
