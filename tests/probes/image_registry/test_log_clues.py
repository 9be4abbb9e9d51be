"""What a registry says of its end, in words of version 2.8, and what is kept of them."""

import pytest

from dckgrade.probes.image_registry.log_clues import find_log_clue

FATAL = 'time="2026-11-29T12:00:00Z" level=fatal msg="{}"'
OWN = (
    'time="2026-11-29T12:00:00Z" level=warning msg="htpasswd is missing, provisioning with default user" '
    "password=xyzzy user=docker"
)


@pytest.mark.parametrize(
    ("line", "clue", "path"),
    [
        (FATAL.format("open /certs/r.crt: no such file or directory"), "file-missing", "/certs/r.crt"),
        (FATAL.format("read /certs/r.crt: is a directory"), "file-is-folder", "/certs/r.crt"),
        (FATAL.format("open /certs/r.key: permission denied"), "file-closed", "/certs/r.key"),
        (FATAL.format("tls: private key does not match public key"), "key-mismatch", None),
        (
            'panic: unable to configure authorization (htpasswd): "realm" must be set for htpasswd',
            "no-realm",
            None,
        ),
        (OWN, "own-accounts", None),
        (FATAL.format("listen tcp: address already in use"), "other-error", None),
        (
            "configuration error: error parsing /etc/docker/registry/config.yml: yaml: line 7",
            "other-error",
            None,
        ),
    ],
)
def test_the_log_of_a_registry_tells_why_it_ended(line: str, clue: str, path: str | None) -> None:
    assert find_log_clue(f"listening\n{line}\ngoroutine 1 [running]:") == (clue, path)


LISTENING = 'time="2026-11-29T12:01:00Z" level=info msg="listening on [::]:5000, tls"'


def test_what_stopped_it_once_is_not_why_it_ended_after_it_has_listened() -> None:
    missing = FATAL.format("open /certs/r.crt: no such file or directory")
    assert find_log_clue(f"{missing}\n{LISTENING}\nbye") == (None, None)
    assert find_log_clue(f"{LISTENING}\nbye\n{missing}") == ("file-missing", "/certs/r.crt")
    assert find_log_clue(f"{OWN}\n{LISTENING}\nbye") == ("own-accounts", None)


def test_a_line_with_a_password_leaves_a_word_and_nothing_of_itself() -> None:
    assert "xyzzy" not in repr(find_log_clue(OWN))


@pytest.mark.parametrize(
    "log", ["", 'level=info msg="listening on [::]:5000, tls"', f"fatal {'open /' * 5000}", "error open :"]
)
def test_other_words_are_no_clue(log: str) -> None:
    assert find_log_clue(log) == (None, None)
