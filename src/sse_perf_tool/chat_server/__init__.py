"""A small streaming chat server, to try the load tester on and as an example for servers of your own.

It answers from a script, at a pace that is set, in the manner of several APIs.  It needs the extra `server`; this file
imports nothing of it, so that the rest of the package can be asked for `main` at no cost.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

MISSING = {
    "en": 'the chat server needs more packages: pip install "sse-perf-tool[server]", or ".[server]" in a clone of it',
    "zh": '内置服务缺少依赖包，请安装：pip install "sse-perf-tool[server]"，在源码目录中则为 ".[server]"',
}
"""Language -> what to say when the extra is not installed."""


def main(
    argv: Sequence[str] | None = None,
    prog: str = "python -m sse_perf_tool.chat_server",
    tool: str = "python3 sse_perfTestTool.py",
    lang: str = "en",
) -> int:
    """Runs the server in the foreground from command-line arguments.

    `prog` is how the server is started, `tool` how the load tester is, `lang` what is spoken ("en", "zh").

    Returns the exit status: 0 after a clean stop, 2 when a package, a setting or the port is not there to be used (one
    line on stderr for each).  Raises SystemExit as argparse does, 0 for --help and 2 for an unknown flag.
    """
    try:
        from .command import run
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("sse_perf_tool"):
            raise
        print(MISSING[lang], file=sys.stderr)
        return 2
    return run(sys.argv[1:] if argv is None else argv, prog, tool, lang)
