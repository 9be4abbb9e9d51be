"""Profiles as trainees write them in; names, denials, or the fault that the parser is sure to refuse, out."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dckgrade.probes.apparmor.path_patterns import matches_path_pattern
from dckgrade.probes.apparmor.policy.lexer import InvalidPolicy
from dckgrade.probes.apparmor.profile import ApparmorProfile, parse_apparmor_profiles
from tests.conftest import FIXTURES

SOLUTION = (FIXTURES / "tp3" / "solution" / "docker-nginx-profile").read_bytes()
SYSTEM = Path("/etc/apparmor.d")


def parse_profile(text: str) -> ApparmorProfile:
    found = parse_apparmor_profiles(text.encode())
    assert len(found) == 1
    return found[0]


def fault(text: str) -> tuple[str, int]:
    with pytest.raises(InvalidPolicy) as caught:
        parse_apparmor_profiles(text.encode())
    return caught.value.what, caught.value.line


def find_fault(content: bytes) -> str | None:
    try:
        parse_apparmor_profiles(content)
    except InvalidPolicy as fault:
        return fault.what
    return None


def parse_or_nothing(content: bytes) -> list[ApparmorProfile]:
    try:
        return parse_apparmor_profiles(content)
    except InvalidPolicy:
        return []


def test_the_profile_of_dockers_documentation_is_read() -> None:
    found = parse_apparmor_profiles(SOLUTION)[0]
    assert found.name == "docker-nginx-profile"
    assert found.denies("/etc/hostname")
    assert found.denies("/usr/share/nginx/html/index.html")
    assert not found.denies("/var/lib/nginx/body")
    assert not found.denies("/sys/fs/cgroup/x")
    assert found.denies("/sys/kernel/x")


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("profile web", "web"),
        ('profile "my web"', "my web"),
        ("profile web /usr/sbin/nginx", "web"),
        ("profile web flags=(attach_disconnected)", "web"),
        ("profile web flags = (complain, audit)", "web"),
        ("/usr/sbin/nginx", "/usr/sbin/nginx"),
        ('"/opt/my web/nginx"', "/opt/my web/nginx"),
        ("profile snap.docker.nginx", "snap.docker.nginx"),
    ],
)
def test_the_name_is_the_word_after_profile_not_the_files(head: str, name: str) -> None:
    assert parse_profile(f"{head} {{\n file,\n}}\n").name == name


@pytest.mark.parametrize(
    ("flags", "complain"),
    [
        (" flags=(complain)", True),
        (" flags=(attach_disconnected,complain)", True),
        (" flags=(enforce)", False),
        ("", False),
    ],
)
def test_a_flag_says_that_it_only_watches(flags: str, *, complain: bool) -> None:
    assert ("complain" in parse_profile(f"profile web{flags} {{\n file,\n}}").flags) is complain


def test_several_profiles_of_a_file_are_told_apart_and_children_left_to_themselves() -> None:
    text = (
        "profile a {\n deny /etc/** w,\n profile child {\n deny /usr/** w,\n }\n}\nprofile b {\n file,\n}\n"
    )
    first, second = parse_apparmor_profiles(text.encode())
    assert (first.name, first.denied, second.name, second.denied) == ("a", ["/etc/**"], "b", [])


@pytest.mark.parametrize(
    ("rule", "denied"),
    [
        ("deny /etc/** wl,", True),
        ("audit deny /etc/hostname w,", True),
        ("deny owner /etc/hostname rw,", True),
        ("deny w /etc/hostname,", True),
        ("deny file /etc/hostname a,", True),
        ('deny "/etc/hostname" w,', True),
        ("deny /{etc,usr}/** mrwklx,", True),
        ("deny /etc/host[mn]ame w,", True),
        ("deny /etc/hostnam? w,", True),
        ("deny /** w, # all of it", True),
        ("deny /etc/* w,", True),
        ("deny /etc/hostname rx,", False),
        ("/etc/hostname w,", False),
        ("deny /etc/*/x w,", False),
        ("deny /* w,", False),
        ("deny @{HOME}/** w,", False),
        ("deny @{etc_rw}hostname w,", True),
        ("# deny /etc/** w,", False),
        ("deny network raw,", False),
    ],
)
def test_what_denies_writing_to_a_path(rule: str, *, denied: bool) -> None:
    text = f"#include <tunables/global>\nprofile web {{\n  file,\n  {rule}\n}}\n"
    assert parse_profile(text).denies("/etc/hostname") is denied


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ("no-profile", 1)),
        ("{}", ("no-profile", 1)),
        ("<!DOCTYPE html>\n<p>404</p>\n", ("no-profile", 1)),
        ("profile web {\n  file,\n  umount\n}\n", ("missing-comma", 5)),
        ("profile web {\n  umount\n  deny /etc/** w,\n}\n", ("missing-comma", 3)),
        ("profile web {\n  file,\n", ("braces", 3)),
        ("profile web {\n  file,\n  deny /x w,\n", ("braces", 4)),
        ("profile web {\n  file,\n}\n}\n", ("braces", 4)),
        ("profile web {\n  profile x {\n  file,\n}\n", ("braces", 5)),
        ("profile web {\n  #include <abstractions/base>\n}\n", ("undeclared-variable", 2)),
        ("profile web {\n  file,\n  deny @{PROC}/x w,\n}\n", ("undeclared-variable", 3)),
        ("\ufeffprofile web {\n  file,\n}\n", ("byte-order-mark", 1)),
        ("profile web {\n  /a r\n  /b r,\n}\n", ("missing-comma", 3)),
        ("include <tunables/global>,\nprofile web {\n  file,\n}\n", ("syntax", 1)),
        ("profile web {\n  capability net_bind_services,\n}\n", ("unknown-word", 2)),
        ("profile web flags=(complian) {\n  file,\n}\n", ("unknown-word", 1)),
        ("profile web {\n  network inet tpc,\n}\n", ("unknown-word", 2)),
        ("profile web {\n  signal set=(killl),\n}\n", ("unknown-word", 2)),
        ("profile web {\n  mount options=(ro,bnd) /a -> /b,\n}\n", ("unknown-word", 2)),
        ("profile web {\n  set rlimit nofiles <= 5,\n}\n", ("unknown-word", 2)),
        ("profile web {\n  /a x,\n}\n", ("conflict", 2)),
        ("profile web {\n  /a px,\n  /a ix,\n}\n", ("conflict", 3)),
        ("profile web {\n  /** ix,\n  /a/* px,\n}\n", ("conflict", 3)),
        ("profile web {\n  deny /etc/[a w,\n}\n", ("path-pattern", 2)),
        ("profile web {\n  deny /{etc w,\n}\n", ("path-pattern", 2)),
        ("@{A} = /x,\nprofile web {\n  file,\n}\n", ("syntax", 1)),
        ("@{A} = @{B}\nprofile web {\n  @{A}/x r,\n}\n", ("undeclared-variable", 3)),
        ("profile web {\n  deny owner /a w;\n}\n", ("syntax", 2)),
        ("#include <abstractions/base>\nprofile web {\n  file,\n}\n", ("syntax", 1)),
        ("profile web {\n  include <tunables/global>\n  file,\n}\n", ("syntax", 2)),
    ],
)
def test_what_the_parser_is_sure_to_refuse(text: str, found: tuple[str, int]) -> None:
    assert fault(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "abi <abi/3.0>,\ninclude <tunables/global>\nprofile web {\ninclude <abstractions/base>\n  file,\n}\n",
        "@{MINE} = /srv /opt\nprofile web {\n  @{MINE}/** r,\n}\n",
        "profile web {\n  include if exists <local/web>\n  file,\n}\n",
        "profile web {\n  mount options=(ro, nosuid) /a -> /b/,\n}\n",
        "profile web {\n  signal (send,\n    receive) peer=web,\n}\n",
        "profile web {\n  /{,usr/}bin/** rix,\n  /a\\,b r,\n}\n",
        "profile web { file, network, }",
        "profile web {\r\n  file,\r\n}\r\n",
        "@{MINE}= {/usr,/opt}/share\nprofile web {\n  deny @{MINE}/** w,\n}\n",
        "profile web {\n  /** ix,\n  /usr/bin/x px,\n}\n",
        "profile web {\n  userns,\n  all,\n  network inet ip=10.0.0.1 port=80,\n}\n",
    ],
)
def test_what_is_fine_is_not_called_wrong(text: str) -> None:
    assert parse_profile(text).name == "web"


def test_bytes_that_are_no_text_are_no_profile() -> None:
    assert find_fault(b"\xff\xfe\x00") == "not-text"


def test_no_pattern_makes_matching_slow_or_fail() -> None:
    path = "/usr/share/nginx/html/index.html"
    for pattern in (
        "/" + "**a" * 60,
        "{,}" * 60,
        "{a,b" * 50,
        "/[" * 90,
        "[z-a]" * 30,
        "\\" * 99,
        "*" * 5000,
    ):
        assert not matches_path_pattern(pattern, path)
    assert matches_path_pattern("/" + "*" * 150, "/etc")


@given(st.text(alphabet='{}()[],#@*"\\ /\nabdenywprofilecu<>=-', max_size=120))
def test_whatever_is_in_the_file_is_a_profile_or_a_named_fault(text: str) -> None:
    assert (find_fault(text.encode()) is None) is bool(parse_or_nothing(text.encode()))
