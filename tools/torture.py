"""Does to the tool what befalls it in the field: `python tools/torture.py [--kills 200] [--only kill] [--write]`.

* kill: `kill -9` at a random moment of a run, with one process and with two; the records are read afterwards,
and held
  against what the server knows that it sent.
* disk: each output on a full disk: `/dev/full`, and a file system of 256 KiB where one may be mounted.
* server: each server of torture_servers.py.

Prints a table, and with `--write` puts it into docs/reliability.md and docs/reliability_zh.md.  Exit status 1 when a
promise was broken.  Needs Linux.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from torture_servers import HOSTILE, Server, hostile, patient

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from sse_perf_tool.records.reader import read_header, read_records  # noqa: E402  the path comes first

TOOL = [sys.executable, str(ROOT / "sse_perfTestTool.py")]
THREADS = 4
TIMEOUT_S = 2
MOST_MIB = 300
"""Memory that a run against a hostile server may take."""
PATIENCE_S = 60.0
"""A run that takes longer stands still; on a machine that does nothing else each ends in a few seconds."""


class Trial(NamedTuple):
    """What was tried, in English and Chinese, what came of it, and "" or the promise that was broken."""

    kind: str
    name: tuple[str, str]
    result: tuple[str, str]
    broken: str = ""


class Ran(NamedTuple):
    """What a run of the tool came to."""

    status: int
    seconds: float
    mib: float
    said: str


def command(url: str, *more: str) -> list[str]:
    """The tool against this server, without a report."""
    return [*TOOL, "--url", url, "--api-key", "-", "--threads", str(THREADS), "--retries", "0", "--lang", "en", *more]


def url_of(server: Server) -> str:
    """Where the server takes requests of the OpenAI format."""
    return f"http://127.0.0.1:{server.port}/v1/chat/completions"


def run(words: Sequence[str], folder: Path) -> Ran:
    """Runs it to its end; RuntimeError when it stands still.  The memory is that of its first process."""
    began_s = time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 - the tool
            words, cwd=folder, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
        )
        kib = 0
        while process.poll() is None:
            kib = max(kib, _largest_kib(process.pid))
            if time.monotonic() - began_s > PATIENCE_S:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise RuntimeError(f"stood still for {PATIENCE_S:g} s")
            time.sleep(0.02)
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    return Ran(process.returncode, time.monotonic() - began_s, kib / 1024, text)


def _largest_kib(pid: int) -> int:
    """The largest resident size that a process has had so far.  What `wait4` says counts the parent in, before exec."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    return int(found[1]) if found else 0


# kill -9


class Killed(NamedTuple):
    """One kill: seconds after the start, answers in the records and at the server, and the threads."""

    after_s: float
    recorded: int
    sent: int
    begun: bool


def kill_once(processes: int, after_s: float, folder: Path, *, from_answer: bool) -> Killed:
    """Kills a run so long after its start, or after its first answer, and reads what it left.

    AssertionError when a promise is broken.
    """
    path = folder / "run.jsonl"
    with patient() as server:
        more = ["--duration", "60", "--records", str(path), "--processes", str(processes), "--quiet"]
        process = subprocess.Popen(  # noqa: S603
            command(url_of(server), *more, "--json", str(folder / "run.json")),
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        give_up_s = time.monotonic() + PATIENCE_S
        while from_answer and not server.whole and time.monotonic() < give_up_s:
            time.sleep(0.01)
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
        process.wait()
        _wait_for_children(process.pid)
        sent = server.whole
    if not path.exists() or path.stat().st_size == 0:
        assert sent <= THREADS, f"{sent} answers and no records"
        return Killed(after_s, 0, sent, False)
    header = read_header(path)
    records = list(read_records(path, header))
    whole = sum(record.outcome.value == "ok" for record in records)
    lines = path.read_bytes().count(b"\n") - 1
    assert len(records) >= lines, f"{lines} whole lines, {len(records)} read"
    assert sent - whole <= THREADS, f"{sent} answers sent, {whole} recorded"
    assert not (folder / "run.json").exists(), "a summary of half a run"
    return Killed(after_s, whole, sent, True)


def _wait_for_children(group: int) -> None:
    """Children of a killed run end by themselves; AssertionError when they do not."""
    give_up_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_s:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.killpg(group, signal.SIGKILL)
    raise AssertionError("a child outlived the run")


def kills(number: int, chance: random.Random) -> Iterator[Trial]:
    """As many kills with one process and as many with two: each second one while the run starts, the others later."""
    for processes in (1, 2):
        done, broken = [], ""
        for turn in range(number):
            with tempfile.TemporaryDirectory() as folder:
                after_s = chance.uniform(0.0, 1.5)
                try:
                    done.append(kill_once(processes, after_s, Path(folder), from_answer=turn % 2 == 0))
                except Exception as error:
                    broken = broken or f"after {after_s:.3f} s: {error!r}"
        yield Trial(
            "kill",
            (f"`kill -9`, {processes} process{'es'[: 2 * processes - 2]}", f"`kill -9`，{processes} 个进程"),
            _kills_said(number, done),
            broken,
        )


def _kills_said(number: int, done: Sequence[Killed]) -> tuple[str, str]:
    begun = [each for each in done if each.begun]
    most = max((each.sent - each.recorded for each in begun), default=0)
    answers = sum(each.recorded for each in begun)
    english = f"{number} kills, {len(begun)} with records: {len(done)} readable, {answers} answers in them"
    chinese = f"{number} 次，其中 {len(begun)} 次已有记录：{len(done)} 次可读，共 {answers} 个回答"
    return f"{english}, at most {most} missing of {THREADS} threads", f"{chinese}，{THREADS} 个线程最多缺 {most} 个"


# Full disks

_OUTPUTS = ("records", "json", "csv", "markdown", "junit", "html-report")


def disks() -> Iterator[Trial]:
    """Each output on a full device; then all of them on a small file system that fills up."""
    for processes in (1, 2):
        for name in _OUTPUTS:
            yield _on_full_device(name, processes)
    with _small_disk() as disk:
        if disk is None:
            reason = ("not tried: mounting needs root", "未尝试：挂载需要 root")
            yield Trial("disk", ("all outputs on a disk that fills up", "全部输出写入将满的磁盘"), reason)
            return
        for processes in (1, 2):
            yield _on_small_disk(disk, processes)


def _on_full_device(name: str, processes: int) -> Trial:
    what = (
        f"`--{name} /dev/full`, {processes} process{'es'[: 2 * processes - 2]}",
        f"`--{name} /dev/full`，{processes} 个进程",
    )
    with tempfile.TemporaryDirectory() as folder, patient() as server:
        others = [word for other in _OUTPUTS if other != name for word in (f"--{other}", f"out.{other}")]
        words = [f"--{name}", "/dev/full", *others, "--requests", "40", "--processes", str(processes)]
        try:
            ran = run(command(url_of(server), *words), Path(folder))
        except RuntimeError as error:
            return Trial("disk", what, ("", ""), str(error))
        written = [other for other in _OUTPUTS if Path(folder, f"out.{other}").is_file()]
        broken = (
            ""
            if ran.status not in (0, -9) and "Traceback" not in ran.said
            else f"status {ran.status}: {ran.said[-300:]}"
        )
        if "No space left" not in ran.said:
            broken = broken or f"not said: {ran.said[-300:]}"
        if len(written) != len(_OUTPUTS) - 1:
            broken = broken or f"only {written} written"
    return Trial(
        "disk",
        what,
        (f"said; status {ran.status}, all other files written", f"已说明；退出码 {ran.status}，其余文件均已写出"),
        broken,
    )


@contextlib.contextmanager
def _small_disk() -> Iterator[Path | None]:
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:  # noqa: S603
            yield None
            return
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)  # noqa: S603, S607


def _on_small_disk(disk: Path, processes: int) -> Trial:
    """An older summary is there, then the disk fills up: the old file stays or the new one is whole."""
    what = (
        f"all outputs on a disk that fills up, {processes} process{'es'[: 2 * processes - 2]}",
        f"全部输出写入将满的磁盘，{processes} 个进程",
    )
    for path in disk.iterdir():
        path.unlink()
    old = disk / "out.json"
    old.write_text('{"old": true}\n', encoding="utf-8")
    with patient(1, 0.0) as server:
        words = [word for name in _OUTPUTS for word in (f"--{name}", str(disk / f"out.{name}"))]
        try:
            ran = run(command(url_of(server), *words, "--requests", "2000", "--processes", str(processes)), disk)
        except RuntimeError as error:
            return Trial("disk", what, ("", ""), str(error))
    broken = (
        "" if ran.status not in (0, -9) and "Traceback" not in ran.said else f"status {ran.status}: {ran.said[-300:]}"
    )
    try:
        json.loads(old.read_text(encoding="utf-8"))
        records = len(list(read_records(next(disk.glob("*.jsonl"), disk / "out.records"))))
    except Exception as error:
        return Trial("disk", what, ("", ""), broken or repr(error))
    return Trial(
        "disk",
        what,
        (
            f"said; status {ran.status}, {records} records readable, the older summary whole",
            f"已说明；退出码 {ran.status}，{records} 条记录可读，原有摘要完好",
        ),
        broken,
    )


# Hostile servers


def servers() -> Iterator[Trial]:
    """A run with a time-out of 2 s against each of them."""
    for name, (english, chinese, answer) in HOSTILE.items():
        with tempfile.TemporaryDirectory() as folder, hostile(answer) as server:
            words = [
                "--timeout",
                str(TIMEOUT_S),
                "--requests",
                str(2 * THREADS),
                "--processes",
                "1",
                "--json",
                "run.json",
                "--records",
                "run.jsonl",
                "--html-report",
                "run.html",
            ]
            try:
                ran = run(command(url_of(server), *words), Path(folder))
                yield Trial("server", (english, chinese), _said_of(ran), _broken_by(ran, Path(folder)))
            except RuntimeError as error:
                yield Trial("server", (english, chinese), ("", ""), f"{name}: {error}")


def _said_of(ran: Ran) -> tuple[str, str]:
    outcome = re.search(r"x (\w+)[:\n]", ran.said)
    named = outcome[1] if outcome else "?"
    return (f"{named}; {ran.seconds:.0f} s, {ran.mib:.0f} MiB", f"{named}；{ran.seconds:.0f} 秒，{ran.mib:.0f} MiB")


def _broken_by(ran: Ran, folder: Path) -> str:
    """What of the promises a run against a hostile server has broken."""
    document = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    page = (folder / "run.html").read_text(encoding="utf-8")
    promises: dict[str, bool] = {
        f"status {ran.status}": ran.status == 1,
        "a traceback": "Traceback" not in ran.said,
        "an escape on the console": re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", ran.said) is None,
        f"{ran.mib:.0f} MiB": ran.mib < MOST_MIB,
        "requests that are not counted": document["requests"]["failed"] == 2 * THREADS,
        "records that cannot be read": len(list(read_records(folder / "run.jsonl"))) == 2 * THREADS,
        "a script of the server in the report": "<script>alert(1)" not in page,
    }
    return "; ".join(name for name, kept in promises.items() if not kept)


# The table

_MARKS = ("<!-- made by make torture: begin -->", "<!-- made by make torture: end -->")
_HEADS = (("tried", "result"), ("尝试", "结果"))


def table(trials: Sequence[Trial], language: int, made_by: str) -> str:
    """The trials in Markdown; `language` 0 is English, 1 Chinese."""
    rows = [f"| {' | '.join(_HEADS[language])} |", "|---|---|"]
    rows += [f"| {each.name[language]} | {each.result[language] or each.broken} |" for each in trials]
    where = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} CPUs"
    return f"`{made_by}` ({where}):\n\n" + "\n".join(rows)


def write(trials: Sequence[Trial], made_by: str) -> None:
    """Puts the table between its marks in the docs."""
    for language, name in enumerate(("reliability.md", "reliability_zh.md")):
        path = ROOT / "docs" / name
        text = path.read_text(encoding="utf-8")
        before, _, rest = text.partition(_MARKS[0])
        after = rest.partition(_MARKS[1])[2]
        path.write_text(
            f"{before}{_MARKS[0]}\n{table(trials, language, made_by)}\n{_MARKS[1]}{after}", encoding="utf-8"
        )


def main(argv: Sequence[str]) -> int:
    """The exit status; prints a line for each trial as it ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200, help="with one process, and as many with two")
    parser.add_argument("--only", choices=("kill", "disk", "server"))
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--write", action="store_true", help="put the table into the docs")
    asked = parser.parse_args(argv)
    print(f"seed {asked.seed}", flush=True)
    kinds: dict[str, Callable[[], Iterator[Trial]]] = {
        "kill": lambda: kills(asked.kills, random.Random(asked.seed)),  # noqa: S311 - moments, no secrets
        "disk": disks,
        "server": servers,
    }
    trials = []
    for kind, made in kinds.items():
        for trial in made() if asked.only in (None, kind) else ():
            trials.append(trial)
            print(f"  {trial.name[0]:60} {'BROKEN: ' + trial.broken if trial.broken else trial.result[0]}", flush=True)
    broken = [trial for trial in trials if trial.broken]
    print(f"{len(trials)} trials, {len(broken)} promises broken")
    if asked.write and not broken:
        write(trials, f"make torture TORTURE='--kills {asked.kills}'")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
