"""Texts with and without secrets: every secret is masked, and nothing else."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import masking
from dckgrade.engine import log_frames, redaction
from dckgrade.engine.redaction import mask_matches, mask_secrets, may_hold_secret
from tests.support.cpu_time import measure_units

POSTGRES = (
    "Error: Database is uninitialized and superuser password is not specified.\n"
    "       You must specify POSTGRES_PASSWORD to a non-empty value for the\n"
    '       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".\n\n'
    '       You may also use "POSTGRES_HOST_AUTH_METHOD=trust" to allow all\n'
    "       connections without a password. This is *not* recommended.\n"
)
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmVkY2FuYXJ5"
C = "c4n4ryV4lue"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"POSTGRES_PASSWORD={C}", "POSTGRES_PASSWORD=***"),
        (f'export API_KEY="{C} {C}"', 'export API_KEY="***"'),
        (f"db_pwd='{C}'", "db_pwd='***'"),
        (f"password = {C}", "password = ***"),
        (f"SECRET={C},{C};{C}", "SECRET=***"),
        (f'TOKEN=a"b{C}', "TOKEN=***"),
        (f'["AUTH={C} with spaces","PATH=/bin"]', '["AUTH=***","PATH=/bin"]'),
        (f"mysqld --password={C} --port=3306", "mysqld --password=*** --port=3306"),
        (f"mysqld --password {C} --port 3306", "mysqld --password *** --port 3306"),
        (f'["mysqld", "--password", "{C}"]', '["mysqld", "--password", "***"]'),
        (f"curl -u elastic:{C} http://es:9200", "curl -u elastic:*** http://es:9200"),
        (f'{{"password": "{C}", "port": 1}}', '{"password": "***", "port": 1}'),
        (f'{{"db_password":12{C}, "port": 1}}', '{"db_password":***, "port": 1}'),
        (f'{{"log": "{{\\"token\\":\\"{C}\\"}}"}}', '{"log": "{\\"token\\":\\"***\\"}"}'),
        (f'CMD="mysqld --token={C}"', 'CMD="mysqld --token=***"'),
        (f"/login?user=me&token={C}", "/login?user=me&token=***"),
        (f'{{"args": "--pass {C}"}}', '{"args": "--pass ***"}'),
        (f"{{'credential': '{C}'}}", "{'credential': '***'}"),
        (f'{{"password": "{C}', '{"password": "***'),
        (f"GENERATED ROOT PASSWORD: {C}", "GENERATED ROOT PASSWORD: ***"),
        (f"postgres://user:{C}@db:5432/app", "postgres://***@db:5432/app"),
        (f"postgres://user:p@{C}@db/app", "postgres://***@db/app"),
        (f"Authorization: Basic {C}", "Authorization: ***"),
        (f"curl -H 'X-Auth-Token: {C}' http://x", "curl -H 'X-Auth-Token: ***' http://x"),
        (f"Set-Cookie: sid={C}; Path=/", "Set-Cookie: ***"),
        (f"sent Bearer {C}{C}", "sent ***"),
        (f"got {JWT} from x", "got *** from x"),
        ("key AKIAIOSFODNN7EXAMPLE used", "key *** used"),
        ("push with ghp_0123456789abcdefghijABCDEFGHIJ012345", "push with ***"),
        ("login dckr_pat_0123456789abcdefghijABCDEFG", "login ***"),
        ("join with SWMTKN-1-3pu6hszjas19xyp7-1awxwuwd3z9j1z3", "join with ***"),
        ("a\n-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----\nb", "a\n***\nb"),
        ("a\n-----BEGIN EC PRIVATE KEY-----\nMIIabc", "a\n***"),
        (f"ALTER USER x PASSWORD '{C}';", "ALTER USER x PASSWORD '***';"),
        (f"CREATE ROLE x LOGIN password '{C}''s' VALID", "CREATE ROLE x LOGIN password '***' VALID"),
        (f"SET PASSWORD FOR x = PASSWORD('{C}')", "SET PASSWORD FOR x = PASSWORD('***')"),
        (f"CREATE USER x IDENTIFIED BY '{C}'", "CREATE USER x IDENTIFIED BY '***'"),
        (f"IDENTIFIED WITH caching_sha2_password BY '{C}'", "IDENTIFIED WITH caching_sha2_password BY '***'"),
        (f"password is {C}", "password is ***"),
        (f"the password is now set to {C} for root", "the password is now set to *** for root"),
        (f"le mot de passe est {C}", "le mot de passe est ***"),
        (f"pw={C} db_pw={C}", "pw=*** db_pw=***"),
        (f"mdp={C}", "mdp=***"),
        (f"passphrase {C}", "passphrase ***"),
        (f"passphrase: {C}", "passphrase: ***"),
        (f"DB_PASSWORD: {C} # mine", "DB_PASSWORD: *** # mine"),
        (f"mot de passe : {C}", "mot de passe : ***"),
        (f"Mot de passe\u00a0: {C} (admin)", "Mot de passe\u00a0: *** (admin)"),
        (f"root password: {C} (change it)", "root password: *** (change it)"),
        ("root password: default (change it)", "root password: *** (change it)"),
        (f'password: "{C} {C}", port', 'password: "***", port'),
        (f'{{"log":"passphrase: {C}"}}', '{"log":"passphrase: ***"}'),
        ("use sk-abcdefghij0123456789 here", "use *** here"),
        ("use sk-proj-abcdefghij_0123456789", "use ***"),
        ("use xoxb-1234567890-abcdef", "use ***"),
        (f"password=\\{C}", "password=***"),
        (f"tool --pw {C} -v", "tool --pw *** -v"),
        (f"redis-server requirepass {C}", "redis-server requirepass ***"),
        (f'requirepass "{C} {C}"', 'requirepass "***"'),
    ],
)
def test_a_secret_is_hidden_and_its_name_stays(text: str, shown: str) -> None:
    assert mask_secrets(text) == shown


def test_the_message_of_postgres_keeps_its_sentences() -> None:
    shown = mask_secrets(POSTGRES)
    assert "superuser password is not specified" in shown
    assert '"-e POSTGRES_PASSWORD=***" on "docker run"' in shown
    assert '"POSTGRES_HOST_AUTH_METHOD=trust" to allow all' in shown
    assert len(shown.splitlines()) == len(POSTGRES.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        "PATH=/usr/bin:/bin LANG=C.UTF-8",
        "http://localhost:9090/graph?g0.expr=up",
        "listening on port 80, pid=7",
        '{"status": "running", "ok": true, "token": null}',
        'FATAL:  password authentication failed for user "postgres"',
        "2026-11-24 01:36:06.123 UTC [1] LOG:  database system is ready to accept connections",
        'ts=2026-11-24T01:36:06Z level=info msg="Server is ready to receive web requests."',
        "mail me@example.org: see https://example.org/@me",
        "cat: can't open '/run/secrets/pw': No such file or directory",
        "docker-entrypoint.sh: line 25: /run/secrets/db_password: No such file or directory",
        "cat: '/run/secrets/token': Permission denied",
        "psql: error: /root/.pgpass/password: Is a directory",
        "Error: Database is uninitialized and superuser password is not specified.",
        "PostgreSQL init process complete; ready for start up.",
        "PostgreSQL Database directory appears to contain a database; Skipping initialization",
        "Access denied for user 'root'@'localhost' (using password: YES)",
        "error: password: authentication failed",
        "no password is set for the default user",
        "a passphrase is required, the mot de passe est incorrect",
        "Enter passphrase for key (empty for no passphrase):",
        "upward=1 stopwords=en task-aaaaaaaaaaaaaaaaaaaaaaaaaaa",
        '172.17.0.1 - - [24/Nov/2026:01:36:06 +0000] "GET /pw/is HTTP/1.1" 200 615 "-" "curl/7.88.1" "-"',
    ],
)
def test_what_is_no_secret_stays_as_it_is(text: str) -> None:
    assert mask_secrets(text) == text


def test_the_tables_are_as_large_as_they_must_be_and_say_nothing_twice() -> None:
    for name in ("secrets", "innocent"):
        lines = masking.read_table(name)
        assert len(set(lines)) == len(lines) >= 250


SECRETS, INNOCENT = masking.read_table("secrets"), masking.read_table("innocent")


@pytest.mark.parametrize("kind", dict.fromkeys(line.kind for line in SECRETS))
def test_no_secret_of_the_table_leaks(kind: str) -> None:
    texts = [text for line in SECRETS if line.kind == kind for text in masking.iter_canaries(line)]
    assert all(masking.MARKER_PATTERN.search(text) for text in texts)
    assert [text for text in texts if masking.leaks(text)] == []


@pytest.mark.parametrize("kind", dict.fromkeys(line.kind for line in INNOCENT))
def test_no_innocent_line_of_the_table_is_eaten(kind: str) -> None:
    assert [line.text for line in INNOCENT if line.kind == kind and masking.is_eaten(line)] == []


@pytest.mark.parametrize("kind", dict.fromkeys(line.kind for line in SECRETS))
def test_what_is_masked_stays_as_it_is_and_no_check_passes_it_over(kind: str) -> None:
    for line in SECRETS:
        for text in masking.iter_canaries(line) if line.kind == kind else ():
            assert may_hold_secret(text), text
            assert mask_secrets(mask_secrets(text)) == mask_secrets(text), text


MAX_CHARS = log_frames.MAX_LOG_TEXT_CHARS * 2
"""As much as is masked at once."""
PIECES = (
    *("password", "passphrase", "mot de passe", "requirepass", "--pw", "identified by", "sk-", "a", "not"),
    *(" is ", " set to ", " ", ":", "=", "'", '"', "(", "-", "\n", ",", "***"),
)


@given(st.text())
def test_masking_twice_changes_nothing_more(text: str) -> None:
    assert mask_secrets(mask_secrets(text)) == mask_secrets(text)


@given(st.lists(st.sampled_from([line.text for line in SECRETS + INNOCENT]), max_size=4), st.text(max_size=4))
def test_masking_lines_of_all_languages_twice_changes_nothing_more(lines: list[str], between: str) -> None:
    text = between.join(lines)
    assert mask_secrets(mask_secrets(text)) == mask_secrets(text)


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
def test_masking_sentences_twice_changes_nothing_more(text: str) -> None:
    assert mask_secrets(mask_secrets(text)) == mask_secrets(text)


NAMES = (
    "DB_PASS",
    "pwd",
    "ClientSecret",
    "x.token",
    "api-key",
    "aws_cred",
    "AUTH",
    "DSN",
    "session_id",
    "COOKIE",
)
CANARY = st.from_regex(r"canary[A-Za-z0-9+/_.-]{6,40}", fullmatch=True)


@given(
    name=st.sampled_from(NAMES),
    secret=CANARY,
    form=st.sampled_from(["{}={}", '"{}": "{}"', "--{} {}", "{}='{}'"]),
)
def test_no_canary_survives_under_a_secret_name(name: str, secret: str, form: str) -> None:
    assert "canary" not in mask_secrets(f"before {form.format(name, secret)} after")


def test_no_pattern_of_ours_repeats_a_group_possessively() -> None:
    written = {
        path: path.read_text(encoding="utf-8") for path in Path(redaction.__file__).parents[2].rglob("*.py")
    }
    assert len(written) > 100
    # Debian 12's Python 3.11.2 matches such repeats wrongly: half of a secret would stay.
    assert [path.name for path, text in written.items() if re.search(r"\)[*+?]\+", text)] == []


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "=",
        "a=",
        "'a=",
        '"a=',
        '"a":"',
        "://",
        "a://",
        "x-",
        "eyJa.",
        "-eyJ-",
        "-----BEGIN A-----",
        "--a ",
        "\\",
        "password: ",
        "-u a:",
        "a.",
        "bearer ",
        "cookie:",
        '\\"a\\":\\"',
        "ghp_",
        "@",
        "a@",
        "://a@",
        "-",
        "--",
        "password",
        "password '",
        "password is ",
        "password is now set to ",
        "mot de passe : ",
        "passphrase ",
        "identified by ",
        "identified with a",
        "identified with ",
        "sk-",
        "-sk-",
        "xoxb-",
        "pw",
        "''",
        "a='",
        'password "',
        " ",
        "password\n",
        "password: |\n ",
        "passwords:\n- a\n",
        "- password:\n",
        "tokens: [",
        'tokens: ["a',
        "tokens: ['",
        "<password>",
        '<a name="password" ',
        '<a name="password">a',
        "<password a",
        '"value":"a","name":',
        '{"name":"password","value":',
        '"\\n',
        "'\\n",
        '\\"password\\":',
        "db-1  | password=",
        "2026-11-24T01:36:06Z ",
        "mysql -p",
        "mysql ",
        "docker login ",
        "echo -a ",
        "echo ",
        "echo a|",
        "htpasswd -bb",
        "htpasswd -b a ",
        "curl -u a",
        "://a:b",
        "://a:",
        "ENV password ",
        "a:5432:a:",
        "user a on >",
        "define('password',",
        "kind: Secret\ndata:\n a: b\n",
        "password for the ",
        "password for a (",
        "${password:-",
        "$2y$",
        "Private-Lines: 1\na",
    ],
)
def test_hostile_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    text = (piece * MAX_CHARS)[:MAX_CHARS]
    assert measure_units(lambda: mask_matches(text), 80) < 80


def test_the_sentence_that_labs_look_for_is_found_by_its_pattern() -> None:
    assert re.search(r"superuser password is not specified", mask_secrets(POSTGRES))


SECRET_PIECES = [
    *("-----BEGIN A KEY-----", "Authorization: a", "Set-Cookie: a", "X-B-Token: c", "http://a:b@c", "-u a:b"),
    *("--user=a:b", "DB_PWD=a", '"private_dsn": "a"', "--session-cred a", "mot de passe : a", "pw: a"),
    *("mdp est a", "requirepass a", "masterauth a", "identified with x by password 'a'", "password 'a'"),
    *(JWT, "AKIA" + "A" * 16, "ASIA" + "A" * 16, "ghp_" + "a" * 10, "github_pat_" + "a" * 10),
    *("dckr_pat_" + "a" * 10, "glpat-" + "a" * 10, "SWMTKN-1-abc", "sk-" + "a" * 20, "xoxb-abcde"),
    *("bearer abcdefgh", "pa\u017f\u017fword: a", "\u017fecret=a", "to\u212aen: a", "pr\u0131vate=a"),
]


@given(st.lists(st.sampled_from([*SECRET_PIECES, "nginx -g", "daemon off;", "\n", " ", "é"]), max_size=4))
def test_no_text_is_passed_over_in_which_a_pattern_matches(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert mask_secrets(text) == mask_matches(text)
    assert may_hold_secret(text) or mask_matches(text) == text


@pytest.mark.parametrize("piece", SECRET_PIECES)
def test_each_pattern_has_its_telltale_in_capitals_too(piece: str) -> None:
    assert may_hold_secret(piece)
    assert may_hold_secret(piece.upper())


def test_what_most_texts_say_is_searched_by_no_pattern() -> None:
    assert not any(map(may_hold_secret, ("", "nginx", "-g daemon off;", "postgres", "sleep 3600")))
