"""The reading threads that there are here, for tests that must hold with each of them."""

from __future__ import annotations

from functools import cache

import pytest

from sse_perf_tool.compiled import PURE
from sse_perf_tool.wire import gate, reading
from sse_perf_tool.wire.pump import Pump

KINDS = ("python", "compiled")


@cache
def reader_of(kind: str) -> reading.Reader:
    """One of this kind, the same for all tests.  Skips the test where none was built."""
    if kind == "python":
        return Pump()
    module = gate.compiled_module()
    if module is None:
        pytest.skip("the compiled reader was not built here")
    return reading.Compiled(module)


def use(kind: str, monkeypatch: pytest.MonkeyPatch) -> reading.Reader:
    """Makes it that of this process until the end of the test."""
    reader = reader_of(kind)
    if kind == "python":
        monkeypatch.setenv(PURE, "1")
    monkeypatch.setattr(reading, "_reader_here", reader)
    monkeypatch.setattr(reading, "_made_by", reading.os.getpid())
    return reader
