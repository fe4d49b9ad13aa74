"""Tries the properties of fuzz_properties.py for some minutes: `python tools/fuzz.py [--minutes 10] [--only WORDS]`.

Each property gets the same share of the time, with other inputs in each run; a seed that is printed makes a run again.
The table at the end has the inputs that were tried; a property that was broken is shown with the least input that
breaks it, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, seed, settings

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from fuzz_properties import PROPERTIES, Property  # noqa: E402  the path comes first

ROUND = 100
"""Inputs between two looks at the clock."""


def tried(found: Property, share_s: float, first_seed: int, examples: int = ROUND) -> tuple[int, str]:
    """How many inputs a property was tried with, and "" or what broke it; one round at least."""
    count = 0

    def check(value: Any) -> None:
        nonlocal count
        count += 1
        found.check(value)

    quiet = settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    began_s = time.monotonic()
    for number in itertools.count(first_seed):
        try:
            seed(number)(quiet(given(found.inputs)(check)))()
        except Exception:
            return count, f"seed {number}\n{traceback.format_exc(limit=-4)}"
        if time.monotonic() - began_s >= share_s:
            return count, ""
    raise AssertionError("no end of seeds")


_MARKS = ("<!-- made by make fuzz: begin -->", "<!-- made by make fuzz: end -->")
_HEADS = (("property", "inputs without a finding"), ("性质", "未发现问题的输入数"))


def write(rows: Sequence[tuple[str, int]], made_by: str) -> None:
    """Puts the inputs of each property between their marks in the docs."""
    for heads, name in zip(_HEADS, ("reliability.md", "reliability_zh.md"), strict=True):
        lines = [f"| {' | '.join(heads)} |", "|---|---|", *(f"| {name} | {count:,} |" for name, count in rows)]
        path = ROOT / "docs" / name
        before, _, rest = path.read_text(encoding="utf-8").partition(_MARKS[0])
        table = f"`{made_by}` (Python {sys.version.split()[0]}):\n\n" + "\n".join(lines)
        after = rest.partition(_MARKS[1])[2]
        path.write_text(f"{before}{_MARKS[0]}\n{table}\n{_MARKS[1]}{after}", encoding="utf-8")


def main(argv: Sequence[str]) -> int:
    """The exit status; prints a line for each property."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--only", default="", help="words that the name of a property has")
    parser.add_argument("--write", action="store_true", help="put the table into the docs")
    asked = parser.parse_args(argv)
    chosen = [each for each in PROPERTIES if asked.only in each.name]
    print(f"seed {asked.seed}; Python {sys.version.split()[0]}", flush=True)
    total, findings, rows = 0, [], []
    for each in chosen:
        count, broken = tried(each, asked.minutes * 60 / len(chosen), asked.seed)
        total += count
        rows.append((each.name, count))
        print(f"  {each.name:42} {count:10,} inputs  {'BROKEN' if broken else 'holds'}", flush=True)
        if broken:
            findings.append(f"{each.name}: {broken}")
    print(f"  {'all':42} {total:10,} inputs  {len(findings)} findings")
    print("\n".join(findings))
    if asked.write and not findings:
        write(rows, f"make fuzz FUZZ='--minutes {asked.minutes:g}'")
    return 1 if findings or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
