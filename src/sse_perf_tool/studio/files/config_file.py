"""`config.yaml`: read, changed under its ETag, written whole, with the text of before kept."""

from __future__ import annotations

import difflib
import hashlib
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...bench.config import TEXTS as CONFIG_TEXTS
from ...bench.config import BenchConfig, config_of
from ...errors import UsageError
from ...masking import Masker, header_secrets, mask_text, url_secrets
from ...records.atomic_write import write_atomically
from ...texts import Texts, printable, speaker
from ..contract.config import Changed, Problem
from ..errors import ApiError
from .backups import Backups
from .yaml_text import BadYamlError, Change, NotKeptError, document_of, edited, plain_data

TEXTS: Texts = {
    "unreadable": ("cannot be read: {reason}", "无法读取：{reason}"),
    "encoding": ("is not UTF-8", "不是 UTF-8"),
    "too_large": ("is larger than {most} bytes", "超过 {most} 字节"),
}

NO_FILE = '"none"'
"""The ETag of a file that is not there."""

LARGEST = 2_000_000

WHOLE_PLACE = re.compile(r"^((?:providers|defaults)[^\s:]*)")


@dataclass(frozen=True, slots=True)
class ConfigText:
    """The file as it was read."""

    data: bytes | None
    config: BenchConfig = field(default_factory=lambda: BenchConfig(()))
    lines: dict[str, int] | None = None
    """Provider -> its line."""
    problem: Problem | None = None

    @property
    def etag(self) -> str:
        """Another one for each text."""
        return NO_FILE if self.data is None else f'"{hashlib.sha256(self.data).hexdigest()}"'

    @property
    def text(self) -> str:
        """The text; "" without a file."""
        return (self.data or b"").decode("utf-8", "replace")

    @property
    def masker(self) -> Masker:
        """Knows the secrets that stand in it."""
        secrets = []
        for provider in self.config.providers:
            secrets += [provider.secret] if provider.secret else []
            secrets += url_secrets(provider.api_base or "")
            for name, value in provider.headers.items():
                secrets += header_secrets(name, value)
        return Masker(secrets)


class ConfigFile:
    """The config of a folder.  Changes are made one after another."""

    def __init__(self, path: Path, backups: Backups) -> None:
        self.path, self.backups = path, backups
        self._lock = threading.Lock()

    def read(self, lang: str) -> ConfigText:
        """What it holds now; where it cannot be read, the problem says line and column."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return ConfigText(None)
        except OSError as error:
            said = speaker(TEXTS, lang)("unreadable", reason=error)
            return ConfigText(b"", problem=Problem(line=1, column=1, message=said, text=""))
        return self.text_of(data, lang)

    def text_of(self, data: bytes, lang: str) -> ConfigText:
        """The same for any bytes that the file might hold."""
        if len(data) > LARGEST:
            said = speaker(TEXTS, lang)("too_large", most=LARGEST)
            return ConfigText(data, problem=Problem(line=1, column=1, message=said, text=""))
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            said = speaker(TEXTS, lang)("encoding")
            return ConfigText(data, problem=Problem(line=line, column=1, message=said, text=""))
        try:
            plain = plain_data(text)
            document = document_of(text)
        except BadYamlError as error:
            return ConfigText(data, problem=_problem(text, error.line, error.column, error.reason))
        if plain is None or (isinstance(plain, dict) and plain.get("providers") is None):
            plain = {**(plain or {}), "providers": {}}
        try:
            config = config_of(plain, speaker(CONFIG_TEXTS, lang))
        except UsageError as error:
            line, column = _place_of(document, str(error))
            return ConfigText(data, problem=_problem(text, line, column, str(error)))
        return ConfigText(data, config, _lines(document))

    def change(self, change: Change, if_match: str | None, lang: str, *, preview: bool) -> Changed:
        """Makes a change of the text that `if_match` names; with `preview` says only what it would do."""
        with self._lock:
            now = self._matching(if_match, lang)
            if now.problem is not None:
                raise ApiError("read_only", what=self.path.name)
            try:
                made = edited(now.text, change)
            except NotKeptError:
                raise ApiError("not_kept", what=self.path.name) from None
            return self._put(now, made.text, made.lost, lang, preview=preview)

    def restore(self, name: str, if_match: str | None, lang: str, *, preview: bool) -> Changed:
        """Puts a text of before in the place of the file, even of one that cannot be read."""
        with self._lock:
            now = self._matching(if_match, lang)
            data = self.backups.read(name)
            if data is None:
                raise ApiError("not_found", what=name)
            return self._put(now, data.decode("utf-8", "replace"), (), lang, preview=preview)

    def difference(self, name: str, lang: str) -> str:
        """What has changed since a text of before."""
        data = self.backups.read(name)
        if data is None:
            raise ApiError("not_found", what=name)
        return _difference(self.text_of(data, lang), self.read(lang), name, self.path.name)

    def _matching(self, if_match: str | None, lang: str) -> ConfigText:
        if if_match is None:
            raise ApiError("needs_if_match")
        now = self.read(lang)
        if if_match.removeprefix("W/") != now.etag:
            raise ApiError("changed")
        return now

    def _put(self, now: ConfigText, text: str, lost: tuple[str, ...], lang: str, *, preview: bool) -> Changed:
        try:
            data = text.encode()
        except UnicodeEncodeError:
            raise ApiError("not_kept", what=self.path.name) from None
        made = self.text_of(data, lang)
        if made.problem is not None:
            raise ApiError("invalid", what=made.problem.message)
        if not preview and made.etag != now.etag:
            try:
                if now.data is not None:
                    self.backups.keep(now.data)
                write_atomically(self.path, data, private=now.data is None)
            except OSError as error:
                raise ApiError("unwritable", what=error.filename or self.path, reason=error) from error
        mask = now.masker
        return Changed(
            etag=made.etag,
            diff=_difference(now, made, self.path.name, self.path.name),
            lost=[mask(mask_text(line)) for line in lost],
            preview=preview,
        )


def _difference(older: ConfigText, newer: ConfigText, name: str, new_name: str) -> str:
    """Both as a unified difference, without the secrets of either."""
    old, new = (each.text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n") for each in (older, newer))
    lines = difflib.unified_diff(old, new, name, new_name, lineterm="")
    return "\n".join(line if line.startswith("@@") else older.masker(newer.masker(_shown(line))) for line in lines)


def _shown(line: str) -> str:
    """A line as the page may show it, its columns kept."""
    return "".join(sign if sign.isprintable() else "�" for sign in mask_text(line))[:2000]


def _problem(text: str, line: int, column: int, reason: str) -> Problem:
    lines = text.split("\n")
    shown = lines[line - 1] if 0 < line <= len(lines) else ""
    return Problem(
        line=line, column=column, message=printable(mask_text(reason), 600), text=printable(mask_text(shown), 300)
    )


def _lines(document: Any) -> dict[str, int]:
    providers = document.get("providers") if isinstance(document, dict) else None
    if not isinstance(providers, dict) or not hasattr(providers, "lc"):
        return {}
    positions = getattr(providers.lc, "data", None) or {}
    # What comes from an anchor has no line of its own.
    return {str(key): positions[key][0] + 1 for key in providers if key in positions}


def _place_of(document: Any, message: str) -> tuple[int, int]:
    """Line and column of the place that an error names at its begin, `providers.local.models[0].id`; else 1, 1."""
    named = WHOLE_PLACE.match(message)
    line, column, node = 0, 0, document
    for step in re.findall(r"[^.\[\]]+", named[1].removesuffix(".")) if named else ():
        at = int(step) if isinstance(node, list) and step.isdecimal() else step
        positions = getattr(getattr(node, "lc", None), "data", None) or {}
        if at not in positions:
            break
        line, column, node = positions[at][0], positions[at][1], node[at]
    return line + 1, column + 1
