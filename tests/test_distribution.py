"""What the build makes for the wheel, apart from any build."""

import shutil
import subprocess
from pathlib import Path

import pytest

from dckgrade.cli import language
from dckgrade.cli.command_line import COMMANDS
from dckgrade.cli.exit_codes import ExitCode
from dckgrade.i18n import Lang
from distribution.description import make_description
from distribution.manual import escape, make_manual
from tests.conftest import need

URLS = {"Repository": "https://forge.example/me/dckgrade/"}
README = """\
[Here](docs/en/a.md#top), ![seen](fixtures/pictures/a.svg), [there](https://else.example/x), [below](#end).

`[code](a.md)`

```sh
[code](a.md)
```
"""


def test_links_of_the_description_lead_to_this_version_of_the_tree() -> None:
    described = make_description(README, URLS, "1.2.3")

    assert "[Here](https://forge.example/me/dckgrade/blob/v1.2.3/docs/en/a.md#top)" in described
    assert "![seen](https://forge.example/me/dckgrade/raw/v1.2.3/fixtures/pictures/a.svg)" in described
    assert "[there](https://else.example/x), [below](#end)." in described
    assert described.count("[code](a.md)") == 2


def test_without_an_address_the_description_has_words_instead_of_links() -> None:
    described = make_description(README, {}, "1.2.3")

    assert described.startswith("Here, , [there](https://else.example/x), [below](#end).")
    assert described.count("[code](a.md)") == 2


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_manual_page_tells_all_and_is_good_roff(
    lang: Lang, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need(None if shutil.which("groff") else "groff is not installed")
    monkeypatch.setenv("LANGUAGE", language.get_language())
    page = tmp_path / "dckgrade.1"
    page.write_text(make_manual(lang), encoding="utf-8")

    shown = subprocess.run(
        ["groff", "-K", "utf8", "-T", "utf8", "-P-cbou", "-man", "-ww", str(page)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert shown.stderr == ""
    assert [name for name in COMMANDS if f"dckgrade {name} [OPTIONS]" not in shown.stdout] == []
    assert {"fr": "Évalue des TP Docker", "en": "Grade Docker labs"}[lang] in shown.stdout
    for code in ExitCode:
        assert f"\n       {code.value} " in shown.stdout, code


def test_text_of_the_manual_page_is_no_command_of_roff() -> None:
    assert escape(".so /etc/passwd\n-f 'x' \\n") == r"\&.so /etc/passwd \-f \(aqx\(aq \en"
