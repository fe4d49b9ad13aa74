"""docs/telemetry.md names every metric as it is exported, and every attribute and event of a span."""

from __future__ import annotations

import re
from pathlib import Path

from sse_perf_tool.telemetry import otlp, spans
from sse_perf_tool.telemetry.instruments import INSTRUMENTS, Kind

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "telemetry.md").read_text(encoding="utf-8")


def test_the_table_has_each_metric_with_its_kind_and_its_name_on_a_page() -> None:
    rows = re.findall(r"^\| `([a-z_.]+)` \| (\w+) \| `(\w+)` \|", TEXT, re.MULTILINE)
    total = {Kind.COUNTER: "_total"}
    assert rows == [(each.name, each.kind.value, each.on_page + total.get(each.kind, "")) for each in INSTRUMENTS]


def test_every_attribute_is_named() -> None:
    more = ("gen_ai.request.stream", "gen_ai.response.finish_reasons")
    of_spans = (*spans._PLAIN, *spans._TOKENS, *spans._SECONDS, *more)
    for name in {*of_spans, *(name for each in INSTRUMENTS for name in each.attributes)}:
        assert f"`{name}`" in TEXT, name


def test_the_limits_are_those_of_the_code() -> None:
    from sse_perf_tool.telemetry import link

    assert f"({link.MOST_BYTES >> 20} MiB)" in TEXT
    assert f"has {link.FLUSH_S:g} s to be delivered" in TEXT
    assert f"`OTEL_EXPORTER_OTLP_TIMEOUT` ({otlp.TIMEOUT_S} s)" in TEXT
    assert f"`OTEL_METRIC_EXPORT_INTERVAL` ({otlp.EVERY_S * 1000:.0f} ms)" in TEXT
    assert f"else {otlp.DEFAULT_SAMPLE:.0%}".replace("%", " %") in TEXT
