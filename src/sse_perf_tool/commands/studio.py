"""`studio`: a local web page for benchmarks, load tests and their results."""

from __future__ import annotations

import sys

from ..arguments import Arguments
from ..errors import UsageError
from ..flags import PROGRAM
from ..texts import Texts, speaker
from .environment import OK, Environment

TEXTS: Texts = {
    "missing_package": (
        'studio needs the package {package}; install it: pip install "sse-perf-tool[studio]"',
        'studio 需要 {package}，请安装：pip install "sse-perf-tool[studio]"',
    ),
}


def main(arguments: Arguments, environment: Environment) -> int:
    """Serves the page until it is stopped."""
    asked = arguments.studio
    if asked is None:
        raise TypeError("the studio command without its settings")
    try:
        from ..studio.server import serve  # an extra
    except ModuleNotFoundError as error:
        raise UsageError(speaker(TEXTS, arguments.lang)("missing_package", package=error.name)) from None
    from ..studio.settings import Settings

    for text in arguments.warnings:
        print(f"{PROGRAM}: {text}", file=environment.stderr)
    settings = Settings(
        folder=asked.folder,
        host=asked.host,
        port=asked.port,
        allow_hosts=asked.allow_hosts,
        watch=asked.watch,
        lang=arguments.lang,
        environ=environment.environ,
        worker=(sys.executable, "-m", "sse_perf_tool.studio_worker"),
        tool=(sys.executable, "-m", "sse_perf_tool"),
    )
    serve(settings, environment.stdout)
    return OK
