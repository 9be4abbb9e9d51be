"""Shapes of well-known tokens: what they are they tell by themselves, wherever they stand."""

import re

from dckgrade.engine.redaction.values import MASK
from dckgrade.lazy_patterns import compile_lazily

TOKEN_TELLTALES = (
    *(
        "eyj",
        "akia",
        "asia",
        "abia",
        "acca",
        "aiza",
        "ya29.",
        "gocspx-",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
    ),
    *("github_pat_", "glpat-", "glrt-", "gldt-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-", "gloas-"),
    *(
        "glsoat-",
        "glffct-",
        "glwt-",
        "glsa_",
        "glc_",
        "dckr_",
        "swmtkn-",
        "swmkey-",
        "k10",
        "sk-",
        "sk_live_",
    ),
    *("sk_test_", "rk_live_", "rk_test_", "pk_live_", "pk_test_", "whsec_", "tok_", "xox", "xapp-", "xwfp-"),
    *(
        "npm_",
        "pypi-",
        "rubygems_",
        "oy2",
        "cio",
        "sg.",
        "key-",
        "hvs.",
        "hvb.",
        "hvr.",
        "dop_v1_",
        "doo_v1_",
    ),
    *(
        "dor_v1_",
        "shpat_",
        "shpca_",
        "shppa_",
        "shpss_",
        "sq0",
        "eaa",
        "lin_api_",
        "atatt3",
        "atctt3",
        "atbb",
    ),
    *(
        "dapi",
        "pmak-",
        "nrak-",
        "nrjs-",
        "nral-",
        "pul-",
        "tskey-",
        "gsk_",
        "r8_",
        "hf_",
        "age-secret-key",
        "sntry",
    ),
    *(
        "dp.pt.",
        "dp.st.",
        "dp.ct.",
        "dp.sa.",
        "dp.scim",
        "dp.audit",
        "figd_",
        "figu_",
        "secret_",
        "ntn_",
        "pscale_",
    ),
    *(
        "sbp_",
        "fo1_",
        "fm1_",
        "fm2_",
        "fo2_",
        "nfp_",
        "cfut_",
        "phc_",
        "phx_",
        "ops_ey",
        ":aa",
        "aaaa",
        "bearer",
    ),
    "apikey",
)
"""In small letters."""
HASH_TELLTALES = (
    *(
        "$1$",
        "$2a$",
        "$2b$",
        "$2x$",
        "$2y$",
        "$5$",
        "$6$",
        "$7$",
        "$y$",
        "$gy$",
        "$p$",
        "$h$",
        "$apr1$",
        "$sha1$",
    ),
    *("$argon2", "$pbkdf2", "$scrypt$", "{ss", "{sha", "{smd", "{crypt", "{pbkdf", "scram-sha", "md5", "*"),
)
_TOKEN_PATTERN = compile_lazily(
    r"""(?<![\w-])(?:
        eyJ[\w-]{5,}+\.[\w-]{5,}+(?:\.[\w-]*+){0,3}        # JSON web tokens
      | eyJ[A-Za-z0-9+/_-]{28,}+=*+                         # JSON in base64: enrolment tokens
      | (?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Z0-9])     # AWS
      | AIza[\w-]{30,}+ | ya29\.[\w.-]{10,}+ | GOCSPX-[\w-]{10,}+   # Google
      | (?:gh[pousr]_|github_pat_|gh[pousr]_)[\w-]{10,}+    # GitHub
      | gl(?:pat|rt|dt|cbt|ptt|ft|imt|agent|oas|soat|ffct|wt)-[\w.-]{10,}+  # GitLab
      | gl(?:sa|c)_[\w+/=]{16,}+                            # Grafana
      | dckr_(?:pat|oat)_[\w-]{5,}+
      | SWM(?:TKN|KEY)-[\w+/=-]{5,}+                        # join tokens and unlock keys of a swarm
      | K10[0-9a-f]{20,}::\S++                              # k3s
      | sk-[\w-]{20,}+                                      # OpenAI, Anthropic
      | (?:[sr]k|pk)_(?:live|test)_[A-Za-z0-9]{8,}+ | whsec_[\w+/=]{8,}+ | tok_[A-Za-z0-9]{16,}+   # Stripe
      | xox[a-z](?:\.xox[a-z])?-[\w-]{5,}+ | xapp-[\w-]{8,}+ | xwfp-[\w-]{8,}+        # Slack
      | npm_[A-Za-z0-9]{20,}+ | pypi-[\w-]{16,}+ | rubygems_[0-9a-f]{20,}+
      | oy2[a-z0-9]{40,}+ | cio[A-Za-z0-9]{32}(?!\w)
      | SG\.[\w-]{10,}+\.[\w-]{10,}+ | key-[0-9a-f]{32}(?![0-9a-f])
      | hv[sbr]\.[\w-]{16,}+                                # Vault
      | do[opr]_v1_[0-9a-f]{16,}+ | shp(?:at|ca|pa|ss)_[0-9a-fA-F]{16,}+ | sq0(?:atp|csp|idp)-[\w-]{16,}+
      | EAA[A-Za-z0-9]{40,}+ | lin_api_[A-Za-z0-9]{20,}+ | AT[AC]TT3[\w=-]{20,}+ | ATBB[\w=]{24,}+
      | dapi[0-9a-f]{32}(?:-\d)? | PMAK-[0-9a-f]{16,}+-[0-9a-f]{16,}+ | NR(?:AK|JS|AL)-[A-Za-z0-9-]{16,}+
      | pul-[0-9a-f]{32,}+ | tskey-[\w-]{12,}+ | gsk_[A-Za-z0-9]{20,}+
      | r8_[A-Za-z0-9]{20,}+ | hf_[A-Za-z0-9]{20,}+
      | AGE-SECRET-KEY-1[A-Z0-9]{20,}+ | sntry[su]_[\w+/=-]{20,}+
      | dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{16,}+
      | fig[du]_[\w-]{20,}+ | secret_[A-Za-z0-9]{40,}+
      | ntn_[A-Za-z0-9]{30,}+ | pscale_(?:tkn|pw|oauth)_[\w=.-]{16,}+
      | sbp_[0-9a-f]{20,}+ | f[om][12]_[\w+/=-]{30,}+ | nfp_[A-Za-z0-9]{20,}+ | cfut_[\w-]{20,}+
      | ph[cx]_[A-Za-z0-9]{20,}+ | ops_eyJ[\w+/=-]{20,}+
      | \d{8,10}:AA[\w-]{30,}+                              # Telegram
      | AAAA[\w-]{7}:[\w-]{100,}+                           # Firebase
    )""",
    re.VERBOSE,
)
_HASH_PATTERN = compile_lazily(
    r"""(?<![\w$])\$(?:apr1|[1256y7]|2[abxy]|argon2(?:id|i|d)|pbkdf2(?:-\w{1,12})?|scrypt|gy|sha1|[PH])
      \$[^\s"':\\<|]{8,}+                                 # crypt(3)
    | \{(?:SSHA|SHA|SMD5|CRYPT|PBKDF2|SSHA256|SSHA512|SHA256|SHA512)
      [^}\s]{0,20}\}[\w+/=.$*-]{8,}+   # LDAP
    | SCRAM-SHA-(?:1|256|512)\$\d++:[\w+/=:$]++             # PostgreSQL
    | (?<!\w)md5[0-9a-f]{32}(?!\w)
    | (?<![\w*])\*[0-9A-F]{40}(?!\w)                        # MySQL""",
    re.VERBOSE | re.IGNORECASE,
)
_MIN_TOKEN_CHARS = 16
_NEXT_WORD_PATTERN = compile_lazily(r"[ ][a-z]{2,}\b")
_BEARER_PATTERN = compile_lazily(
    r"""(?<![\w-])(?:(?:bearer|apikey)[ ]{1,2}(?:['"](?=\w))?)
    (?!(?:auth\w*+|tokens?|schemes?|realm|credentials?|challenges?|formats?|error|is|was|for|from|not|header|required|method|type|invalid|missing|security|access|token_url)(?![\w])|\w++:\s)
    ([\w.~+/-]{6,}[^\s"',;<>)}\]]*+)""",
    re.VERBOSE | re.IGNORECASE,
)


def mask_tokens(text: str) -> str:
    """Mask tokens, and what follows `Bearer`."""
    return _BEARER_PATTERN.sub(_mask_bearer, _TOKEN_PATTERN.sub(MASK, text))


def _mask_bearer(match: re.Match[str]) -> str:
    is_word = match[1].islower() and match[1].isalpha() and len(match[1]) < _MIN_TOKEN_CHARS
    return match[0] if is_word and _NEXT_WORD_PATTERN.match(match.string, match.end()) else MASK


def mask_hashes(text: str) -> str:
    """Mask hashes of passwords, which can be guessed at."""
    return _HASH_PATTERN.sub(MASK, text)
