"""What coverage sees of the tests: the marks of tests/conftest.py hold."""

from __future__ import annotations

import os
import sys

import pytest
from coverage import Coverage

MEASURES_PROCESSES = "COVERAGE_PROCESS_CONFIG"


@pytest.mark.not_measured
def test_nothing_traces_a_test_that_is_not_measured() -> None:
    assert sys.gettrace() is None


def test_a_process_is_not_measured_unless_asked_for() -> None:
    assert MEASURES_PROCESSES not in os.environ


@pytest.mark.measures_processes
def test_a_process_is_measured_where_asked_for_if_anything_is() -> None:
    assert (MEASURES_PROCESSES in os.environ) == (Coverage.current() is not None)
