"""Secrets on command lines: flags by their names, short flags by the program whose they are."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from dckgrade.engine.redaction import values
from dckgrade.engine.redaction.members import replace_values
from dckgrade.engine.redaction.names import MARKED, Secrecy, rate_name
from dckgrade.engine.redaction.values import MASK
from dckgrade.lazy_patterns import compile_lazily

# In a shell's words, in a JSON array, in a list of YAML.
_GAP = r"""(?:["']?,?[ \t]{1,4}(?:\\\r?\n[ \t]*+)?|["'],\s{0,20}|["']?\r?\n[ \t]*+-[ \t]++)"""
FLAG_TELLTALES = ("-",)
_FLAG_PATTERN = compile_lazily(rf"""(?<![\w.-]){MARKED}(?P<flag>--?\w[\w.-]*+){_GAP}(?=["']?(?!-|["'])\S)""")
_OPTION_PATTERN = compile_lazily(r"(?:-\w[\w.-]*+|[<\[(|].*)")


def mask_flags(text: str) -> str:
    """Mask the word after a flag such as `--password`."""
    return replace_values(text, _FLAG_PATTERN, _find_flag_value)


def _find_flag_value(text: str, match: re.Match[str]) -> tuple[int, int] | None:
    flag, begin = match["flag"], match.end()
    secrecy = rate_name(flag)
    if secrecy is Secrecy.NONE or values.is_harmless(text, begin, secrecy, flag.lstrip("-")):
        return None
    if values.reads_as_prose(text, begin, any_word=False):
        return None
    if text[begin - 1 : begin] in {'"', "'"}:
        begin -= 1
    return begin, values.find_value_end(text, begin, member=False)


class Program(NamedTuple):
    """The options of programs after which a secret stands."""

    names: str
    apart: str = ""
    """Options whose value is a word of its own: `-p X`."""
    joined: str = ""
    """Options whose value may be joined to them: `-pX`."""
    account: str = ""
    """Options whose value is an account, `name:password`."""
    after: str = ""
    """What stands before a secret without an option."""


PROGRAMS = (
    Program(
        r"(?:mysql|mariadb)(?:dump|admin|import|check|show|sh|slap|pump|-dump|-admin|-check"
        r"|-import)?|mycli|mysql_upgrade",
        joined="-p",
    ),
    Program(
        r"(?:docker|podman|buildah|skopeo|nerdctl|crane|oras|regctl|helm|ctr|cosign|az|oc|cf|ibmcloud"
        r"|vault|heroku|cargo|twine|npm|argocd)\b[^\n;|&]{0,60}?\b(?:login|upload)",
        apart="-p",
    ),
    # Not Vault's, whose `-path=` and `-method=` begin so.
    Program(r"(?:docker|podman|nerdctl|buildah|skopeo)[ \"',]{1,4}login", joined="-p=?"),
    Program(
        r"grafana(?:-cli|[ ]cli)",
        after=r"reset-admin-password[ ](?:--(?:user-id|homepath|config)[ =]\S{1,128}[ ]){0,3}",
    ),
    Program(r"(?:redis|valkey|keydb)-(?:cli|benchmark)|redis-sentinel", apart="-a"),
    Program(r"(?:mysql|mariadb-)admin", after=r"password[ ]"),
    Program("https?|xh", account="-a|--auth"),
    Program("sshpass", apart="-p", joined="-p"),
    Program(
        r"curl|wget|etcdctl|es-cli|elasticsearch-\w+|mosquitto_pub",
        account="-u|-U|--user|--proxy-user|--proxy",
        apart="--oauth2-bearer|-b(?= ?[\"']?\\w+=)|--cookie",
    ),
    Program(r"ldap(?:search|add|modify|whoami|passwd|delete|compare)", apart="-w|-s"),
    Program("slappasswd", apart="-s"),
    Program(r"mongo(?:sh|dump|restore|export|import|stat|top)?", apart="-p", joined="-p"),
    Program(
        r"cqlsh|nodetool|beeline|jmxterm|cypher-shell|ncftp\w*|rabbitmqadmin|iredis|clickhouse-client",
        apart="-p|-pw",
    ),
    Program(
        r"sqlcmd|bcp|isql|tsql|osql|mosquitto_(?:pub|sub|rr)|ipmitool|zip|unzip|zipcloak|mssql-cli|tds",
        apart="-P",
        joined="-P",
    ),
    Program(r"7z[azr]?|rar|unrar", joined="-p|-hp"),
    Program(r"useradd|usermod|chpasswd|adduser|adduser", apart="-p|-password"),
    Program(
        r"smbclient|rpcclient|smbget|winexe|wmic|mount\.cifs|net[ ]rpc",
        joined=r"(?:-U|--user)[ =]?[\"']?[\w.\\@/-]{1,64}%",
    ),
    Program(
        r"htpasswd|htdigest|mosquitto_passwd",
        after=r"-(?=\w*?b)\w++[ ](?:-\w+[ ]|\d+[ ]){0,4}(?:\S{1,128}[ ])?[\w.@-]{1,64}[ ]",
    ),
    Program(r"openssl[ ]passwd", after=r"openssl[ ]passwd[ ](?:-\w+[ ]){0,4}"),
    Program("openssl", apart="-k|-K", joined=r"(?:pass|env|-pass(?:in|out)?[ ]pass):"),
    Program("rabbitmqctl", after=r"(?:add_user|change_password|authenticate_user)[ ]\S{1,64}[ ]"),
    Program(r"vault", after=r"(?:login|unseal)[ ](?:-[\w=-]+[ ])*"),
    Program(r"kubectl|oc", joined=r"--from-literal[= ][\"']?[\w.-]{1,128}="),
    Program(r"mc", after=r"(?:alias[ ]set|config[ ]host[ ]add)[ ]\S{1,64}[ ]\S{1,256}[ ]\S{1,128}[ ]"),
    Program(r"ssh-keygen", apart="-N|-P"),
    Program(r"wpa_passphrase|nmcli", after=r"(?:(?<=passphrase)|wpa_passphrase)[ ]\S{1,64}[ ]"),
    Program(r"lftp", joined=r"-u[ ][\w.@-]{1,64},"),
    Program(r"sqlplus|expdp|impdp|rman", joined=r"[ ][\w$#]{1,64}/(?=[^\s/@]+(?:@|\s|$))"),
    Program(r"net[ ]use", after=r"/user:\S{1,64}[ ]"),
    Program(r"xfreerdp|wfreerdp|mstsc", joined="/p:"),
    Program(r"snmp\w+", apart="-A|-X|-a(?= \\S*\\d)"),
    Program(
        r"cargo[ ]login|wrangler|ngrok",
        after=r"(?:cargo[ ]login|ngrok[ ](?:authtoken|config[ ]add-authtoken))[ ]",
    ),
    Program(r"influx\w*", apart="-t|-p|-password"),
    Program(r"passwd|saslpasswd2|borg|restic", apart="-p"),
)
PROGRAM_TELLTALES = (
    *(
        "mysql",
        "maria",
        "mycli",
        " login",
        '"login"',
        "redis-",
        "valkey",
        "keydb",
        "sshpass",
        "curl",
        "wget",
        "etcdctl",
    ),
    *(
        "ldapsearch",
        "ldapadd",
        "ldapmod",
        "ldapwho",
        "ldappass",
        "ldapdel",
        "ldapcomp",
        "slappasswd",
        "mongo",
    ),
    *(
        "cqlsh",
        "nodetool",
        "beeline",
        "cypher-",
        "ncftp",
        "rabbitmq",
        "sqlcmd",
        "bcp",
        "isql",
        "tsql",
        "osql",
    ),
    *(
        "mosquitto",
        "ipmitool",
        "zip",
        "7z",
        "rar ",
        "useradd",
        "usermod",
        "adduser",
        "openssl",
        "smb",
        "rpcclient",
    ),
    *(
        "winexe",
        "cifs",
        "htpasswd",
        "htdigest",
        "vault",
        "kubectl",
        "mc ",
        "ssh-keygen",
        "wpa_",
        "lftp",
        "sqlplus",
    ),
    *(
        "expdp",
        "impdp",
        "net use",
        "net rpc",
        "freerdp",
        "snmp",
        "cargo",
        "ngrok",
        "influx",
        "upload",
        "passwd",
    ),
    *("http ", "https ", "xh "),
    *(
        "elasticsearch-",
        "iredis",
        "clickhouse",
        "borg",
        "restic",
        "jmxterm",
        "oc ",
        "wmic",
        "nmcli",
        "rman",
        "tds",
        "reset-admin",
    ),
)
_NAMES = "|".join(program.names for program in PROGRAMS)
_START = rf"(?<![\w.-])(?:{_NAMES})(?![\w=:])(?!\.(?:com|org|io|d|sh|cnf)\b)"
_SEGMENT_PATTERN = compile_lazily(rf"{_START}(?:(?!{_START})(?:\\\r?\n|[^\n;|&]))*")
_SECRET_WORD = values.STRING + r"|" + r"""(?:[^\s"',\\]|,(?!\s|["'])|["'](?=[\w*]))+"""


def mask_programs(text: str) -> str:
    """Mask the secrets that well-known programs take by short options or by their place."""
    return _SEGMENT_PATTERN.sub(lambda segment: _mask_segment(segment[0]), text)


def _mask_segment(segment: str) -> str:
    for named, options in _compile_programs():
        if named.match(segment):
            for option in options:
                segment = option.sub(_mask_option, segment)
    return segment


@cache
def _compile_programs() -> list[tuple[re.Pattern[str], Sequence[re.Pattern[str]]]]:
    return [
        (
            compile_lazily(rf"(?:{program.names})(?![\w=:])"),
            tuple(map(compile_lazily, _write_patterns(program))),
        )
        for program in PROGRAMS
    ]


def _write_patterns(program: Program) -> Iterator[str]:
    begin = r"""(?<=[\s"'])"""
    if program.apart:
        yield rf"""({begin}(?:{program.apart}){_GAP}["']?)(?!-)(?:{_SECRET_WORD})"""
    if program.joined:
        place = "" if program.joined[0] in "[(" else begin
        option = rf"""{place}(?:{program.joined})(?:["'](?=[^\s"',;)\]}}]))?"""
        yield rf"""({option})(?!\d+:\d|\s|["',]|-|ort\b)(?:{_SECRET_WORD})"""
    if program.account:
        name = rf"""{begin}(?:{program.account})(?:=|{_GAP})?["']?[^\s:"'/,]{{0,128}}:"""
        yield rf"""({name})(?!\d{{1,5}}\b|//)(?:{_SECRET_WORD})"""
    if program.after:
        words = program.after.replace("[ ]", r"""["']?[\s,]{1,3}["']?""")
        yield rf"""({words}["']?)(?![-<\[(])(?:{_SECRET_WORD})"""


def _mask_option(match: re.Match[str]) -> str:
    value = match[0][len(match[1]) :]
    if (
        values.is_placeholder(value, 0)
        or values.reads_as_prose(value, 0, any_word=False)
        or values.is_empty(value)
    ):
        return match[0]
    return f"{match[1]}{values.mask_value(value)}"


ACCOUNT_TELLTALES = ("stats auth", "-u", "--user", "echo", "printf", "chpasswd", "<<<")
_LOGIN_PATTERN = compile_lazily(
    r"""(?<![\w-])((?:-u|--user|--proxy-user|stats[ ]auth)(?:[ =]{1,2}"""
    r"""|["'],\s{0,20})["']?[^\s:"']{1,128}:)(?!\d++(?![\w.-])|root\b|staff\b)([^\s"']++)"""
)
_PIPE_PATTERN = compile_lazily(
    r"""(?<![\w-])((?:echo|printf)[ ]++(?:-\w++[ ]++){0,3}(?:["']%s(?:\\n)?["'][ ]++)?)"""
    r"""((?:(?!(?<![\w-])(?:echo|printf)[ ])[^|\n])+)"""
    r"""(\|(?!\|)[ ]*+(?:[\w./-]++[ ]++){0,6}?(?:(?:docker|podman|helm|crane|oras|nerdctl)\b[^\n|;&]{0,120}"""
    r"""(?:--password-stdin|secret[ ]create)|sudo[ ]++(?:-\w++[ ]++){0,3}?-S|chpasswd|passwd"""
    r"""|gpg\b[^\n|]{0,60}passphrase-fd|cryptsetup|pw[ ]|gh[ ]auth|secret-tool|base64))"""
)
_HERE_PATTERN = compile_lazily(
    r"""((?:chpasswd|--password-stdin|sudo[ ]-S|passwd|passphrase-fd[ ]\d)[^\n<]{0,60}<<<[ ]?)"""
    r"""(["'][^"'\n]*["']|\S+)"""
)


def mask_accounts(text: str) -> str:
    """Mask passwords of `-u name:password`, and what is piped to whoever reads one."""
    text = _LOGIN_PATTERN.sub(_mask_login, text)
    text = _PIPE_PATTERN.sub(_mask_piped, text)
    return _HERE_PATTERN.sub(_mask_here, text)


def _mask_login(match: re.Match[str]) -> str:
    return match[0] if values.is_placeholder(match[2], 0) else f"{match[1]}{MASK}"


def _mask_piped(match: re.Match[str]) -> str:
    word = match[2].strip()
    if values.is_placeholder(word + " ", 0):
        return match[0]
    if match[3].endswith("base64") and not re.search(r"\d", word):
        return match[0]
    return f"{match[1]}{values.mask_value(word)} {match[3]}"


def _mask_here(match: re.Match[str]) -> str:
    return (
        match[0] if values.is_placeholder(match[2] + " ", 0) else f"{match[1]}{values.mask_value(match[2])}"
    )
