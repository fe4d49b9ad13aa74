"""The process that reads the metrics of the server, so that the process that times the load does not.

Its standard input has one line of JSON (`url`, `verify`, `every_s`) and is then held open; it ends with it.  On its
standard output stands a line of JSON for each scrape: `at_ns` (`time.perf_counter_ns`) with `server` and `values`, or
with `error`.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from .page import read_page
from .scrape import ScrapeError, Scraper


def main() -> None:
    """Scrapes until standard input ends, and once more: a short run has no other scrape."""
    told = json.loads(sys.stdin.readline())
    over = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    scraper = Scraper(told["url"], told["verify"])
    begin_s = time.monotonic()
    while not over.is_set():
        print(json.dumps(sample(scraper.page)), flush=True)
        passed_s = time.monotonic() - begin_s
        over.wait(told["every_s"] - passed_s % told["every_s"])
    print(json.dumps(sample(scraper.page)), flush=True)


def sample(page: Callable[[], str]) -> dict[str, Any]:
    """One scrape, stamped with the time at which the page was asked for."""
    at_ns = time.perf_counter_ns()
    try:
        found = read_page(page())
    except ScrapeError as error:
        return {"at_ns": at_ns, "error": str(error)}
    return {"at_ns": at_ns, "server": found.server, "values": found.values}
