"""`dckgrade enrol`: keys for a class, so that no report can be handed in under another's name."""

from pathlib import Path
from typing import Annotated

import typer

from dckgrade.cli import exit_codes, language, options, output, settings
from dckgrade.i18n import N_, UserError, get_plural_translator, get_translator

CLASS_KEYS_FILE_NAME = "class.keys"

KeyFileArgument = Annotated[
    Path | None, typer.Argument(metavar="[KEY]", help=N_("The key that your trainer gave you."))
]
NewKeysOption = Annotated[
    Path | None, typer.Option("--new", metavar="ROSTER", help=N_("Make keys for everybody on this roster."))
]
KeysFolderOption = Annotated[
    Path,
    typer.Option(
        "--into", metavar="DIR", help=N_("Folder for the keys: one for each trainee, and all together.")
    ),
]


def enrol(
    key: KeyFileArgument = None,
    new: NewKeysOption = None,
    folder: KeysFolderOption = Path("keys"),
    lang: options.Language = None,
) -> None:
    """Install the key that signs your reports, or make the keys of a class."""
    if (key is None) == (new is None):
        raise UserError(
            N_("Name a key to take, or a roster to make keys for."),
            N_("Trainees: `dckgrade enrol FILE.key`; trainers: `dckgrade enrol --new ROSTER.csv`."),
        )
    if new:
        write_class_keys(new, folder)
    elif key:
        install_own_key(key)


def write_class_keys(file: Path, folder: Path) -> None:
    """Make a key for each trainee; nobody's key is ever made anew, or their signed reports would be lost."""
    from dckgrade.classroom.people import fold_name, read_roster
    from dckgrade.report import signature

    output.make_folder(folder)
    everybody = folder / CLASS_KEYS_FILE_NAME
    keys = signature.read_keys(everybody) if everybody.exists() else []
    known = {fold_name(key.trainee) for key in keys}
    keys += [
        signature.make_key(person.name)
        for person in read_roster(file).people
        if fold_name(person.name) not in known
    ]
    for number, key in enumerate(keys, start=1):
        output.write_file_atomically(
            folder / f"{output.make_file_name(key.trainee, number)}.key",
            signature.encode_keys([key]),
            private=True,
        )
    output.write_file_atomically(everybody, signature.encode_keys(keys), private=True)
    ngettext = get_plural_translator(language.get_language())
    message = ngettext(
        "{count} key in {folder}. Give it to the trainee; {all} is yours, for `collect --keys`.",
        "{count} keys in {folder}. Give each trainee theirs; {all} is yours, for `collect --keys`.",
        len(keys),
    )
    exit_codes.print_to_stderr([message.format(count=len(keys), folder=folder, all=CLASS_KEYS_FILE_NAME)])


def install_own_key(file: Path) -> None:
    """Keep the key where the next reports are signed with it."""
    from dckgrade.report import signature

    keys = signature.read_keys(file)
    if len(keys) != 1:
        raise UserError(N_("{path} holds the keys of a class; a trainee has one."), path=file)
    output.make_folder(settings.get_own_key_path().parent)
    output.write_file_atomically(settings.get_own_key_path(), signature.encode_keys(keys), private=True)
    message = N_("Your reports are signed as {trainee} from now on.")
    exit_codes.print_to_stderr(
        [get_translator(language.get_language())(message).format(trainee=keys[0].trainee)]
    )
