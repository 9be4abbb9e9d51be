"""What ssh, or docker at its other end, wrote to standard error → what happened, and what to try."""

from dckgrade.engine.endpoint import EngineTrouble
from dckgrade.engine.redaction import masked
from dckgrade.engine.ssh.address import DEFAULT_SOCKET, SshAddress
from dckgrade.i18n import N_

_BY_HAND = N_("Try by hand: `ssh {login}`.")
_CHECK_NAME = N_("Check how its name is written, and `ssh {login}` by hand.")
_LOGIN: tuple[tuple[tuple[str, ...], str, str], ...] = (
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
        _CHECK_NAME,
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
        _BY_HAND,
    ),
)
_OTHERWISE = N_("{endpoint}: ssh could not log in: {detail}.")

_THERE: tuple[tuple[tuple[str, ...], str, str], ...] = (
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
_NOT_THERE = N_("{endpoint}: ssh logged in, and no Docker engine answers: {detail}.")
_LATE = N_("{endpoint}: ssh did not get through within {seconds} s.")
_NO_SSH = N_("{endpoint}: there is no program ssh on this machine.")
_LONGEST = 300


def login_failed(address: SshAddress, said: str) -> EngineTrouble:
    """Say why ssh did not log in."""
    return _trouble(_LOGIN, _OTHERWISE, address, said)


def not_there(address: SshAddress, said: str) -> EngineTrouble:
    """Say why no engine answers where ssh did log in."""
    return _trouble(_THERE, _NOT_THERE, address, said)


def late(address: SshAddress, seconds: float) -> EngineTrouble:
    """Say that the time was up."""
    return EngineTrouble(_LATE, _BY_HAND, **_values(address, ""), seconds=f"{seconds:g}")


def no_ssh(address: SshAddress) -> EngineTrouble:
    """Say that OpenSSH's client is missing here."""
    return EngineTrouble(
        _NO_SSH, N_("Install it: the package is called openssh-client."), **_values(address, "")
    )


def _trouble(
    known: tuple[tuple[tuple[str, ...], str, str], ...], otherwise: str, address: SshAddress, said: str
) -> EngineTrouble:
    folded = said.casefold()
    for signs, what, advice in known:
        if any(sign.casefold() in folded for sign in signs):
            return EngineTrouble(what, advice, **_values(address, said))
    return EngineTrouble(otherwise, _BY_HAND, **_values(address, said))


def _values(address: SshAddress, said: str) -> dict[str, object]:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    host = f"[{address.host}]:{address.port}" if address.port else address.host
    return {
        "endpoint": address.url, "login": address.login, "host": host,
        "socket": address.socket or DEFAULT_SOCKET, "detail": masked((lines or ["-"])[-1][:_LONGEST]),
    }  # fmt: skip
