"""Two languages, text that is safe and straight on a terminal, and JSON that is not too deep to be walked.

Each module that speaks keeps a table {key: (English, Chinese)} beside the code that uses it and asks `speaker` for a
function that says a key in one language.
"""

from __future__ import annotations

import errno
import json
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

LANGUAGES = ("en", "zh")

Texts = Mapping[str, tuple[str, str]]
Say = Callable[..., str]


_CHINESE_REASONS = {
    "EPERM": "不允许此操作",
    "ENOENT": "没有这个文件或目录",
    "EIO": "输入/输出错误",
    "EACCES": "没有权限",
    "EBUSY": "资源正被占用",
    "EEXIST": "文件已存在",
    "ENOTDIR": "不是目录",
    "EISDIR": "是一个目录",
    "EINVAL": "参数无效",
    "ENFILE": "系统打开的文件过多",
    "EMFILE": "打开的文件过多",
    "ETXTBSY": "文件正在执行",
    "EFBIG": "文件过大",
    "ENOSPC": "设备上没有剩余空间",
    "EROFS": "文件系统只读",
    "EPIPE": "管道已断开",
    "ENAMETOOLONG": "文件名过长",
    "ELOOP": "符号链接层数过多",
    "EDQUOT": "超出磁盘配额",
    "EADDRINUSE": "地址已被占用",
    "EADDRNOTAVAIL": "无法使用该地址",
}
REASONS: Texts = {
    name: (os.strerror(getattr(errno, name)), chinese)
    for name, chinese in _CHINESE_REASONS.items()
    if hasattr(errno, name)
}
"""What the system says when it refuses a file or an address, as far as there are words for it in Chinese."""
_CHINESE_OF = dict(REASONS.values())


def reason_of(error: OSError, language: str) -> str:
    """Why the system refused something; in its own words, which are English, where there are no others."""
    said = error.strerror or str(error)
    return said if language == LANGUAGES[0] else _CHINESE_OF.get(said, said)


_UNWRITTEN = ("{path}: cannot be written: {reason}", "{path}：无法写入：{reason}")


def unwritten(path: object, error: OSError, language: str) -> str:
    """That a file could not be written, and why."""
    said = _UNWRITTEN[LANGUAGES.index(language)]
    return said.format(path=printable(str(path)), reason=reason_of(error, language))


def default_language(environ: Mapping[str, str]) -> str:
    """The language of the locale, "zh" or "en".  POSIX: LC_ALL decides, then LC_MESSAGES, then LANG."""
    locale = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return "zh" if locale.lower().startswith("zh") else "en"


def together(*tables: Texts) -> Texts:
    """All of the tables as one; ValueError for a key that two of them have, of which one could never be said."""
    found: dict[str, tuple[str, str]] = {}
    for table in tables:
        if twice := found.keys() & table.keys():
            raise ValueError(f"texts with the same key: {', '.join(sorted(twice))}")
        found.update(table)
    return found


def speaker(table: Texts, language: str) -> Say:
    """A function `say(key, **values)` over `table`; KeyError for a key that is not in it.

    An `OSError` among the values is said by its reason.
    """
    column = LANGUAGES.index(language)

    def say(key: str, **values: object) -> str:
        text = table[key][column]
        said = {
            name: reason_of(value, language) if isinstance(value, OSError) else value for name, value in values.items()
        }
        return text.format(**said) if said else text

    return say


def in_both_languages(said: str, tables: Iterable[Texts]) -> tuple[str, str]:
    """What was said in one language over one of `tables`, in (English, Chinese); itself twice when no text fits.

    A value in it may be such a text, too.  Of several texts that fit, that with most letters of its own counts; one
    with a value and hardly a letter would fit everything, and is not asked.
    """
    return _translated(said, [(_cut(row[0]), _cut(row[1])) for table in tables for row in table.values()], depth=4)


FEWEST_LETTERS = 4
_VALUE = re.compile(r"\{(\w+)[^{}]*\}")


class _Template(NamedTuple):
    """A text cut at its values: the letters around them, one string more than there are values, and their names."""

    letters: list[str]
    names: list[str]

    @property
    def size(self) -> int:
        return sum(map(len, self.letters))


@lru_cache(maxsize=4096)
def _cut(text: str) -> _Template:
    parts = _VALUE.split(text)
    return _Template(parts[0::2], parts[1::2])


def _translated(said: str, rows: Sequence[tuple[_Template, _Template]], depth: int) -> tuple[str, str]:
    best, found = 0, None
    for row in rows if depth else ():
        for template in row:
            enough = template.size >= FEWEST_LETTERS or not template.names
            if enough and template.size > best and (values := _values_in(said, template)) is not None:
                best, found = template.size, (row, values)
    if found is None:
        return said, said
    (english, chinese), values = found
    both = {name: _translated(value, rows, depth - 1) for name, value in values.items()}
    return (
        _filled(english, {name: pair[0] for name, pair in both.items()}),
        _filled(chinese, {name: pair[1] for name, pair in both.items()}),
    )


def _values_in(said: str, template: _Template) -> dict[str, str] | None:
    """The values between the letters; None when the text has others.  It is walked once, as it may be a server's."""
    (first, *between), names = template
    if not names:
        return {} if said == first else None
    if not said.startswith(first) or not said.endswith(between[-1]):
        return None
    at, values = len(first), dict[str, str]()
    for name, after in zip(names[:-1], between, strict=False):
        if (found := said.find(after, at)) < 0:
            return None
        values[name], at = said[at:found], found + len(after)
    end = len(said) - len(between[-1])
    if end < at:
        return None
    values[names[-1]] = said[at:end]
    return values


def _filled(template: _Template, values: Mapping[str, str]) -> str:
    letters, names = template
    return letters[0] + "".join(values[name] + after for name, after in zip(names, letters[1:], strict=True))


def can_show(text: str, stream: object) -> bool:
    """Whether the encoding of a stream has all characters of a text; one without an encoding takes everything."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def display_width(text: str) -> int:
    """Columns that `text` takes on a terminal: East Asian wide characters take two, combining ones none."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character) or character in "\u200b\u200d\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pad(text: str, width: int, align: str = "<") -> str:
    """`text` filled with spaces to `width` columns; `align` is "<" (left) or ">" (right).  Longer text stays whole."""
    spaces = " " * max(0, width - display_width(text))
    return spaces + text if align == ">" else text + spaces


def clip(text: str, width: int) -> str:
    """`text` cut to `width` columns, the last of them an ellipsis when something was cut."""
    if display_width(text) <= width:
        return text
    kept, used = [], 1
    for character in text:
        used += display_width(character)
        if used > width:
            break
        kept.append(character)
    return "".join(kept) + "…"


def clip_middle(text: str, width: int) -> str:
    """`text` cut to `width` columns (2 at least) in its middle: names of files tell most at their end."""
    if display_width(text) <= width:
        return text
    end = clip(text[::-1], width - (width - 1) // 2)[::-1]
    return clip(text, width - display_width(end) + 1).removesuffix("…") + end


def printable(text: str, limit: int = 500) -> str:
    """Foreign text made safe for one line of a terminal: no control, format or surrogate character, `limit` at most.

    White space of any kind becomes one space; other characters of the Unicode categories C* (terminal escapes, text
    direction overrides) become U+FFFD, but for the joiner that makes one emoji of several.
    """
    head = " ".join(text[: limit * 4].split())
    if not head.isascii() or not head.isprintable():
        head = "".join("\ufffd" if unicodedata.category(c)[0] == "C" and c != "\u200d" else c for c in head)
    return head if len(head) <= limit else head[: limit - 1] + "…"


MAX_DEPTH = 100
"""Arrays and objects in each other that JSON may have: more than any service or setting has, and safe to walk.

A bound of our own, as that of `json` differs between versions of Python."""


def is_too_deep(value: object) -> bool:
    """Whether arrays and objects stand in each other more than `MAX_DEPTH` times; without recursion."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            child
            for each in level
            if isinstance(each, dict | list)
            for child in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True


def loads_bounded(text: str, parse_constant: Callable[[str], Any] | None = None) -> Any:
    """The JSON value in `text`; ValueError also for one that is nested too deep."""
    try:
        value = json.loads(text, parse_constant=parse_constant)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if is_too_deep(value):
        raise ValueError("nested too deep")
    return value


def clock_time(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
