"""What a worker on this machine notes for the case that it is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sse_perf_tool.distributed.local import Note

NOTING = """
import sys
from pathlib import Path
from sse_perf_tool.distributed.local import Note
note = Note(Path(sys.argv[1]))
for begun in range(1, 8):
    note.write(40, begun)
print("noted", flush=True)
sys.stdin.read()
"""


def test_a_note_is_of_one_round_and_the_newest_counts(tmp_path: Path) -> None:
    note = Note.new(tmp_path / "note")
    theirs = Note(tmp_path / "note")
    assert note.read(0) == 0, "nothing noted yet"
    if os.name != "nt":
        (tmp_path / "note").unlink()  # somebody tidies up
    for begun in (1, 300, 70_000_000_000):
        theirs.write(0, begun)
        assert (note.read(0), note.read(5)) == (begun, 0)
    theirs.write(5, 2)
    assert (note.read(0), note.read(5)) == (0, 2)
    for each in (note, theirs):
        each.close()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_it_outlives_a_worker_that_is_killed(tmp_path: Path) -> None:
    note = Note.new(tmp_path / "note")
    command = [sys.executable, "-c", NOTING, str(tmp_path / "note")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "noted\n"
        os.kill(worker.pid, signal.SIGKILL)
    assert note.read(40) == 7
    note.close()
