"""Holds the error bounds of the tool against the truth, over a grid of loads: `python tools/trust_grid.py [--quick]`.

Each run is the tool as a user starts it, for some seconds, against the paced server of the calibration, which knows
what it sent and when: on an idle machine, and with a `while True` on each core beside it.  The last rows pin tool and
one such loop to a single core.  What stands in `--json FILE` (a line a run) is not measured again: a grid that was
interrupted goes on, and one with more `--repeat` adds to it.  At the end it prints a table for docs/trust.md.

Exit status 0 when the bound covered the error in at least 95 % of the runs, and no run with an error of more than 10 ms
or 20 % was called trusted; else 1.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sse_perf_tool.calibration.server import ask, paced_server
from sse_perf_tool.metrics import percentile
from sse_perf_tool.trust import LIMIT_MS, LIMIT_SHARE
from sse_perf_tool.units import percent_text

ROOT = Path(__file__).resolve().parent.parent
TTFT_MS = 50.0
THREADS, GAPS_MS = (1, 10, 50, 200, 500, 1000), (5.0, 20.0, 100.0)
QUICK_THREADS, QUICK_GAPS_MS = (1, 50, 500), (5.0, 20.0)
BESIDE = ("idle", "busy")
ONE_CORE = ((50, 20.0), (500, 20.0), (500, 100.0))
BUSY_LOOP = "import os; parent = os.getppid()\nwhile os.getppid() == parent: pass"
"""It outlives no one."""
COVERED = 0.95
MOST_CHUNKS_PER_S = 40_000
"""What the server sends on a core of its own.  Beyond that answers are short, or a run would take minutes."""


class Cell(NamedTuple):
    """A load, and what else runs: nothing ("idle"), a loop on each core ("busy"), or all on one core ("one core")."""

    threads: int
    gap_ms: float
    beside: str


class Measured(NamedTuple):
    """One run: P99 of TTFT and gaps in milliseconds, as sent and as reported, and what the tool said of itself."""

    cell: Cell
    repeat: int
    requests: int
    ttft_true: float
    ttft: float
    ttft_bound: float
    gap_true: float
    gap: float
    gap_bound: float
    verdict: str
    trust: dict[str, Any]

    @property
    def errors(self) -> tuple[tuple[float, float, float], ...]:
        """(error, bound, truth) of each figure."""
        return (
            (abs(self.ttft - self.ttft_true), self.ttft_bound, self.ttft_true),
            (abs(self.gap - self.gap_true), self.gap_bound, self.gap_true),
        )

    @property
    def covered(self) -> bool:
        """Both errors are within their bounds."""
        return all(error <= bound for error, bound, _ in self.errors)

    @property
    def wrong(self) -> bool:
        """An error is more than anybody should trust."""
        return any(error > LIMIT_MS or error > LIMIT_SHARE * true for error, _, true in self.errors)


def cells(quick: bool) -> list[Cell]:
    """The grid, lightest load first."""
    threads, gaps = (QUICK_THREADS, QUICK_GAPS_MS) if quick else (THREADS, GAPS_MS)
    grid = [Cell(number, gap_ms, beside) for number in threads for gap_ms in gaps for beside in BESIDE]
    return [*grid, *(Cell(*load, "one core") for load in ONE_CORE if shutil.which("taskset"))]


def chunks_of(cell: Cell, seconds: float) -> int:
    """Chunks of one answer: such that there are some hundred answers if that can be, of half a second to 1.5."""
    answer_s = max(0.5, min(1.5, seconds * cell.threads / 100))
    if cell.threads * 1000 / cell.gap_ms > MOST_CHUNKS_PER_S:
        answer_s = 0.5
    return max(3, int((answer_s * 1000 - TTFT_MS) / cell.gap_ms))


@contextlib.contextmanager
def busy_loops(cell: Cell) -> Iterator[list[str]]:
    """Starts what runs beside; gives the words before the command of the tool."""
    pinned = ["taskset", "-c", "0"] if cell.beside == "one core" else []
    number = {"idle": 0, "busy": os.cpu_count() or 1, "one core": 1}[cell.beside]
    loop = [*pinned, sys.executable, "-c", BUSY_LOOP]
    processes = [subprocess.Popen(loop) for _ in range(number)]  # noqa: S603 - our own
    try:
        yield pinned
    finally:
        for process in processes:
            process.kill()
            process.wait()


def measure(cell: Cell, repeat: int, seconds: float) -> Measured:
    """One run; RuntimeError when the tool wrote no summary."""
    with (
        paced_server(TTFT_MS, cell.gap_ms, chunks_of(cell, seconds)) as port,
        tempfile.TemporaryDirectory() as folder,
        busy_loops(cell) as before,
    ):
        summary = Path(folder) / "run.json"
        command = [*before, sys.executable, str(ROOT / "sse_perfTestTool.py")]
        command += [
            "--url",
            f"http://127.0.0.1:{port}/v1/chat/completions",
            "--api-key",
            "-",
            "--quiet",
            "--no-compression-check",
            "--no-compression-check",
        ]
        command += ["--threads", str(cell.threads), "--duration", f"{seconds:g}", "--json", str(summary)]
        command += ["--html-report", str(Path(folder) / "run.html")]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the tool
        if not summary.exists():
            raise RuntimeError(f"{cell}: no summary: {ran.stderr[-500:] or ran.stdout[-500:]}")
        truth, said = ask(port, "/stats"), json.loads(summary.read_text(encoding="utf-8"))
    true = [percentile(sorted(truth[name]), 99) or 0.0 for name in ("ttft_ns", "gap_ns")]
    trust, metrics = said["trust"], said["metrics"]
    return Measured(
        cell,
        repeat,
        said["requests"]["ok"],
        true[0] / 1e6,
        metrics["ttft_ms"]["p99"],
        trust["ttft_p99_error_bound_ms"],
        true[1] / 1e6,
        metrics["itl_ms"]["p99"],
        trust["itl_p99_error_bound_ms"],
        trust["verdict"],
        trust,
    )


def read(path: Path) -> list[Measured]:
    """The runs of a file that this program wrote before; none when there is no such file."""
    if not path.exists():
        return []
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return [Measured(Cell(*row.pop("cell")), **row) for row in rows]


def table(found: Sequence[Measured]) -> list[str]:
    """Markdown, a row a cell: of its runs the largest errors, each with its bound, and every verdict."""
    lines = [
        "| threads | gap ms | beside | TTFT P99 error (bound) ms | gap P99 error (bound) ms | verdicts | covered |",
        "|--:|--:|---|--:|--:|---|--:|",
    ]
    for cell in dict.fromkeys(each.cell for each in found):
        runs = [each for each in found if each.cell == cell]
        shown = [
            "{:.2f} ({:.2f})".format(*max(errors)[:2]) for errors in zip(*(each.errors for each in runs), strict=True)
        ]
        verdicts = ", ".join(dict.fromkeys(each.verdict for each in runs))
        covered = f"{sum(each.covered for each in runs)}/{len(runs)}"
        cells_of = [str(cell.threads), f"{cell.gap_ms:g}", cell.beside, *shown, verdicts, covered]
        lines.append("| " + " | ".join(cells_of) + " |")
    return lines


def conclusion(found: Sequence[Measured]) -> tuple[list[str], bool]:
    """The last lines, and whether all is as it should be."""
    covered = sum(each.covered for each in found)
    wrongly = [each.cell for each in found if each.wrong and each.verdict == "trusted"]
    wrong = sum(each.wrong for each in found)
    trusted = sum(each.verdict == "trusted" for each in found)
    lines = [
        f"The bounds covered both errors in {covered} of {len(found)} runs ({percent_text(covered / len(found))}).",
        f"Of {wrong} runs with an error over {LIMIT_MS:g} ms or {LIMIT_SHARE * 100:g} %, {len(wrongly)} were called"
        " trusted" + (f": {wrongly}." if wrongly else ".") + f"  {trusted} runs were.",
    ]
    return lines, covered >= COVERED * len(found) and not wrongly


def main() -> int:
    """Measures what is missing and prints the table."""
    parser = argparse.ArgumentParser(description="Holds the error bounds of the tool against the truth.")
    parser.add_argument("--quick", action="store_true", help="a smaller grid, once: about 3 minutes")
    parser.add_argument("--repeat", type=int, help="runs of each load (3, with --quick 1)")
    parser.add_argument("--seconds", type=float, default=4.0, help="for which each run begins requests")
    parser.add_argument("--json", type=Path, default=ROOT / "report" / "trust-grid.jsonl", help="a line a run")
    asked = parser.parse_args()
    found = read(asked.json)
    known = {(each.cell, each.repeat) for each in found}
    repeats = asked.repeat or (1 if asked.quick else 3)
    todo = [(cell, repeat) for repeat in range(repeats) for cell in cells(asked.quick) if (cell, repeat) not in known]
    for at, (cell, repeat) in enumerate(todo, 1):
        run = measure(cell, repeat, asked.seconds)
        found.append(run)
        with asked.json.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(run._asdict()) + "\n")
        errors = ", ".join("{:.2f} ({:.2f})".format(*each[:2]) for each in run.errors)
        note = "" if run.covered else "  NOT COVERED"
        print(f"{at}/{len(todo)} {tuple(cell)}: {errors} {run.verdict}{note}", flush=True)
    lines, good = conclusion(found)
    print("\n".join(["", *table(found), "", *lines]))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
