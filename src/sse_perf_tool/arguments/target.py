"""The target of the requests: address, API keys, headers and certificates."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, unquote

from ..errors import UsageError
from ..flags.checks import NO_KEY
from ..formats.base import Format
from ..masking import Masker, header_secrets, json_secrets, url_secrets
from ..providers import ApiKeyProvider, load_keys
from ..texts import Texts
from .flag_values import FlagValues
from .parsed import DEFAULT_PORTS, Address

TEXTS: Texts = {
    "no_key": (
        "missing; give the key of the service (or --api-key-file), or - for a server that takes none",
        "缺少密钥，请给出服务的密钥（或 --api-key-file），服务无需密钥时写 -",
    ),
    "key_fallback": ("{problem}; --api-key is used instead", "{problem}；改用 --api-key"),
    "cacert": (
        "holds no usable certificate ({reason}); give a PEM file",
        "其中没有可用的证书（{reason}），请给出 PEM 文件",
    ),
}

DEMO_KEY = "app-demo"


def address_of(flags: FlagValues) -> Address:
    """The address of the server: that of --url, else of --host, --port and --api-path."""
    url: SplitResult | None = flags["url"]
    if url is None:
        return Address("http", flags["host"], flags["port"], flags["api_path"])
    scheme = url.scheme.lower()
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    return Address(scheme, str(url.hostname), url.port or DEFAULT_PORTS[scheme], path)


def headers_of(flags: FlagValues) -> dict[str, str]:
    """The headers of -H; user and password in the URL become an Authorization header."""
    headers: dict[str, str] = {}
    seen = set()
    for name, value in flags["header"] or ():
        if name.lower() in seen:
            raise UsageError(f"{flags.labelled('header', name)}: {flags.say('twice')}")
        seen.add(name.lower())
        headers[name] = value
    url: SplitResult | None = flags["url"]
    if url is not None and url.username is not None and "authorization" not in seen:
        pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    return headers


def auth_of(row: Format | None, headers: Mapping[str, str]) -> tuple[str, str] | None:
    """(header, text before the key) for the API key; None when the user gave that header or the format has none."""
    auth = row.auth if row else ("Authorization", "Bearer ")
    return None if auth is None or auth[0].lower() in {name.lower() for name in headers} else auth


def keys_of(flags: FlagValues, row: Format | None, headers: Mapping[str, str]) -> ApiKeyProvider | None:
    """The API keys to send; UsageError when there is none but one is needed."""
    single = [flags["api_key"]] if flags["api_key"] not in (None, NO_KEY) else []
    keys = single
    if flags["api_key_file"]:
        try:
            keys = flags.load("api_key_file", load_keys)
        except UsageError as error:
            if not flags["api_key"] or flags["strict"]:
                raise
            flags.warnings.append(flags.say("key_fallback", problem=error))
    if keys or flags["demo"]:
        return ApiKeyProvider(keys or [DEMO_KEY])
    if flags["api_key"] == NO_KEY or (row is not None and not row.needs_key):
        return None
    if any(map(marked_names(flags).names_a_secret, headers)) or any(map(url_secrets, _url_texts(flags))):
        return None
    raise flags.wrong("api_key", "no_key")


def verify_of(flags: FlagValues) -> bool | str:
    """As `requests` takes it: False, True or the path of a PEM file; UsageError for one without a certificate."""
    path: str | None = flags["cacert"]
    if path is None:
        return not flags["insecure"]
    import ssl  # only here, it costs start-up time

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(**{"capath" if Path(path).is_dir() else "cafile": path})
    except ssl.SSLError as error:
        raise flags.wrong("cacert", "cacert", reason=error.reason or "SSL") from error
    except OSError as error:
        raise flags.wrong("cacert", "no_record_file", reason=error) from error
    return path


def marked_names(flags: FlagValues) -> Masker:
    """A masker that knows no secret yet, but the names of --secret-header."""
    return Masker((), flags["secret_header"] or ())


def masker_of(
    flags: FlagValues,
    headers: Mapping[str, str],
    keys: ApiKeyProvider | None,
    environ: Mapping[str, str],
    body: object = None,
) -> Masker:
    """Knows every secret that may turn up in a text: keys, headers, URL, `body` (JSON), also those of a proxy's URL."""
    found = [*(keys.keys if keys else ()), *([flags["api_key"]] if flags["api_key"] else ())]
    marked = marked_names(flags)
    for name, value in headers.items():
        found += header_secrets(name, value, marked.names_a_secret(name))
    proxies = [value for name, value in environ.items() if name.lower().endswith("_proxy")]
    found += [flags["cluster_token"]] if flags["cluster_token"] else []
    found += url_secrets(flags["otlp"] or "")
    others = [flags[key].geturl() for key in ("metrics_url", "open_url", "then_url") if flags[key]]
    for text in (*_url_texts(flags), *others, *proxies):
        found += url_secrets(text)
    return Masker([*found, *json_secrets(body)], flags["secret_header"] or ())


def _url_texts(flags: FlagValues) -> list[str]:
    return [flags["url"].geturl()] if flags["url"] else [flags["api_path"]]
