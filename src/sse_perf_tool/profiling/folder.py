"""The folder of a profile: what is kept in it so that its page can be made again, and how that is read back.

Beside the files of hooks, py-spy and Node.js there are `run.jsonl`, the records of the load; `processes.jsonl`, the
looks at the server's processes; and `profile.json`, which has what was judged and, under `session`, what no other file
tells.
A profile is judged from these files when it ends, and by `report` later: so both find the same.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from ..errors import UsageError
from ..flags.profile_checks import TEXTS as CHECK_TEXTS
from ..flags.profile_checks import limits, target
from ..records import RunResult
from ..records.profile import Profile, ProfileCost, ServerProcess, Words, profile_document
from ..texts import LANGUAGES, speaker
from .hooks.reading import Code, HookSeries, read_hooks
from .judge.causes import findings
from .judge.evidence import Evidence
from .judge.targets import targets
from .server.watch import ProcessSeries, series_of
from .stacks import node, pyspy
from .stacks.heap import Growth
from .stacks.samples import Stacks
from .wording import TEXTS

SCHEMA = "sse-perf-profile/1"
RECORDS, PROCESSES, PROFILE = "run.jsonl", "processes.jsonl", "profile.json"
PYSPY = "cpu.python.speedscope.json"
MOST_BYTES = 256 << 20


@dataclass(frozen=True)
class Facts:
    """What no other file of the folder tells; times are `time.perf_counter_ns` of the machine that was looked at."""

    command: str
    """Secrets masked; "" for a server that ran already."""
    passes: Sequence[str]
    origin_ns: int
    """The start of the run."""
    limits: Sequence[str] = ()
    """Those that were asked for, as `--target` takes them."""
    decides: bool = False
    sampled: bool = False
    """Whether a CPU sampler stopped the server for each sample."""
    pyspy: Sequence[int] = ()
    """From when to when it sampled, and how often it fell behind; nothing without it."""
    died: Words | None = None
    """How the server ended by itself, if it did."""
    not_measured: Sequence[Words] = ()
    steps: Sequence[Words] = ()
    cost: ProfileCost | None = None
    growth: Sequence[Growth] = ()
    """What the heap pass found."""


@dataclass
class Drawn:
    """What only the page draws."""

    processes: Sequence[ProcessSeries] = ()
    hooks: Sequence[HookSeries] = ()
    stacks: Sequence[Stacks] = ()
    growth: Sequence[Growth] = ()


def drawn_of(folder: Path, facts: Facts, looks: Sequence[Mapping[str, Any]]) -> Drawn:
    """What was seen of the server: `looks` at its processes, and the files of the folder.

    ValueError, KeyError, TypeError when the looks are damaged; other files that are damaged are left out.
    """
    lines = series_of(looks, facts.origin_ns)
    curves = {(each.pid, thread): curve for each in lines for thread, curve in each.thread_cpu.items()}
    stacks = node.read_all(folder, facts.origin_ns, curves)
    if facts.pyspy:
        begin_ns, end_ns, late = facts.pyspy
        span_s = ((begin_ns - facts.origin_ns) / 1e9, (end_ns - facts.origin_ns) / 1e9)
        labels = {each.pid: each.label for each in lines}
        stacks += pyspy.read_stacks(folder / PYSPY, span_s, labels, curves, late)
    hooks = read_hooks(folder, facts.origin_ns)
    return Drawn(lines, hooks, [each for each in stacks if each.samples], facts.growth)


def judged(result: RunResult, drawn: Drawn, facts: Facts, folder: Path) -> Profile:
    """What follows from all that was seen."""
    asked = [target(rule, speaker(CHECK_TEXTS, result.config.lang)) for rule in facts.limits]
    evidence = Evidence(
        result,
        drawn.processes,
        {each.pid: each for each in drawn.hooks},
        {each.pid: each for each in drawn.stacks},
        dict(enumerate(drawn.growth)),
        limits(asked),
        sampled=facts.sampled,
        died=facts.died,
    )
    held = targets(evidence, frozenset(limit.name for limit in asked))
    return Profile(
        command=facts.command,
        passes=facts.passes,
        processes=[_process_row(evidence, each) for each in evidence.processes],
        targets=held,
        findings=findings(evidence, held),
        not_measured=facts.not_measured,
        steps=facts.steps,
        cost=facts.cost,
        folder=str(folder),
        decides=facts.decides,
    )


def _process_row(evidence: Evidence, process: ProcessSeries) -> ServerProcess:
    cpu = process.values("cpu", evidence.begin_s, evidence.end_s)
    threads = process.values("threads", 0.0, evidence.end_s)
    ended = process.at_s[-1] if process.at_s and process.at_s[-1] < evidence.end_s - 1 else None
    return ServerProcess(
        process.pid,
        process.name,
        process.kind,
        round(mean(cpu), 1) if cpu else None,
        evidence.peak_mb(process),
        round(max(threads)) if threads else None,
        ended,
    )


# --- written


def keep_records(folder: Path, written: Path) -> None:
    """Lets the folder have the records of the load, where the user had them `written` elsewhere.  OSError."""
    to = folder / RECORDS
    if written.resolve() == to.resolve() or not written.is_file():
        return
    try:
        os.link(written, to)
    except OSError:  # another file system, or one without links
        shutil.copyfile(written, to)


def keep(folder: Path, facts: Facts, looks: Sequence[Mapping[str, Any]], profile: Profile, lang: str) -> None:
    """Writes the looks at the server's processes, what was judged, and what no other file tells.  OSError."""
    (folder / PROCESSES).write_text("".join(json.dumps(line) + "\n" for line in looks), encoding="utf-8")
    document = {"schema": SCHEMA, **profile_document(profile, LANGUAGES.index(lang)), "session": asdict(facts)}
    text = json.dumps(_without_nan(document), ensure_ascii=False)
    (folder / PROFILE).write_text(text, encoding="utf-8")


def _without_nan(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_nan(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


# --- read back


def read_back(folder: Path, result: RunResult) -> tuple[Profile, Drawn]:
    """The profile of a folder whose records gave `result`.  UsageError when its files cannot be read."""
    say = speaker(TEXTS, result.config.lang)
    try:
        facts = _facts_of(json.loads(_text(folder / PROFILE))["session"])
        drawn = drawn_of(folder, facts, _lines(folder / PROCESSES))
        return judged(result, drawn, facts, folder), drawn
    except OSError as error:
        raise UsageError(say("unread", path=error.filename or folder, reason=error)) from error
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, UsageError) as error:
        raise UsageError(say("damaged", path=folder / PROFILE)) from error


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(MOST_BYTES).decode("utf-8", "replace")


def _lines(path: Path) -> list[Any]:
    """The lines of JSON in a file, without the last where it was cut short; none without the file."""
    found = []
    with contextlib.suppress(FileNotFoundError):
        for line in _text(path).splitlines():
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
    return found


def _facts_of(told: Mapping[str, Any]) -> Facts:
    cost = told["cost"]
    return Facts(
        command=str(told["command"]),
        passes=tuple(str(each) for each in told["passes"]),
        origin_ns=int(told["origin_ns"]),
        limits=[str(each) for each in told["limits"]],
        decides=told["decides"] is True,
        sampled=told["sampled"] is True,
        pyspy=[int(each) for each in told["pyspy"]],
        died=None if told["died"] is None else _words(told["died"]),
        not_measured=[_words(each) for each in told["not_measured"]],
        steps=[_words(each) for each in told["steps"]],
        cost=cost and ProfileCost(_pair(cost["ttft_ms"]), _pair(cost["cpu_ms"]), _counts(cost["requests"])),
        growth=[_growth_of(each) for each in told["growth"]],
    )


def _words(value: Sequence[Any]) -> Words:
    english, chinese = value
    return str(english), str(chinese)


def _pair(value: Sequence[Any]) -> tuple[float | None, float | None]:
    before, after = (None if each is None else float(each) for each in value)
    return before, after


def _counts(value: Sequence[Any]) -> tuple[int, int]:
    before, after = value
    return int(before), int(after)


def _growth_of(told: Mapping[str, Any]) -> Growth:
    lines = [(Code(str(name), str(file), int(line)), float(mb)) for (name, file, line), mb in told["lines"]]
    return Growth(int(told["pid"]), str(told["kind"]), lines, float(told["total_mb"]), str(told["error"]))
