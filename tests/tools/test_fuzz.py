"""A short part of `make fuzz` that is the same in each run, and that it would find something."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

import fuzz
from fuzz_properties import PROPERTIES, Property, plain_events

SEED = 1


@pytest.mark.not_measured
@pytest.mark.parametrize("found", PROPERTIES, ids=lambda found: found.name)
def test_what_must_hold_for_any_input_holds(found: Property) -> None:
    count, broken = fuzz.tried(found, 0.0, SEED, examples=40)
    assert broken == ""
    assert count >= 20


def test_a_property_that_does_not_hold_is_found_with_its_least_input(capsys: pytest.CaptureFixture[str]) -> None:
    def check(number: int) -> None:
        assert number < 1000

    wrong = Property("numbers are small", st.integers(), check)
    count, broken = fuzz.tried(wrong, 0.0, SEED)
    assert count > 1
    assert broken.startswith(f"seed {SEED}\n")
    assert "1000" in broken


def test_the_time_is_shared_and_a_finding_is_the_exit_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def check(number: int) -> None:
        assert number < 1000

    good, bad = Property("good", st.booleans(), bool), Property("bad", st.integers(), check)
    monkeypatch.setattr(fuzz, "PROPERTIES", (good, bad))
    assert fuzz.main(["--minutes", "0", "--only", "good", "--seed", "1"]) == 0
    assert "good" in capsys.readouterr().out
    assert fuzz.main(["--minutes", "0", "--seed", "1"]) == 1
    said = capsys.readouterr().out
    assert "1 findings" in said
    assert "bad: seed 1" in said
    assert fuzz.main(["--only", "no such"]) == 1


def test_the_plain_reading_of_the_standard_reads_its_own_examples() -> None:
    stock = b"data: YHOO\ndata: +2\ndata: 10\n\n"
    assert plain_events(stock)[0] == [("message", "YHOO\n+2\n10", "", None)]
    four = b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"
    assert plain_events(four) == (
        [
            ("message", "first event", "1", None),
            ("message", "second event", "", None),
            ("message", " third event", "", None),
        ],
        "",
    )
    assert plain_events(b"data\n\ndata\ndata\n\ndata:")[0] == [("message", "", "", None), ("message", "\n", "", None)]
    assert plain_events(b"data:test\n\ndata: test\n\n")[0] == [("message", "test", "", None)] * 2
