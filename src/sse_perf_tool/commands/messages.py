"""What a run says in its warnings, in both languages: its records have them in the language of the run."""

from __future__ import annotations

import re

from ..arguments import MESSAGES as OF_ARGUMENTS
from ..console.console import TEXTS as OF_CONSOLE
from ..load.run import TEXTS as OF_LOAD
from ..pace.replay import TEXTS as OF_TRACES
from ..providers import TEXTS as OF_FILES
from ..report_parts.figures import Both
from ..report_parts.messages import message
from ..texts import LANGUAGES

_LABEL = re.compile(r"--[\w-]+:? |SSE_PERF_\w+(?:=|: )|.{1,400}?: [\w.-]+(?: = |: )")
"""Before a warning that names its flag: as on the line, in the environment, in a file."""


def in_both(said: str) -> Both:
    """A warning in (English, Chinese); itself twice where it is not of the tool."""
    from ..profiling.watch import TEXTS as OF_SERVER  # what else a run may have
    from ..profiling.wording import TEXTS as OF_PROFILE
    from ..telemetry.link import TEXTS as OF_TELEMETRY

    tables = (OF_LOAD, OF_CONSOLE, OF_SERVER, OF_PROFILE, OF_TELEMETRY, OF_FILES, OF_TRACES, *OF_ARGUMENTS)
    found = message(said, tables)
    if found[0] == found[1] and (label := _LABEL.match(said)):
        english, chinese = message(said[label.end() :], tables)
        return label[0] + english, label[0] + chinese
    return found


def in_language(said: str, lang: str) -> str:
    """The same in one of them."""
    return in_both(said)[LANGUAGES.index(lang)]
