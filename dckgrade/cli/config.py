"""`dckgrade config`: what is settled, and who said so."""

from dckgrade.cli import language, options, output, settings
from dckgrade.i18n import N_, get_translator


def config(lang: options.Language = None) -> None:
    """Show each setting with its value and its origin."""
    from dckgrade.render.text.sanitize import sanitize_line

    translate = get_translator(language.spoken())
    found = settings.settled()
    built_in = translate(N_("dckgrade itself"))
    rows = [
        (name, found[name].value, found[name].origin)
        if name in found
        else (name, settings.BUILT_IN.get(name, "-"), built_in)
        for name in settings.KINDS
    ]
    with output.heard():
        for name, value, origin in rows:
            print(sanitize_line(f"{name:10} {value!s:12} {origin}"))
        exists = settings.file().exists()
        told = N_("File: {path}") if exists else N_("File: {path} (there is none)")
        print("\n" + sanitize_line(translate(told).format(path=settings.file())))
        variables = ", ".join(map(settings.variable, settings.KINDS))
        print(sanitize_line(translate(N_("Variables: {names}")).format(names=variables)))
