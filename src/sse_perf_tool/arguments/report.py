"""The arguments of the report command."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..errors import UsageError
from ..exporters import EXPORTERS
from ..flags import REPORT_FLAGS
from ..texts import Say, Texts, printable
from .files import drop_files_of_runs, outputs
from .flag_values import FlagValues
from .output_paths import Now
from .parsed import Arguments

TEXTS: Texts = {
    "no_files": (
        "report: no file; name one or more --records files (.jsonl)",
        "report：缺少文件，请给出 --records 写的 .jsonl 文件",
    ),
    "no_profile": (
        "report {path}: is a folder without a whole profile (profile.json, run.jsonl); name a --records file (.jsonl)",
        "report {path}：此目录中没有完整的分析（profile.json、run.jsonl），请给出 --records 写的 .jsonl 文件",
    ),
    "one_run": (
        "works with one run, but there are {count} files; name one of them or leave this out",
        "只针对一次运行，而这里有 {count} 个文件；请只给一个文件，或去掉该参数",
    ),
}


def report_arguments(flags: FlagValues, environ: Mapping[str, str], now: Now) -> Arguments:
    """The records files to read and the outputs to write.  UsageError for a file that cannot be read."""
    drop_files_of_runs(flags, REPORT_FLAGS)
    named = tuple(Path(name) for name in flags.rest)
    if not named:
        raise UsageError(flags.say("no_files"))
    files = tuple(_records_of(path, flags.say) for path in named)
    for path in files:
        _check_readable(path, flags.say)
    for name in EXPORTERS:
        if len(files) > 1 and name in flags.given:
            raise flags.wrong(name, "one_run", count=len(files))
    taken = {path.resolve(): "report" for path in files}
    return Arguments(
        "report",
        flags.language,
        files=files,
        profile_folder=named[0] if len(named) == 1 and named[0].is_dir() else None,
        stall_ms=flags.given.get("stall_ms"),
        **outputs(flags, environ, now, taken, default_report=True),
    )


def _records_of(path: Path, say: Say) -> Path:
    """The records file; of a folder that the command profile wrote, the one in it."""
    if not path.is_dir():
        return path
    if not (path / "profile.json").is_file() or not (path / "run.jsonl").is_file():
        raise UsageError(say("no_profile", path=printable(str(path))))
    return path / "run.jsonl"


def _check_readable(path: Path, say: Say) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        problem = say("no_record_file", reason=error)
        raise UsageError(f"report {printable(str(path))}: {problem}") from error
