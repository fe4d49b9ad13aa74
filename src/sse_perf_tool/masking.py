"""Keeps secrets out of everything that is shown or written.

The tool knows the secrets it was given; a `Masker` made from them is applied to each text that leaves memory, also to
what the server says (some echo the key in their error message).  What they are is told by where they stand: a key, the
user of a URL, a header, cookie or parameter whose name is that of a secret.  Input that could not be read has no such
places, so `mask_text` hides all in it that looks like one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote, quote_plus, unquote, unquote_plus

SECRET_PARTS = ("auth", "key", "token", "secret", "passw", "cookie", "credential", "signature", "session", "bearer")
"""A name with one of these anywhere in it is that of a secret; `tokens` is none, those are counted."""

SECRET_WORDS = ("code", "cred", "creds", "hmac", "jwt", "otp", "pass", "pin", "psk", "pwd", "sas", "sid", "sig", "sign")
"""A name with one of these as a word of its own: between punctuation and digits, or begun by a capital."""

KNOWN_SCHEMES = (
    "apikey", "aws", "aws4-hmac-sha256", "basic", "bearer", "digest", "dpop", "gnap", "googlelogin", "hawk",
    "hmac-sha256", "hoba", "key", "mutual", "negotiate", "ntlm", "oauth", "privatetoken", "scram-sha-1",
    "scram-sha-256", "sdk-hmac-sha256", "sharedkey", "signature", "tc3-hmac-sha256", "token", "vapid",
)  # fmt: skip
"""The first word of credentials is shown when it is one of these: those of the IANA registry and of large clouds."""

_WITH_PARAMETERS = frozenset({
    "aws4-hmac-sha256", "digest", "googlelogin", "hawk", "hmac-sha256", "mutual", "oauth", "scram-sha-1",
    "scram-sha-256", "sdk-hmac-sha256", "signature", "tc3-hmac-sha256", "token", "vapid",
})  # fmt: skip
"""Schemes behind which `name=value` stands, whose names may be shown."""

_OPEN_PARAMETERS = frozenset({
    "algorithm", "charset", "date", "headers", "nc", "oauth_signature_method", "oauth_timestamp", "oauth_version",
    "qop", "realm", "signedheaders", "ts", "uri", "userhash", "username", "version",
})  # fmt: skip
"""Their values are masked where they stand, but are no secrets that would have to be found in other texts."""

_SET_COOKIE_ATTRIBUTES = frozenset(
    {"domain", "expires", "httponly", "max-age", "partitioned", "path", "priority", "samesite", "secure", "version"}
)

SHORTEST_KEY = 12
"""Characters from which on a part of a secret is shown."""

SHORTEST_PASSWORD = 6
"""Characters from which on a password is looked for in other texts without its user: shorter ones are common words."""

_SECRET_PART = re.compile("|".join(SECRET_PARTS).replace("token", "token(?!s)"), re.IGNORECASE)
_MASKED = re.compile(r"(?:\w{1,7}-)?….{0,4}")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_PARAMETER = re.compile(r'([A-Za-z][\w-]{0,31})\s*=\s*("(?:[^"\\]|\\.)*"?|[^\s,;"]*)')
_AFTER_SCHEME = re.compile(r"""((?:^|:)//)((?:(?!://)[^\s"'<>])*)""")
_KEY_SHAPE = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:app|dataset|ghp|glpat|gsk|hf|nvapi|pk|rk|sk|xai|xox[abp])[-_](?=[A-Za-z_-]*\d)[\w-]{12,}"
    r"|AIza[\w-]{20,}|(?:AKIA|ASIA|LTAI)\w{12,}|eyJ[\w-]{8,}\.[\w.-]+)"
)
"""What keys of large services look like; a JSON web token is the last."""


def mask_key(key: str) -> str:
    """A key as it may be shown: its prefix up to the first dash (8 characters at most) and its last four: `app-…4Knu`.

    Keys of fewer than 12 characters show nothing of themselves, so that most of a key is always hidden.  A scheme in
    front of it stays if it is a known one; of `Basic` nothing else does, as that is a password in other letters.
    """
    token = key.strip()
    scheme, rest = _credentials(token)
    if scheme:
        return f"{scheme} …" if scheme.lower() == "basic" else f"{scheme} {_mask_parameters(scheme, rest)}"
    if _MASKED.fullmatch(token):
        return token
    if len(token) < SHORTEST_KEY:
        return "…"
    prefix, dash, _ = token[:8].partition("-")
    return f"{prefix}-…{token[-4:]}" if dash else f"…{token[-4:]}"


def names_a_secret(name: str) -> bool:
    """Whether a header, cookie or parameter of this name usually carries a secret."""
    plain = unquote(name)
    return bool(_SECRET_PART.search(plain)) or any(word.lower() in SECRET_WORDS for word in _WORD.findall(plain))


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with the values of those that may carry a secret masked."""
    return {name: mask_header(name, value) for name, value in headers.items()}


def mask_header(name: str, value: str, secret: bool = False) -> str:
    """The value of a header as it may be shown; `secret`: it is one whatever its name."""
    lower = name.lower()
    if lower in ("cookie", "set-cookie", "set-cookie2"):
        return _mask_cookies(value, attributes=lower != "cookie")
    if secret or names_a_secret(name) or _credentials(value)[0]:
        return mask_key(value)
    return mask_url(value)


def header_secrets(name: str, value: str, secret: bool = False) -> list[str]:
    """The secrets that stand in a header, as they may turn up elsewhere."""
    lower = name.lower()
    if lower in ("cookie", "set-cookie", "set-cookie2"):
        pairs = [part.strip().partition("=") for part in value.split(";")]
        return [(text if equals else key).strip('"') for key, equals, text in pairs]
    scheme, rest = _credentials(value)
    if not (secret or names_a_secret(name) or scheme):
        return url_secrets(value)
    parameters = _PARAMETER.findall(rest) if scheme.lower() in _WITH_PARAMETERS else []
    values = [text.strip('"') for key, text in parameters if key.lower() not in _OPEN_PARAMETERS]
    first, *later = ("", "") if scheme else value.split()
    words = [word for word in later if len(word) >= SHORTEST_PASSWORD] + [first] * (len(first) >= SHORTEST_KEY)
    return [value, *words, *_basic_secrets(scheme, rest), *values, *(text.partition("/")[0] for text in values)]


def _basic_secrets(scheme: str, rest: str) -> list[str]:
    """user:password and the password that `Basic` has in other letters."""
    if scheme.lower() != "basic":
        return []
    try:
        import base64  # only here: --help has no need of it

        pair = base64.b64decode(rest, validate=True).decode()
    except ValueError:
        return []
    password = pair.partition(":")[2]
    return [pair, *([password] if len(password) >= SHORTEST_PASSWORD else ())]


def mask_url(url: str) -> str:
    """The URL, or each in a text, without user and password, with keys and the values of secret parameters masked."""
    return re.sub(r"\S+", lambda word: _rewritten(word[0], mask_key), url)


def url_secrets(url: str) -> list[str]:
    """The secrets that stand in a URL: user:password, the password alone, values of secret parameters, keys."""
    found: list[str] = []

    def collect(secret: str) -> str:
        found.append(secret)
        return ""

    _rewritten(url, collect)
    return found


def json_secrets(document: object) -> list[str]:
    """The texts in JSON that stand under the name of a secret and look like one: long enough, and one word."""
    found, waiting = [], [("", document)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, Mapping):
            waiting += [(str(key), each) for key, each in value.items()]
        elif isinstance(value, list):
            waiting += [(name, each) for each in value]
        elif isinstance(value, str) and names_a_secret(name) and re.fullmatch(r"\S{8,}", value):
            found.append(value)
    return found


def mask_text(text: str) -> str:
    """Input that could not be read, as an error may show it: without all that looks like a secret."""
    text = re.sub(r"(?i)((?:set-)?cookie2?\W+).+", lambda found: found[1] + "…", text)
    text = re.sub(r"""[^\s"'<>=]*(?:://)?[^\s"'<>]*@""", _mask_before_at, mask_url(text))
    text = re.sub(
        r"""([\w.%-]+)(["']?\s*[=:]\s*["']?)([^\s"'&;,}\]][^"'&;,}\]]*)""",
        lambda found: found[1] + found[2] + mask_key(found[3]) if names_a_secret(found[1]) else found[0],
        text,
    )
    schemes = "|".join(map(re.escape, KNOWN_SCHEMES))
    text = re.sub(rf"(?i)\b({schemes})\s+([^\s\"',;…]{{6,}})", lambda found: f"{found[1]} {mask_key(found[2])}", text)
    return _KEY_SHAPE.sub(lambda found: mask_key(found[0]), text)


class Masker:
    """Replaces every known secret in a text by its masked form; `names` are headers that carry one as well."""

    def __init__(self, secrets: Iterable[str], names: Iterable[str] = ()) -> None:
        known = {form for secret in secrets for form in _spellings(secret) if len(form) >= 4}
        longest_first = sorted(known, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if known else None
        self._names = frozenset(name.lower() for name in names)

    def __call__(self, text: str) -> str:
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: mask_key(match[0]), text)

    def names_a_secret(self, name: str) -> bool:
        """Whether a header of this name carries a secret, usually or because the user says so."""
        return name.lower() in self._names or names_a_secret(name)

    def header(self, name: str, value: str) -> str:
        """The value of a header as it may be shown."""
        return self(mask_header(name, value, name.lower() in self._names))

    def header_line(self, line: str) -> str:
        """`Name: value` as it may be shown."""
        name, colon, value = line.partition(":")
        return f"{name}: {self.header(name, value.strip())}" if colon else self(mask_text(line))


def _credentials(value: str) -> tuple[str, str]:
    """(scheme, what stands behind it), both "" when the first word is no known scheme or the only one."""
    scheme, _, rest = value.strip().partition(" ")
    return (scheme, rest.strip()) if rest.strip() and scheme.lower() in KNOWN_SCHEMES else ("", "")


def _mask_parameters(scheme: str, rest: str) -> str:
    """What stands behind a scheme: the values of parameters masked, where the scheme has some, else all as one key."""
    if scheme.lower() not in _WITH_PARAMETERS or re.fullmatch(r"[\w.~+/-]+=*", rest):
        return mask_key(rest)
    found = _PARAMETER.findall(rest)
    return ", ".join(f"{name}={mask_key(value.strip(chr(34)))}" for name, value in found) or "…"


def _mask_cookies(value: str, *, attributes: bool) -> str:
    """Each cookie by its name; `attributes`: what stands behind the first says how long and where it counts."""
    shown = []
    for place, part in enumerate(value.split(";")):
        name, equals, text = part.strip().partition("=")
        if attributes and place and name.lower() in _SET_COOKIE_ATTRIBUTES:
            shown.append(part.strip())
        else:
            shown.append(f"{name}={mask_key(text.strip(chr(34)))}" if equals else mask_key(name))
    return "; ".join(shown)


def _user_end(rest: str, *, alone: bool) -> int:
    """Where user and password end that a URL has behind `://`, 0 when it has none.

    An `@` behind the first slash ends them too when what stands before that slash cannot be a host and port: then the
    password has a slash that was not escaped.  `alone`: there is no `://` in front, so a colon has to tell them.
    """
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    at = authority.rfind("@")
    if at >= 0:
        return at if not alone or ":" in authority[:at] else 0
    if not alone and ":" in authority and not re.fullmatch(r"(\[[^\]]*\]|[^:]*):\d*", authority):
        return max(rest.rfind("@"), 0)
    return 0


def _rewritten(url: str, hide: Callable[[str], str]) -> str:
    """The URL with what `hide` gives in the place of each secret; of user and password nothing stays."""

    def without_user(rest: str, *, alone: bool) -> str:
        end = _user_end(rest, alone=alone)
        if not end:
            return rest
        hide(rest[:end])
        if len(password := rest[:end].partition(":")[2]) >= SHORTEST_PASSWORD:
            hide(password)
        return "…" + rest[end:]

    with_scheme = _AFTER_SCHEME.sub(lambda found: found[1] + without_user(found[2], alone=False), url)
    url = with_scheme if _AFTER_SCHEME.search(url) else without_user(url, alone=True)
    path, mark, query = re.split(r"([?#])", url, maxsplit=1) if re.search(r"[?#]", url) else (url, "", "")
    path = re.sub(r"(?<=;)[^;/]+", lambda found: _hidden_value(found[0], hide), path)
    if "/" in path:
        path = _KEY_SHAPE.sub(lambda found: hide(found[0]), path)
    return path + mark + _rewritten_query(query, hide)


def _rewritten_query(query: str, hide: Callable[[str], str]) -> str:
    """Parameters, also of a fragment; what an unescaped & or ; cuts off a secret is one too."""
    shown, secret = [], False
    for place, piece in enumerate(re.split(r"([&;?#])", query)):
        name, equals, _ = piece.partition("=")
        if place % 2 or not piece:
            shown.append(piece)
        elif equals:
            secret = names_a_secret(name)
            shown.append(_hidden_value(piece, hide))
        else:
            shown.append(hide(piece) if secret else piece)
    return "".join(shown)


def _hidden_value(pair: str, hide: Callable[[str], str]) -> str:
    name, equals, value = pair.partition("=")
    return f"{name}={hide(value)}" if equals and value and names_a_secret(name) else pair


def _mask_before_at(found: re.Match[str]) -> str:
    scheme, colon, rest = found[0].rpartition("://")
    return found[0] if rest in ("…@", "@") else f"{scheme}{colon}…@"


def _spellings(secret: str) -> list[str]:
    """How a secret may be written elsewhere: without its scheme, percent-encoded and not, as a text in JSON."""
    token = _credentials(secret)[1] or secret.strip()
    plain = unquote(token)
    spelled = {token, plain, unquote_plus(token), quote(plain, safe=""), quote(token, safe=""), quote_plus(plain)}
    return [*spelled, json.dumps(token)[1:-1], json.dumps(token, ensure_ascii=False)[1:-1]]
