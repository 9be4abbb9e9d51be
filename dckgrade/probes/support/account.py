"""The account of a service that the user named by the inputs of the lab."""

from dckgrade.engine.answers import Login
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import name_account_inputs


def find_account(engine: Engine, service: str) -> Login | None:
    """Return the account given for *service*; None without a password: a name alone opens nothing."""
    user, password = (engine.inputs.get(name, "") for name in name_account_inputs(service))
    return Login(user, password) if password else None
