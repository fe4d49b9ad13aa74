"""A benchmark: that of the command line, told of to the studio in place of a console."""

from __future__ import annotations

import contextlib
import io

from ..arguments import parse_arguments
from ..bench.demo import demo_config
from ..commands.bench import measured, planned
from ..commands.bench_feed import BenchFeed
from ..commands.environment import Environment
from ..commands.feed import Feed
from ..studio.contract.jobs import BenchAsked
from ..studio.jobs.selection import bench_words, selected
from .load import config_of
from .order import Order


def measure(order: Order, asked: BenchAsked, feed: Feed) -> tuple[int, str]:
    """Does it; (exit status of the command, id of the result).  UsageError as the command has it."""
    arguments = parse_arguments(bench_words(asked, order.lang), {}, now=None)
    if arguments.bench is None:
        raise TypeError("no arguments of a benchmark")
    with contextlib.ExitStack() as stack:
        if asked.demo:
            config = stack.enter_context(demo_config(order.lang))
        else:
            config = selected(config_of(asked, order.lang), asked.models, order.lang)
        cells, settings = planned(arguments, arguments.bench, config, order.environ)
        console = BenchFeed(feed, settings)
        environment = Environment(io.StringIO(), io.StringIO(), {}, feed=feed)
        status = measured(arguments, arguments.bench, cells, settings, console, environment, stack)
    return status, console.result_id
