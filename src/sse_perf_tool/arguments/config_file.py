"""Reads a file of settings (TOML, YAML or JSON) as plain data; `sources` maps its names to flags.

The files of `--json` and `--records` have the flags of their run, so they can be used as well.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..masking import mask_text
from ..providers import parse_json, read_text
from ..records import RECORDS_SCHEMA, SUMMARY_SCHEMA
from ..texts import Say, speaker

TEXTS = {
    "suffix": (
        "unknown file type; use a name that ends in .toml, .yaml, .yml, .json or .jsonl",
        "文件类型由扩展名决定，请命名为 .toml、.yaml、.yml、.json 或 .jsonl",
    ),
    "syntax": ("is not valid {kind} ({reason}); correct it there", "不是有效的 {kind}（{reason}），请改正该处"),
    "at": ("line {line}, column {column}: {problem}", "第 {line} 行第 {column} 列：{problem}"),
    "at_end": ("at the end: {problem}", "文件末尾：{problem}"),
    "missing_package": (
        "{kind} needs the package {package}; install it (pip install {package}) or write the file as {instead}",
        "读取 {kind} 需要 {package}，请安装（pip install {package}）或改写为 {instead}",
    ),
    "no_table": (
        "has no named settings; write lines such as {example}",
        "其中没有按名称给出的设置，请写成 {example} 这样的行",
    ),
    "no_flags": (
        "was written by an older version, without the flags of its run; run its config.command again",
        "由旧版本写成，其中没有该次运行的参数，请重新运行其中的 config.command",
    ),
    "twice_in": ("{name} is given twice; keep one", "{name} 重复给出，请只留一个"),
    "nested": ("is nested too deep; give names with values", "嵌套过深，请只写名称和值"),
}

_DEPTH = 6
"""The deepest nesting that is read: no setting is that deep, but a YAML alias may contain itself."""

Parser = Callable[[str, Say], Any]


def load_settings(path: str, language: str = "en") -> Mapping[str, Any]:
    """The settings in a file by their names as written; values are those of JSON, but numbers in YAML stay texts.

    UsageError that begins with the path: no such file, not of the type that its name says, a name given twice.
    """
    say = speaker(TEXTS, language)
    ending = Path(path).suffix.lower()
    if ending and ending not in _PARSERS:
        raise UsageError(f"{path}: {say('suffix')}")
    text = read_text(path, language, first_line=ending == ".jsonl")
    parser, example = _PARSERS[ending or (".json" if text.lstrip().startswith("{") else ".toml")]
    try:
        return _settings_in(parser(text, say), example, say)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def _settings_in(found: Any, example: str, say: Say) -> Mapping[str, Any]:
    """The settings themselves, or those of the run whose summary or records header was `found`."""
    if not isinstance(found, dict):
        raise UsageError(say("no_table", example=example))
    if found.get("schema") not in (SUMMARY_SCHEMA, RECORDS_SCHEMA):
        return found
    config = found.get("config")
    flags = config.get("flags") if isinstance(config, dict) else None
    if not isinstance(flags, dict):
        raise UsageError(say("no_flags"))
    return flags


def _toml(text: str, say: Say) -> Any:
    name = "tomllib" if sys.version_info >= (3, 11) else "tomli"
    try:
        parser = importlib.import_module(name)
    except ModuleNotFoundError:
        raise UsageError(say("missing_package", kind="TOML", package=name, instead="JSON")) from None
    try:
        return parser.loads(text)
    except (ValueError, RecursionError) as error:
        named = re.sub(r"""'[^']{2,}'|"[^"]{2,}\"""", "'…'", str(error))  # what it quotes may be a secret
        raise UsageError(say("syntax", kind="TOML", reason=_placed(named, say))) from None


def _placed(said: str, say: Say) -> str:
    """What the reader of TOML says, with the place in front."""
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", said, re.DOTALL)
    if found is None:
        return said
    problem, line, column = found.groups()
    return say("at_end", problem=problem) if line is None else say("at", line=line, column=column, problem=problem)


def _json(text: str, say: Say) -> Any:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        _refuse_doubles((name for name, _ in found), say)
        return dict(found)

    try:
        parse_json(text)  # for its errors
        return json.loads(text, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        place = say("at", line=error.lineno, column=error.colno, problem=error.msg)
        raise UsageError(say("syntax", kind="JSON", reason=place)) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(say("syntax", kind="JSON", reason=error)) from None


def _yaml(text: str, say: Say) -> Any:
    """YAML 1.2 read by its nodes: values as written in the file, null, true and false apart.

    As numbers `1:30` and `010` would lose what was meant.  No object is constructed, so no code can be run.
    """
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError
        from ruamel.yaml.nodes import MappingNode, SequenceNode
    except ModuleNotFoundError:
        raise UsageError(say("missing_package", kind="YAML", package="ruamel.yaml", instead="TOML, JSON")) from None
    scalars: dict[str, Any] = {
        "tag:yaml.org,2002:null": lambda _: None,
        "tag:yaml.org,2002:bool": lambda word: word.lower() == "true",
    }

    def plain(node: Any, depth: int = 0) -> Any:
        if depth > _DEPTH:
            raise UsageError(say("nested"))
        if isinstance(node, MappingNode):
            named = [(str(name.value), value) for name, value in node.value]
            _refuse_doubles((name for name, _ in named), say)
            return {name: plain(value, depth + 1) for name, value in named}
        if isinstance(node, SequenceNode):
            return [plain(value, depth + 1) for value in node.value]
        return None if node is None else scalars.get(str(node.tag), str)(node.value)

    try:
        return plain(YAML(typ="safe", pure=True).compose(text))
    except MarkedYAMLError as error:
        at, problem = error.problem_mark, error.problem
        place = say("at", line=at.line + 1, column=at.column + 1, problem=problem) if at else problem
        raise UsageError(say("syntax", kind="YAML", reason=place)) from None
    except (YAMLError, RecursionError, ValueError) as error:
        raise UsageError(say("syntax", kind="YAML", reason=error)) from None


def _refuse_doubles(names: Iterable[str], say: Say) -> None:
    double = next((name for name, count in Counter(names).items() if count > 1), None)
    if double is not None:
        raise UsageError(say("twice_in", name=mask_text(double)))


_PARSERS: Mapping[str, tuple[Parser, str]] = {
    ".toml": (_toml, "threads = 5"),
    ".yaml": (_yaml, "threads: 5"),
    ".yml": (_yaml, "threads: 5"),
    ".json": (_json, '{"threads": 5}'),
    ".jsonl": (_json, '{"threads": 5}'),
}
"""File name extension -> its reader, and an example of a setting; of `.jsonl` the first line is read."""
