"""Explain what ssh, or docker at its other end, wrote to standard error."""

from dckgrade.engine.endpoint import EngineError
from dckgrade.engine.redaction import mask_secrets
from dckgrade.engine.ssh.address import DEFAULT_SOCKET, SshAddress
from dckgrade.i18n import N_

_BY_HAND_ADVICE = N_("Try by hand: `ssh {login}`.")
_CHECK_NAME_ADVICE = N_("Check how its name is written, and `ssh {login}` by hand.")
_LOGIN_MESSAGES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("REMOTE HOST IDENTIFICATION HAS CHANGED",),
        N_("{endpoint}: the machine's host key is not the one that is known: it may be another machine."),
        N_("Find out why; if it was installed anew: `ssh-keygen -R {host}`, then `ssh {login}` by hand."),
    ),
    (
        ("Host key verification failed", "host key is known"),
        N_("{endpoint}: the machine's host key is not known."),
        N_("Connect once by hand, comparing the fingerprint: `ssh {login}`."),
    ),
    (
        ("Permission denied (", "Too many authentication failures", "No more authentication methods"),
        N_("{endpoint}: ssh was refused: permission denied."),
        N_("Passwords are not asked for: put your key there (`ssh-copy-id {login}`), or into your agent."),
    ),
    (
        ("Could not resolve hostname", "Name or service not known"),
        N_("{endpoint}: the machine's name has no known address."),
        _CHECK_NAME_ADVICE,
    ),
    (
        ("No route to host", "Network is unreachable", "Host is down"),
        N_("{endpoint}: there is no route to the machine."),
        N_("Is it on, and on this network?"),
    ),
    (
        ("Connection refused",),
        N_("{endpoint}: the machine is there, and no ssh server listens: connection refused."),
        N_("Install or start openssh-server there, or check the port."),
    ),
    (("timed out", "not responding"), N_("{endpoint}: the machine did not answer."), N_("Is it on?")),
    (
        ("configuration option", "bad configuration", "no argument after keyword", "Bad owner"),
        N_("{endpoint}: ssh does not accept its own configuration: {detail}."),
        _BY_HAND_ADVICE,
    ),
)
_LOGIN_FALLBACK_MESSAGE = N_("{endpoint}: ssh could not log in: {detail}.")

_ENGINE_MESSAGES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("permission denied",),
        N_("{endpoint}: that user may not speak to the Docker engine: permission denied."),
        N_("That user is not in the group docker there, which is as powerful as root."),
    ),
    (
        ("dial unix", "Cannot connect to the Docker daemon", "Is the docker daemon running"),
        N_("{endpoint}: Docker is there, and its engine is not running."),
        N_("Start it there: `systemctl start docker`. Another socket: ssh://machine/path/of/docker.sock."),
    ),
    (
        ("not found", "No such file", "unknown command", "not a docker command"),
        N_("{endpoint}: there is no Docker: {socket} does not open, and there is no (new enough) docker."),
        N_("Install Docker there, or name its socket: ssh://machine/path/of/docker.sock."),
    ),
)
_ENGINE_FALLBACK_MESSAGE = N_("{endpoint}: ssh logged in, and no Docker engine answers: {detail}.")
_TIMED_OUT = N_("{endpoint}: ssh did not get through within {seconds} s.")
_NO_SSH_MESSAGE = N_("{endpoint}: there is no program ssh on this machine.")
_MAX_DETAIL_CHARS = 300


def explain_login_failure(address: SshAddress, stderr: str) -> EngineError:
    """Return the error for an ssh that did not log in."""
    return _match_known_error(_LOGIN_MESSAGES, _LOGIN_FALLBACK_MESSAGE, address, stderr)


def explain_missing_engine(address: SshAddress, stderr: str) -> EngineError:
    """Return the error for a login that worked where no engine answers."""
    return _match_known_error(_ENGINE_MESSAGES, _ENGINE_FALLBACK_MESSAGE, address, stderr)


def explain_timeout(address: SshAddress, seconds: float) -> EngineError:
    """Return the error for a login that took too long."""
    return EngineError(_TIMED_OUT, _BY_HAND_ADVICE, **_format_values(address, ""), seconds=f"{seconds:g}")


def explain_missing_ssh(address: SshAddress) -> EngineError:
    """Return the error for a machine without OpenSSH's client."""
    return EngineError(
        _NO_SSH_MESSAGE,
        N_("Install it: the package is called openssh-client."),
        **_format_values(address, ""),
    )


def _match_known_error(
    known: tuple[tuple[tuple[str, ...], str, str], ...], otherwise: str, address: SshAddress, stderr: str
) -> EngineError:
    folded = stderr.casefold()
    for signs, what, advice in known:
        if any(sign.casefold() in folded for sign in signs):
            return EngineError(what, advice, **_format_values(address, stderr))
    return EngineError(otherwise, _BY_HAND_ADVICE, **_format_values(address, stderr))


def _format_values(address: SshAddress, stderr: str) -> dict[str, object]:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    detail = mask_secrets((lines or ["-"])[-1][:_MAX_DETAIL_CHARS])
    host = f"[{address.host}]:{address.port}" if address.port else address.host
    return {
        "endpoint": address.url, "login": address.login_arguments, "host": host,
        "socket": address.socket or DEFAULT_SOCKET, "detail": detail,
    }  # fmt: skip
