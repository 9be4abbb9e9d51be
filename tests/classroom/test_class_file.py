"""A class's TOML file: what may stand in it, and every mistake told at once with its line."""

import contextlib
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dckgrade.classroom import class_file
from dckgrade.classroom.class_file import TraineeMachine, UserErrorProblem, read_class_file
from dckgrade.i18n import UserError
from dckgrade.lab.problem import FileInvalid


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "class.toml"


def of(file: Path, text: str) -> list[TraineeMachine]:
    file.write_text(text, encoding="utf-8")
    return read_class_file(file)


def wrong(file: Path, text: str, lang: str = "en") -> list[str]:
    with pytest.raises(FileInvalid) as caught:
        of(file, text)
    return [line.removeprefix(f"{file}:") for line in caught.value.format_problems(lang)]


ADA = '[[engine]]\ntrainee = "Ada"\nhost = "ssh://ada@poste-01"\n'


def test_defaults_stand_at_the_top_and_an_engine_may_say_otherwise(file: Path) -> None:
    text = f'labs = ["tp5", "tp6"]\ncontainer = "web"\n{ADA}\n[[engine]]\ntrainee = "Bob"\n'
    ada, bob = of(file, text + 'host = "unix:///run/bob.sock"\nlabs = ["tp1"]\n')
    assert (ada.trainee, ada.endpoint.url, ada.labs) == ("Ada", "ssh://ada@poste-01", ("tp5", "tp6"))
    assert (bob.endpoint.url, bob.labs, bob.inputs) == (
        "unix:///run/bob.sock",
        ("tp1",),
        {"container": "web"},
    )


def test_a_context_that_is_not_there_costs_its_own_row_alone(file: Path) -> None:
    nowhere, ada = of(file, f'labs = ["tp5"]\n[[engine]]\ntrainee = "A"\ncontext = "nowhere"\n{ADA}')
    assert (nowhere.endpoint.url, ada.trouble) == ("context nowhere", None)
    assert "There is no Docker context" in str(nowhere.trouble)


def test_a_folder_of_certificates_is_looked_for_beside_the_file(file: Path) -> None:
    folder = file.parent / "certs"
    folder.mkdir()
    for name in ("ca", "cert", "key"):
        (folder / f"{name}.pem").touch()
    (machine,) = of(
        file, 'labs = ["tp5"]\ntls = "certs"\n[[engine]]\ntrainee = "Ada"\nhost = "tcp://poste-01"\n'
    )
    assert machine.endpoint.url == "tcp://poste-01:2376"
    assert machine.endpoint.tls
    assert (machine.endpoint.tls.ca, machine.endpoint.tls.verify) == (folder / "ca.pem", True)


def test_the_trainer_s_own_engine_is_nobody_s(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///trainer.sock")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    (machine,) = of(file, f'labs = ["tp5"]\n{ADA}')
    assert machine.endpoint.url == "ssh://ada@poste-01"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("labs = [\n", "1:"),
        ('labs = ["tp5"]\nlabs = ["tp6"]\n', "2:"),
        ("", "1:1: there is no engine"),
        ('labs = ["tp5"]\nengine = []\n', "2:1: there is no engine"),
        ('labs = ["tp5"]\nengine = ["x"]\n', "an engine is a table"),
        (f'lab = ["tp5"]\n{ADA}', "1:1: there is no `lab` here; did you mean `labs`?"),
        (f'labs = "tp5"\n{ADA}', "1:1: `labs` is a list"),
        (f"labs = []\n{ADA}", "1:1: `labs` is a list"),
        (f'labs = ["tp5x"]\n{ADA}', "1:1: there is no lab “tp5x”; did you mean `tp5`?"),
        (ADA, "1:1: no labs"),
        (f'{ADA}labs = ["tp5"]\nhostt = "x"\n', "5:1: there is no `hostt` here; did you mean `host`?"),
        (f'{ADA}labs = ["tp5"]\ncontext = "x"\n', "3:1: an engine needs either a host or a context"),
        (f'{ADA}labs = ["tp5"]\ntls = "x"\n', "5:1: `tls` goes with"),
        (f'labs = ["tp5"]\n{ADA}trainee2 = 1\n', "5:1: there is no `trainee2` here"),
        ('labs = ["tp5"]\n[[engine]]\nhost = "ssh://a"\n', "2:1: an engine needs a trainee"),
        ('labs = ["tp5"]\n[[engine]]\ntrainee = "A"\n', "2:1: an engine needs either"),
        ('labs = ["tp5"]\n[[engine]]\ntrainee = 7\nhost = "ssh://a"\n', "3:1: `trainee` is a text"),
        ('labs = ["tp5"]\n[[engine]]\ntrainee = " "\nhost = "ssh://a"\n', "3:1: `trainee` is a text"),
        (f'labs = ["tp5"]\n{ADA}\n{ADA}', "7:1: “Ada” has an engine already"),
        (f'labs = ["tp5"]\n{ADA}\n{ADA.replace("Ada", "Bob")}', "8:1: this is the engine of “Ada” too"),
        (f'labs = ["tp5"]\n{ADA.replace("ada@poste-01", "-oProxyCommand=id")}', "4:1: ssh://"),
        (f'labs = ["tp5"]\n{ADA.replace("ssh:", "http:")}', "4:1: http://"),
        ('labs = ["tp5"]\ntls = "no"\n[[engine]]\ntrainee = "A"\nhost = "tcp://a"\n', "5:1: TLS was"),
        (f'labs = ["tp5"]\nfoo.bar = 1\n{ADA}', "there is no `foo` here"),
        (f'labs = ["tp6"]\ngrafana-password = "x"\n{ADA}', "2:1: `grafana-password` is a secret"),
        (f'labs = ["tp2"]\nworkdir = "."\n{ADA}', "2:1: there is no `workdir` here"),
        (f'labs = ["tp2"]\ncontainer = "a b"\n{ADA}', "2:1: a b is not of the type container"),
    ],
)  # fmt: skip
def test_each_mistake_is_told_with_its_line(file: Path, text: str, message: str) -> None:
    lines = wrong(file, text)
    assert any(message in line if not message[0].isdigit() else line.startswith(message) for line in lines), (
        lines
    )


def test_all_mistakes_are_told_at_once_and_in_french_too(file: Path) -> None:
    text = 'lab = ["tp5"]\n[[engine]]\ntrainee = 7\n\n[[engine]]\nhost = "ssh://a"\nlabs = ["tp55"]\n'
    assert [line.partition(": ")[0] for line in wrong(file, text)] == ["1:1", "3:1", "7:1"]
    assert "vouliez-vous" in wrong(file, text, "fr")[0].lower()


def test_an_input_of_a_lab_is_a_key_of_the_class_and_of_an_engine(file: Path) -> None:
    ada, bob = of(
        file,
        f'labs = ["tp6"]\ngrafana-user = "root"\n{ADA}'
        '[[engine]]\ntrainee = "Bob"\nhost = "ssh://b"\ngrafana-user = "bob"\n',
    )
    assert (ada.inputs, bob.inputs) == ({"grafana-user": "root"}, {"grafana-user": "bob"})


def test_a_password_in_an_address_is_never_shown(file: Path) -> None:
    assert "c4n4ry" not in "".join(wrong(file, f'labs = ["tp5"]\n{ADA.replace("ada@", "ada:c4n4ry@")}'))


@pytest.mark.parametrize(
    "raw", [b"\xff", b"\0", b"a" * (class_file.MAX_CLASS_FILE_BYTES + 1), b"[" * 100_000]
)
def test_what_is_no_text_or_too_much_is_said(file: Path, raw: bytes) -> None:
    file.write_bytes(raw)
    with pytest.raises((FileInvalid, UserError)):
        read_class_file(file)


def test_a_missing_file_is_said(file: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_class_file(file)


@given(text=st.text(max_size=200))
def test_no_text_crashes_it(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.mktemp("any") / "class.toml"
    file.write_bytes(f'labs = ["tp5"]\n{ADA}{text}'.encode("utf-8", "surrogatepass"))
    with contextlib.suppress(FileInvalid):
        assert [machine.trainee for machine in read_class_file(file)][:1] == ["Ada"]


HOSTILE = "Ada\x1b[31m\u202e<script>=cmd|' /C calc'!A0"


def test_a_hostile_name_is_taken_as_it_is(file: Path) -> None:
    (machine,) = of(
        file, f'labs = ["tp5"]\n{ADA}'.replace('"Ada"', "\"Ada\\u001b[31m\\u202e<script>=cmd|' /C calc'!A0\"")
    )
    assert machine.trainee == HOSTILE


def test_the_documentation_s_example_is_read_as_it_stands(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "en" / "trainers.md").read_text(encoding="utf-8")
    example = guide.partition("<!-- class file -->\n```toml\n")[2].partition("```")[0]
    folder = file.parent / "certs" / "alan"
    folder.mkdir(parents=True)
    for name in ("ca", "cert", "key"):
        (folder / f"{name}.pem").touch()
    meta = file.parent / "contexts" / "meta" / hashlib.sha256(b"grace").hexdigest() / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text('{"Name": "grace", "Endpoints": {"docker": {"Host": "ssh://grace@poste-03"}}}')
    monkeypatch.setenv("DOCKER_CONFIG", str(file.parent))
    ada, alan, grace = of(file, example)
    assert (ada.endpoint.url, ada.labs) == ("ssh://ada@poste-01", ("tp5", "tp6"))
    assert alan.endpoint.tls
    assert alan.endpoint.tls.ca == folder / "ca.pem"
    assert (grace.endpoint.url, grace.labs, grace.inputs) == (
        "ssh://grace@poste-03",
        ("tp2",),
        {"container": "web"},
    )


def test_an_engine_that_cannot_be_resolved_is_told_with_what_to_try() -> None:
    trouble = UserError("There is no context {name}.", "These there are: {known}.", name="far", known="near")
    assert UserErrorProblem((3, 1), trouble).translate_sentence("en") == (
        "There is no context far. These there are: near."
    )
