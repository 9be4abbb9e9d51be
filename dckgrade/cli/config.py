"""`dckgrade config`: each setting with its value and its origin."""

from collections.abc import Iterator

from dckgrade.cli import language, options, output, settings
from dckgrade.i18n import N_, get_translator

HIDDEN_VALUE = "***"
YES, NO = N_("yes"), N_("no")


def config(lang: options.Language = None) -> None:
    """Show each setting with its value and its origin."""
    from dckgrade.lab.inputs import collect_known_inputs
    from dckgrade.render.text.sanitize import sanitize_line

    translate = get_translator(language.get_language())
    rows = list(list_settings(translate(N_("dckgrade itself"))))
    width = max(len(row.name) for row in rows)
    with output.safe_stdout():
        for row in rows:
            value = translate(YES if row.value else NO) if isinstance(row.value, bool) else str(row.value)
            print(sanitize_line(f"{row.name:{width}} {value:12} {row.origin}"))
        path = settings.get_config_path()
        line = N_("File: {path}") if path.exists() else N_("File: {path} (there is none)")
        print("\n" + sanitize_line(translate(line).format(path=path)))
        names = [*settings.SETTING_TYPES, *collect_known_inputs()]
        variables = ", ".join(map(settings.get_variable_name, names))
        print(sanitize_line(translate(N_("Variables: {names}")).format(names=variables)))


def list_settings(built_in: str) -> Iterator[settings.Setting]:
    """List the options that can be set and the inputs of all labs; *built_in* is the origin of a default."""
    from dckgrade.lab.inputs import collect_known_inputs

    found = settings.load_settings()
    for name in settings.SETTING_TYPES:
        default = settings.BUILT_IN_VALUES.get(name, "-")
        yield found.get(name) or settings.Setting(name, default, built_in)
    for declared in collect_known_inputs().values():
        setting = settings.find_input_setting(declared)
        if setting and declared.type == "secret":
            yield settings.Setting(declared.name, HIDDEN_VALUE, setting.origin)
        else:
            yield setting or settings.Setting(declared.name, declared.default or "-", built_in)
