"""What the studio command is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ..errors import UsageError
from ..texts import Texts, printable
from .flag_values import FlagValues
from .output_paths import Now
from .parsed import Arguments, StudioArguments
from .sources import Source

TEXTS: Texts = {
    "no_directory": ("there is no such folder", "没有这个目录"),
    "needs_allow_host": (
        (
            "lets other machines in, over plain HTTP; name each host that may be asked for with --allow-host, "
            "or better keep to this machine and use ssh -L"
        ),
        "会让其他机器通过明文 HTTP 访问；请用 --allow-host 列出可用的主机名，更好的做法是只在本机监听并使用 ssh -L",
    ),
    "allow_host": (
        "expected NAME or NAME:PORT, as it stands in the address of the page",
        "应为 名称 或 名称:端口，与页面地址中一致",
    ),
}

_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")


def studio_arguments(flags: FlagValues, _environ: Mapping[str, str], _now: Now) -> Arguments:
    """Where the studio works and listens.  UsageError when it would be open to others without that being meant."""
    flags.refuse_rest()
    for key in ("host", "port"):
        # In the environment these are the target of a load, which the page must not listen on.
        if key in flags.given and flags.source(key) is not Source.LINE:
            flags.drop(key)
    folders = {key: [Path(name) for name in flags[key] or ()] for key in ("watch",)}
    folders["dir"] = [Path(flags["dir"])]
    for key, paths in folders.items():
        for path in paths:
            if not path.is_dir():
                raise UsageError(f"{flags.name(key)} {printable(str(path))}: {flags.say('no_directory')}")
    allowed = tuple(flags["allow_host"] or ())
    for name in allowed:
        if not _NAME.fullmatch(name):
            raise UsageError(f"{flags.name('allow_host')} {printable(name, 80)}: {flags.say('allow_host')}")
    host = flags["host"]
    if not _LOOPBACK.fullmatch(host) and not allowed:
        raise flags.wrong("host", "needs_allow_host")
    return Arguments(
        "studio",
        flags.language,
        studio=StudioArguments(
            folder=folders["dir"][0],
            host=host,
            port=flags["port"],
            allow_hosts=allowed,
            watch=tuple(folders["watch"]),
        ),
        warnings=tuple(flags.warnings),
    )
