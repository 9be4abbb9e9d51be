"""`dckgrade config`: what is settled, and who said so."""

from dckgrade.cli import language, options, output, settings
from dckgrade.i18n import N_, get_translator


def config(lang: options.Language = None) -> None:
    """Show each setting with its value and its origin."""
    from dckgrade.render.text.sanitize import sanitize_line

    translate = get_translator(language.get_language())
    found = settings.load_settings()
    built_in = translate(N_("dckgrade itself"))
    rows = [
        (name, found[name].value, found[name].origin)
        if name in found
        else (name, settings.BUILT_IN_VALUES.get(name, "-"), built_in)
        for name in settings.SETTING_TYPES
    ]
    with output.safe_stdout():
        for name, value, origin in rows:
            print(sanitize_line(f"{name:10} {value!s:12} {origin}"))
        exists = settings.get_config_path().exists()
        told = N_("File: {path}") if exists else N_("File: {path} (there is none)")
        print("\n" + sanitize_line(translate(told).format(path=settings.get_config_path())))
        variables = ", ".join(map(settings.get_variable_name, settings.SETTING_TYPES))
        print(sanitize_line(translate(N_("Variables: {names}")).format(names=variables)))
