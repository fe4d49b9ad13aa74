"""`.env`: the keys, set and taken out, never shown.

python-dotenv reads and writes it.  What it writes is read again and has to be what was wanted before it takes the place
of the file; a symbolic link stays one.
"""

from __future__ import annotations

import io
import re
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import dotenv
from dotenv.parser import parse_stream

from ...records.atomic_write import write_atomically
from ...texts import Texts, speaker
from ..errors import ApiError

TEXTS: Texts = {
    "line": ("line {line} is no NAME=value; correct it in an editor", "第 {line} 行不是 名称=值，请在编辑器中改正"),
    "unreadable": ("cannot be read: {reason}", "无法读取：{reason}"),
    "control": ("a key holds no control characters or line ends", "密钥不能含有控制字符或换行"),
    "masked": ("this is a key as it is shown here, not the key itself", "这是显示用的掩码，不是密钥本身"),
    "empty": ("a key is not empty", "密钥不能为空"),
}

_MASKED = re.compile(r".*….*")


class EnvFile:
    """The keys of a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def values(self) -> dict[str, str]:
        """Name -> value; empty where it cannot be read, see `problem`."""
        return _values(self._text() or "")

    def problem(self, lang: str) -> str | None:
        """Why it cannot be read whole."""
        say = speaker(TEXTS, lang)
        try:
            text = self._text(strict=True) or ""
        except (OSError, UnicodeDecodeError) as error:
            return say("unreadable", reason=error if isinstance(error, OSError) else "UTF-8")
        wrong = next((each for each in parse_stream(io.StringIO(text)) if each.error), None)
        return None if wrong is None else say("line", line=wrong.original.line)

    @property
    def exists(self) -> bool:
        """Whether there is one."""
        return self.path.is_file()

    def put(self, name: str, value: str, lang: str) -> None:
        """Sets a key; `ApiError` for what is none."""
        say = speaker(TEXTS, lang)
        wrong = next((key for key, is_wrong in _WRONG.items() if is_wrong(value)), None)
        if wrong is not None:
            raise ApiError("invalid", field="value", what=say(wrong))
        self._change(name, value)

    def remove(self, name: str) -> bool:
        """Takes a key out; False when there is none of that name."""
        if name not in self.values():
            return False
        self._change(name, None)
        return True

    def _change(self, name: str, value: str | None) -> None:
        with self._lock:
            try:
                text = self._text(strict=True) or ""
                made = _changed(text, name, value, self.path.parent)
                wanted = {key: each for key, each in _values(text).items() if key != name}
                wanted |= {} if value is None else {name: value}
                if _values(made) != wanted:
                    raise ApiError("not_kept", what=self.path.name)
                write_atomically(self.path, made.encode(), private=not self.exists)
            except UnicodeDecodeError:
                raise ApiError("read_only", what=self.path.name) from None
            except OSError as error:
                raise ApiError("unwritable", what=self.path, reason=error) from error

    def _text(self, *, strict: bool = False) -> str | None:
        try:
            return self.path.read_bytes().decode("utf-8-sig")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            if strict:
                raise
            return None


def _values(text: str) -> dict[str, str]:
    found = dotenv.dotenv_values(stream=io.StringIO(text), interpolate=False)
    return {name: value for name, value in found.items() if value is not None}


def _is_plain(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return value.isprintable()


_WRONG: Mapping[str, Callable[[str], bool]] = {
    "empty": lambda value: not value.strip(),
    "control": lambda value: not _is_plain(value),
    "masked": lambda value: bool(_MASKED.fullmatch(value)),
}
"""What a value must not be, by its text."""


def _changed(text: str, name: str, value: str | None, folder: Path) -> str:
    """The text with a variable set, or without it; `folder` is one in which keys may lie."""
    exported = any(
        each.key == name and each.original.string.lstrip().startswith("export ")
        for each in parse_stream(io.StringIO(text))
    )
    with tempfile.TemporaryDirectory(prefix=".env.", dir=folder) as own:
        path = Path(own, "env")
        path.write_text(text, encoding="utf-8", newline="")
        if value is None:
            dotenv.unset_key(path, name)
        else:
            dotenv.set_key(path, name, value, export=exported)
        return path.read_bytes().decode()
