"""`bench`: the same work to many providers and models, side by side."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from ..arguments import Arguments
from ..arguments.output_paths import STANDARD_OUTPUT
from ..arguments.parsed import BenchArguments
from ..bench import goals
from ..bench.benchmark import Benchmark, Hooks
from ..bench.cell import CellResult
from ..bench.config import BenchConfig, load_config
from ..bench.demo import demo_config
from ..bench.endpoint import TEXTS as ENDPOINT_TEXTS
from ..bench.endpoint import Wish
from ..bench.keys import environment_of
from ..bench.plan import TEXTS as PLAN_TEXTS
from ..bench.plan import Cell, Selection, plan_of, title_of
from ..bench.results import Document, bench_document, with_server
from ..bench.settings import Settings
from ..bench.store import Store, find, listed
from ..bench.tables import TABLES
from ..errors import UsageError
from ..exporters import EXPORTERS
from ..masking import Masker
from ..providers import Query
from ..records.atomic_write import write_atomically
from ..records.writer import LineWriter, new_lines
from ..texts import LANGUAGES, Texts, speaker
from .bench_feed import BenchFeed, Both
from .environment import INTERRUPTED, MISSED, OK, SOME_FAILED, Environment, unwritten_is_said
from .interrupts import interrupts
from .outputs import printed
from .setup import watching
from .watched import watched

TEXTS: Texts = {
    "missing_package": (
        'bench needs the package {package}; install it: pip install "sse-perf-tool[bench]"',
        'bench 需要 {package}，请安装：pip install "sse-perf-tool[bench]"',
    ),
    "no_config": (
        "{path}: there is no such file; write one (docs/bench.md shows how), or try bench --demo",
        "{path}：没有这个文件，请先编写（见 docs/bench_zh.md），或试用 bench --demo",
    ),
    "result": ("result", "结果"),
    "page": ("page", "页面"),
    "stopping": (
        "stopping: answers under way have 5 s to end; Ctrl-C again ends at once",
        "正在停止：进行中的回答还有 5 秒；再按 Ctrl-C 立即结束",
    ),
}


def main(arguments: Arguments, environment: Environment) -> int:
    """Exit status 99 when a threshold is missed; without one, 1 when a request failed or nothing was measured."""
    asked = arguments.bench
    if asked is None:
        raise TypeError("the bench command without a benchmark")
    console = _console(arguments, asked, environment)
    folder = asked.results or Path("results")
    if asked.action == "history":
        console.history(listed(folder, arguments.lang))
        return OK
    if asked.action == "compare":
        console.comparison(*(find(folder, name, arguments.lang) for name in arguments.rest))
        return OK
    if asked.action == "show":
        document = find(folder, arguments.rest[0], arguments.lang)
        console.result(document)
        return OK if _written(arguments, document, None, console, environment) else SOME_FAILED
    with contextlib.ExitStack() as stack:
        config = _config(asked, arguments.lang, stack)
        for text in (*arguments.warnings, *config.warnings):
            console.warn(text)
        cells, settings = planned(arguments, asked, config, environment.environ)
        if asked.action == "list":
            console.plan(cells)
            return OK
        title = title_of(f"{cell.provider} / {cell.model}" for cell in cells if cell.skipped is None)
        environment = watched(environment, arguments, "bench", title, stack)
        if environment.feed is not None:
            console = Both(console, BenchFeed(environment.feed, settings))
        return environment.ended(measured(arguments, asked, cells, settings, console, environment, stack))


def _console(arguments: Arguments, asked: BenchArguments, environment: Environment) -> Any:
    try:
        from ..bench.console import BenchConsole  # Rich is an extra
    except ModuleNotFoundError as error:
        raise UsageError(speaker(TEXTS, arguments.lang)("missing_package", package=error.name)) from None
    terminal = environment.terminal
    return BenchConsole(
        environment.stdout,
        arguments.lang,
        color=terminal and arguments.color,
        terminal=terminal,
        verbose=asked.verbose,
    )


def _config(asked: BenchArguments, lang: str, stack: contextlib.ExitStack) -> BenchConfig:
    if asked.action == "demo":
        return stack.enter_context(demo_config(lang))
    if not asked.config.exists() and not asked.config_named:
        raise UsageError(speaker(TEXTS, lang)("no_config", path=asked.config))
    return load_config(asked.config, lang)


def planned(
    arguments: Arguments, asked: BenchArguments, config: BenchConfig, environ: Mapping[str, str]
) -> tuple[list[Cell], Settings]:
    """The cells, and how they are measured: what the command line says, else the config.  UsageError as `plan_of`."""
    defaults, lang = config.defaults, arguments.lang
    wish = Wish(
        asked.max_tokens or defaults.max_tokens,
        defaults.temperature if asked.temperature is None else asked.temperature,
        asked.via == "litellm",
    )
    tiers = asked.context_tiers if asked.context_tiers is not None else defaults.context_tiers
    selection = Selection(asked.providers, asked.models, tiers, wish)
    known = environ if asked.action == "demo" else environment_of(asked.config, environ, lang)
    cells = plan_of(config, selection, known, speaker({**PLAN_TEXTS, **ENDPOINT_TEXTS}, lang))
    secrets = [secret for cell in cells for secret in cell.secrets]
    settings = Settings(
        runs=asked.runs or defaults.runs,
        threads=asked.threads,
        order=asked.order,
        queries=asked.queries or (Query(defaults.prompt),),
        seed=asked.seed,
        timeout_s=asked.timeout_s,
        retries=asked.retries,
        lang=lang,
        config=arguments.config,
        masker=Masker(secrets),
    )
    return cells, settings


def measured(
    arguments: Arguments,
    asked: BenchArguments,
    cells: Sequence[Cell],
    settings: Settings,
    console: Any,
    environment: Environment,
    stack: contextlib.ExitStack,
) -> int:
    """Measures the cells and writes what came out; the exit status.  `console` is a `BenchConsole`, or is told the same
    instead of one."""
    say = speaker({**TEXTS, **goals.TEXTS}, arguments.lang)
    rules = goals.rules_of(asked.thresholds, cells, say)
    store = None if asked.results is None else Store(asked.results, datetime.now(), arguments.lang)
    started_ns = time.time_ns()
    done: dict[int, CellResult] = {}
    saving = Lock()  # cells of two lanes may end at the same time

    def document(state: str) -> Document:
        found = [done.get(place) or Benchmark.not_begun(cell) for place, cell in enumerate(cells)]
        result_id = store.id if store is not None else ""
        made = bench_document(found, settings, state, result_id, (started_ns, time.time_ns()))
        return {**made, "thresholds": goals.judged(rules, found)}

    def records(place: int) -> LineWriter | None:
        if store is None:
            return None
        return stack.enter_context(new_lines(store.records_path(place, cells[place]), arguments.lang))

    def cell_ends(place: int, result: CellResult) -> None:
        with saving:
            done[place] = result
            if store is not None:
                with unwritten_is_said(store.path, environment, arguments.lang):
                    store.write(document("running"))
        shown.cell_ends(place, result)

    console.start(cells, document("running"))
    shown: Hooks = console.hooks()
    benchmark = Benchmark(cells, settings, shown._replace(cell_ends=cell_ends), records)

    def stop() -> None:
        benchmark.stop()
        console.warn(say("stopping"))

    with watching(arguments) as server, console, interrupts(stop):
        done.update(enumerate(benchmark.run()))
    found = document("cancelled" if benchmark.stopped.is_set() else "done")
    if server is not None:
        told = server.metrics(benchmark.origin.ns)
        found = with_server(found, told)
        for text in server.warnings(told):
            console.warn(text)
    with interrupts(lambda: None):  # what was measured is written, whatever comes
        console.result(found)
        whole = _written(arguments, found, store, console, environment)
    return _status(found, whole)


def _written(
    arguments: Arguments, document: Document, store: Store | None, console: Any, environment: Environment
) -> bool:
    """Writes the result and the files that were asked for; True when all of them could be."""
    say, lang = speaker(TEXTS, arguments.lang), arguments.lang
    outputs: list[tuple[str, Path, Callable[[Path], Sequence[str]]]] = []
    if store is not None:
        outputs.append((say("result"), store.path, partial(_saved, store, document)))
    if arguments.html_report is not None:
        outputs.append((say("page"), arguments.html_report, partial(_page, arguments, document)))
    for name, path in arguments.exports.items():
        label = EXPORTERS[name].label[LANGUAGES.index(lang)]
        outputs.append((label, path, partial(_table, TABLES[name](document, lang), environment)))
    written = 0
    for label, path, write in outputs:
        with unwritten_is_said(path, environment, lang):
            notes = write(path)
            console.written(label, path)
            for note in notes:
                console.warn(note)
            written += 1
    return written == len(outputs)


def _saved(store: Store, document: Document, _path: Path) -> Sequence[str]:
    store.write(document)
    return ()


def _page(arguments: Arguments, document: Document, path: Path) -> Sequence[str]:
    from ..bench.page import write_page  # a benchmark without a page has no need of it

    return write_page(document, path, brand=arguments.brand, title=arguments.report_title, lang=arguments.lang)


def _table(text: str, environment: Environment, path: Path) -> Sequence[str]:
    content = text.encode("utf-8", "replace")
    if path is STANDARD_OUTPUT:
        printed(content, environment)
    else:
        write_atomically(path, content, private=True)
    return ()


def _status(document: Document, whole: bool) -> int:
    if document["state"] == "cancelled":
        return INTERRUPTED
    if not all(row["ok"] for row in document["thresholds"]):
        return MISSED
    measured = [cell for cell in document["cells"] if cell["state"] != "skipped"]
    failed = any(cell["requests"]["failed"] or cell["state"] != "done" for cell in measured)
    if (failed and not document["thresholds"]) or not measured or not whole:
        return SOME_FAILED
    return OK
