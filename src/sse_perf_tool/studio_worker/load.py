"""A load test, and a search for capacity: those of the command line."""

from __future__ import annotations

import contextlib
import io
from datetime import datetime
from pathlib import Path

from ..arguments import Arguments
from ..arguments.studio_folder import files_of
from ..bench.config import BenchConfig, load_config
from ..commands import capacity, demo, run
from ..commands.asking import get_json
from ..commands.environment import Environment
from ..commands.feed import Feed
from ..studio.contract.jobs import BenchAsked, CapacityAsked, DemoTarget, ModelTarget, RunAsked
from ..studio.jobs.load import load_arguments
from .order import Order

RESULTS = Path("results")
CONFIG = Path("config.yaml")


def config_of(asked: BenchAsked | RunAsked | CapacityAsked, lang: str) -> BenchConfig:
    """The config of the folder, where the job is about a model of it."""
    needed = isinstance(asked.target, ModelTarget) if not isinstance(asked, BenchAsked) else not asked.demo
    return load_config(CONFIG, lang) if needed else BenchConfig(())


def send_load(order: Order, asked: RunAsked | CapacityAsked, feed: Feed) -> tuple[int, str]:
    """Does it; (exit status of the command, id of the result).  UsageError as the command has it."""
    RESULTS.mkdir(exist_ok=True)
    files = files_of(RESULTS, datetime.now(), asked.kind)
    if order.rest_of is not None and asked.kind == "capacity":
        files = {"resume": RESULTS / f"{order.rest_of}.steps.jsonl", "json": RESULTS / f"{order.rest_of}.json"}
    result_id = files["json"].stem
    config, written = config_of(asked, order.lang), [f"--{name}={path}" for name, path in files.items()]
    arguments = load_arguments(asked, config, order.environ, order.lang, written, get_json)
    environment = Environment(io.StringIO(), _Warnings(feed), {}, feed=feed)
    with contextlib.ExitStack() as stack:
        if isinstance(asked.target, DemoTarget):
            arguments = stack.enter_context(demo.served(arguments))
        for text in arguments.warnings:
            feed.tell("warning", text=text)
        return _sent(asked, arguments, environment), result_id


def _sent(asked: RunAsked | CapacityAsked, arguments: Arguments, environment: Environment) -> int:
    if asked.kind == "capacity":
        return capacity.main(arguments, environment)
    return run.main(arguments, environment)


class _Warnings(io.StringIO):
    """Standard error of a command: each line is a warning."""

    def __init__(self, feed: Feed) -> None:
        super().__init__()
        self._feed = feed

    def write(self, text: str) -> int:
        """Tells what is said."""
        if text.strip():
            self._feed.tell("warning", text=text.strip()[:1000])
        return len(text)
