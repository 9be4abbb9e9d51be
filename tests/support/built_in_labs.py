"""The labs that dckgrade brings, read and checked once by each process of the tests."""

from functools import cache

from dckgrade.lab.discovery import find_lab_path
from dckgrade.lab.load import load_lab
from dckgrade.lab.model import LoadedLab


@cache
def load_built_in_lab(name: str) -> LoadedLab:
    """Return the lab of that name from `checks/`; it is frozen, so that tests may share it."""
    return load_lab(find_lab_path(name))
