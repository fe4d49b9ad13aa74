"""The output files of a run: their names are checked before the load starts, and that they can be written."""

from __future__ import annotations

import itertools
import os
import re
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from ..exporters import EXPORTERS
from ..texts import reason_of
from .flag_values import FlagValues

TEXTS = {
    "no_folder": ("the folder {folder} does not exist; create it first", "目录 {folder} 不存在，请先创建"),
    "no_stdout": (
        "only --json, --csv, --markdown and --junit can go to standard output; name a file",
        "只有 --json、--csv、--markdown、--junit 可写到标准输出，请指定文件",
    ),
    "is_folder": ("is a directory; name a file in it", "这是一个目录，请指定其中的文件"),
    "not_writable": ("cannot be written ({reason}); choose another place", "无法写入（{reason}），请换一个位置"),
    "same_file": ("is also the file of {other}; choose another name", "与 {other} 是同一文件，请换一个名称"),
}


STANDARD_OUTPUT = Path("standard output")
"""Stands for `-`; compared by `is`, as a file may have this name."""

Now = Callable[[], datetime] | None
"""The clock that dates the default report; None: there is no default report."""


class OutputFiles(NamedTuple):
    """The files to write; `exports` has those of `EXPORTERS` by their names there."""

    html_report: Path | None
    records: Path | None
    exports: dict[str, Path]


def checked(flags: FlagValues, taken: dict[Path, str], now: Now, *, default_report: bool) -> OutputFiles:
    """The output files.  UsageError when one cannot be written, is named twice or is an input (`taken`)."""
    named = {key: flags[key] for key in ("html_report", *EXPORTERS, "records") if flags[key]}
    to_stdout = [key for key, name in named.items() if name == "-"]
    for key in to_stdout:
        if key not in EXPORTERS:
            raise flags.wrong(key, "no_stdout")
        if key != to_stdout[0]:
            raise flags.wrong(key, "same_file", other=flags.name(to_stdout[0]))
    paths = {key: Path(name) for key, name in named.items() if name != "-"}
    if default_report and now is not None and "html_report" not in paths and not flags["no_report"]:
        paths["html_report"] = _default_report(flags, now())
    for key, path in paths.items():
        _check_output(flags, key, path, taken)
    exports = {name: STANDARD_OUTPUT if name in to_stdout else paths[name] for name in EXPORTERS if name in named}
    return OutputFiles(paths.get("html_report"), paths.get("records"), exports)


def _default_report(flags: FlagValues, now: datetime) -> Path:
    model = re.sub(r"[^\w.-]+", "_", flags["model_name"] or "").strip("._")[:80]
    folder = Path("report")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        reason = f"report: {reason_of(error, flags.language)}"
        raise flags.wrong("html_report", "not_writable", reason=reason) from error
    return folder / f"report_{model and model + '_'}{now:%Y%m%d_%H%M%S}.html"


def unused(path: Path) -> Path:
    """`path`, or the first of PATH_2, PATH_3, ... that does not exist; created empty, so that no other run uses it."""
    others = (path.with_stem(f"{path.stem}_{number}") for number in itertools.count(2))
    return next(free for free in itertools.chain([path], others) if _is_made(free))


def _is_made(path: Path) -> bool:
    try:
        path.open("x").close()
    except FileExistsError:
        return False
    except OSError:
        return True  # writing it will fail in the same way, and report it
    return True


def _try_beside(path: Path) -> None:
    """Makes a file with a name as long as that of `path`, which another run may be making, and takes it away again."""
    other = path.with_name((path.name[:-8] + secrets.token_hex(8))[: max(16, len(path.name))])
    other.open("x").close()
    other.unlink()


def _check_output(flags: FlagValues, key: str, path: Path, taken: dict[Path, str]) -> None:
    """Tries to write there and leaves everything unchanged."""
    try:
        if path.is_dir():
            raise flags.wrong(key, "is_folder")
        if not path.parent.is_dir():
            raise flags.wrong(key, "no_folder", folder=path.parent)
        if path.exists() and not path.is_file():
            return  # a device or pipe: opening it is not without effect, and it may serve twice
        other = taken.setdefault(path.resolve(), flags.name(key))
        if other != flags.name(key):
            raise flags.wrong(key, "same_file", other=other)
        if path.exists():
            path.open("ab").close()
        else:
            _try_beside(Path(os.path.realpath(path)))
    except OSError as error:
        raise flags.wrong(key, "not_writable", reason=error) from error
