"""One page of Prometheus metrics, in its text format or in that of OpenMetrics, to the figures that are known."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from .names import CACHE, KNOWN, plain_name


class Page(NamedTuple):
    """What a page says; counters are still counters."""

    server: str
    """"" when no metric of a known server is on it."""
    values: dict[str, float]


def read_page(text: str) -> Page:
    """The figures of a page.  Lines that are not known or cannot be read are left out; several of one name are summed.

    Only lines of known names are parsed: the pages of inference servers have hundreds of others.
    """
    from prometheus_client.parser import text_string_to_metric_families as families

    by_server: dict[str, dict[str, float]] = {}
    for line in _known_lines(_plain(text)):
        try:
            samples = [sample for family in families(line) for sample in family.samples]
        except ValueError:
            continue
        for sample in samples:
            server, row = KNOWN[plain_name(sample.name)]
            if not abs(sample.value) < MOST:  # NaN as well
                continue
            value, values = sample.value * row.factor, by_server.setdefault(server, {})
            before = values.get(row.figure, 0.0)
            values[row.figure] = max(before, value) if row.figure == CACHE else before + value
    anywhere = by_server.pop("", {})
    server = max(by_server, key=lambda name: len(by_server[name]), default="")
    return Page(server, {**anywhere, **by_server.get(server, {})})


_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_EXEMPLAR = re.compile(r" # \{[^{}]*\} \S+( \S+)?$")
MOST = 1e15
"""No value of a server that is true is larger."""
LONGEST_LINE = 10_000
"""Characters; a longer line is no sample of ours."""


def _known_lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        name = _NAME.match(line)
        if name is not None and plain_name(name[0]) in KNOWN and len(line) <= LONGEST_LINE:
            yield _EXEMPLAR.sub("", line) + "\n"


def _plain(text: str) -> str:
    """The page itself where a server sends it as one text of JSON, as llama.cpp has done."""
    if not text.startswith('"'):
        return text
    try:
        return str(json.loads(text))
    except ValueError:
        return text
