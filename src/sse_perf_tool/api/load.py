"""Starts a run from Python: each keyword is a flag of the command line."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from ..arguments import parse_arguments
from ..commands.asking import get_json
from ..commands.demo import served
from ..commands.environment import Environment
from ..commands.run import finished_run
from ..errors import UsageError
from ..flags import FLAGS
from ..records import RunResult

Setting = str | int | float | Path | bool | Sequence[str | int | float] | Mapping[str, str] | None

_ONE_PROCESS = {"SSE_PERF_PROCESSES": "1"}
"""More of them import the main module again, which a script without `if __name__ == "__main__"` does not bear."""


def run_load(*, output: TextIO | None = None, **flags: Setting) -> RunResult:
    """Sends a load and gives all that is known of it, when its last answer has ended.

    `flags` are those of a run by their names, `no_stream=True` for `--no-stream`, with the same values, defaults and
    meaning: a text or number; True for a switch; for a flag that may be repeated a list, for `header` also a mapping of
    names to values.  None and False leave a flag out.  What differs from the command line: no environment variable is
    read, there is one process unless `processes` says otherwise, and no report is written unless `html_report` names
    it.  `output` takes what the console shows; without it nothing is shown.

    UsageError, before anything is sent, for what the command line would refuse.  A file that could not be written at
    the end is said in `RunResult.warnings`.  KeyboardInterrupt ends the run and goes on to the caller.
    """
    own = {} if flags.get("config") else _ONE_PROCESS
    arguments = parse_arguments(list(_line(flags)), own, now=None, get=get_json)
    if arguments.command not in ("run", "demo"):
        raise UsageError("run_load: --debug, --help, --print-config and --version show something and send no load")
    stdout, stderr = output or io.StringIO(), io.StringIO()
    with contextlib.ExitStack() as stack:
        if arguments.command == "demo":
            arguments = stack.enter_context(served(arguments))
        result, _ = finished_run(arguments, Environment(stdout, stderr, {}), _interrupted)
    return replace(result, warnings=(*result.warnings, *stderr.getvalue().splitlines()))


def _line(flags: Mapping[str, Setting]) -> Iterator[str]:
    """The words of the command line that asks for the same."""
    switches = {flag.key for flag in FLAGS if flag.check is None}
    for key, setting in flags.items():
        name = "--" + key.replace("_", "-")
        if setting is None or setting is False:
            continue
        if setting is True:
            # As a switch, or to be refused as a value.
            yield name if key in switches else f"{name}=true"
            continue
        for value in _values(setting):
            yield f"{name}={value}"


def _values(setting: str | float | Path | Sequence[str | int | float] | Mapping[str, str]) -> Iterator[object]:
    """Each value of a flag: those of a list, the lines of headers in a mapping, else the one that it is."""
    if isinstance(setting, Mapping):
        yield from (f"{name}: {value}" for name, value in setting.items())
    elif isinstance(setting, Sequence) and not isinstance(setting, str):
        yield from setting
    else:
        yield setting


@contextlib.contextmanager
def _interrupted(stop: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C is the caller's: it ends the run, and Python's own exception goes on."""
    try:
        yield
    except BaseException:
        stop()
        raise
