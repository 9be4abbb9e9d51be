"""The account of a service that the user named by the inputs of the lab."""

from http import HTTPStatus
from typing import Literal

from dckgrade.engine.answers import HttpAnswer, Login
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import name_account_inputs

ServiceAccess = Literal["open", "granted", "wanted", "refused"]
"""No account is asked for; that of the user is let in; one is asked for and none was given; it is refused."""

LOCKED_STATUSES = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


def find_account(engine: Engine, service: str) -> Login | None:
    """Return the account given for *service*; None without a password: a name alone opens nothing."""
    user, password = (engine.inputs.get(name, "") for name in name_account_inputs(service))
    return Login(user, password) if password else None


def is_locked(answer: HttpAnswer) -> bool:
    """Return whether the answer is that an account is needed, or a better one."""
    return answer.status in LOCKED_STATUSES
