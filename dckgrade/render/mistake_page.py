"""Find the page of a mistake on the project's documentation site, which the package's metadata names."""

from functools import cache

from dckgrade.lab.discovery import find_builtin_folder, list_labs_in_folders

ENTRY = "Documentation, "
"""The entry of `project.urls` under which a site is, as metadata has it."""


def find_mistake_page(code: str, lab: str, lang: str) -> str:
    """Return the address of the page of *code*; '' without a site, and for a lab that is not ours."""
    site = read_site_address()
    if not site or lab not in list_labs_in_folders(find_builtin_folder()):
        return ""
    return f"{site}/{lang}/mistakes/{code}.html"


@cache
def read_site_address() -> str:
    """Return where the documentation is; '' where the package does not say."""
    # Late: it reads metadata with the parser of e-mail.
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        addresses = metadata("dckgrade").get_all("Project-URL", [])
    except PackageNotFoundError:  # run from the tree, which was never installed
        return ""
    found = [address.removeprefix(ENTRY) for address in addresses if address.startswith(ENTRY)]
    return found[0].rstrip("/") if found else ""
