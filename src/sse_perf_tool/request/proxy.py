"""The proxy that the environment names for a target, checked before anything is sent."""

from __future__ import annotations

import os

import requests
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from ..errors import UsageError
from ..masking import mask_url
from ..texts import Texts, printable, speaker
from .target import Target

TEXTS: Texts = {
    "no_proxy_url": (
        "{name}={proxy}: not the address of a proxy; give it as http://HOST:PORT, or list {host} in NO_PROXY",
        "{name}={proxy}：不是代理地址，请写成 http://主机:端口，或在 NO_PROXY 中列出 {host}",
    ),
}
SCHEMES = ("http", "https")


def proxies_of(target: Target) -> dict[str, str]:
    """As `requests` takes them, scheme -> URL (HTTPS_PROXY, NO_PROXY, ...).  UsageError when theirs is none."""
    if target.direct:
        return {}
    proxies: dict[str, str] = requests.utils.get_environ_proxies(target.url)
    proxy = requests.utils.select_proxy(target.url, proxies)
    if proxy and not _usable(proxy):
        names = [name for name, value in os.environ.items() if name.lower().endswith("_proxy") and value == proxy]
        shown, host = printable(mask_url(proxy)), parse_url(target.url).host
        raise UsageError(
            speaker(TEXTS, target.lang)("no_proxy_url", name=min(names, default="proxy"), proxy=shown, host=host)
        )
    return proxies


def _usable(proxy: str) -> bool:
    try:
        parts: Url = parse_url(proxy if "://" in proxy else f"http://{proxy}")
    except LocationParseError:
        return False
    return bool(parts.host) and parts.scheme in SCHEMES
