"""A text of YAML and edits in it that leave every other line as its owner wrote it.

ruamel.yaml keeps comments and quotes, but writes a whole document in one style.  So the document is written twice,
before and after the edit, and only the lines that differ between the two go into the text of the owner.  What came out
is read again and must be the data that was wanted; else the document is taken as ruamel writes it, and if that is not
right either, nothing is changed.
"""

from __future__ import annotations

import difflib
import io
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarstring import LiteralScalarString, ScalarString

from ...texts import printable

BOM = "\ufeff"

Change = Callable[[Any], None]
"""Changes a document in place; raises LookupError, TypeError or ValueError where it is not built as expected."""


class NotKeptError(Exception):
    """The text is written in a way in which the edit cannot be made."""


class BadYamlError(Exception):
    """The text is not YAML: `line` and `column` from 1, and why."""

    def __init__(self, line: int, column: int, reason: str) -> None:
        super().__init__(reason)
        self.line, self.column, self.reason = line, column, reason


class Edited(NamedTuple):
    """A text with the edit in it."""

    text: str
    lost: tuple[str, ...]
    """Comments of the owner's that go with what was removed."""


def plain_data(text: str) -> Any:
    """The data of a text, as `bench` reads it.  `BadYamlError`."""
    return _loaded(YAML(typ="safe", pure=True), text)


def document_of(text: str) -> Any:
    """The data with what is needed to write it again; `lc` of its tables knows their lines.  `BadYamlError`."""
    return _loaded(_writer(text), text)


def edited(text: str, change: Change) -> Edited:
    """`text` with a change of its document.  `NotKeptError` when that cannot be done faithfully; `BadYamlError`."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    whole = text.removeprefix(BOM).replace("\r\n", "\n")
    body = whole.rstrip("\n")
    lines = body.split("\n") if body else []
    wanted, document = plain_data(body) or {}, document_of(body)
    writer = _writer(body)
    if document is None:  # comments alone, which ruamel.yaml hangs on nothing
        document, before = CommentedMap(), []
    else:
        before = _written(writer, document).split("\n")
    try:
        change(wanted)
        change(document)
        _in_their_style(document)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise NotKeptError from error
    after = _written(writer, document).split("\n")
    for candidate in (_spliced(lines, before, after), after):
        made = "\n".join(candidate)
        if _holds(made, wanted):
            lost = tuple(_comments_lost(lines, candidate))
            start = BOM if text.startswith(BOM) else ""
            end = whole[len(body) :] or ("" if body else "\n")
            return Edited(start + (made + end).replace("\n", line_end), lost)
    raise NotKeptError


def put(table: Any, name: str, value: Any) -> None:
    """Sets a value in a table, in the quotes that the old one has; None takes the name out."""
    if value is None:
        table.pop(name, None)
        return
    old = table.get(name)
    if isinstance(value, str) and isinstance(old, ScalarString) and "\n" not in value:
        value = type(old)(value)
    table[name] = value


def _writer(text: str) -> YAML:
    """Reads and writes in the indentation that the text has for the most part."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1 << 20  # no line is broken that the owner did not break
    mapping, dash, behind = _indentation(text)
    yaml.indent(mapping=mapping, sequence=dash + behind, offset=dash)
    yaml.explicit_start = text.lstrip().startswith("---")
    return yaml


def _indentation(text: str) -> tuple[int, int, int]:
    """(columns of a table in a table, those before a dash, those from the dash to what it holds)."""
    mapping, dash, behind = 2, 0, 2
    found_mapping = found_dash = False
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for upper, lower in itertools.pairwise(lines):
        if not re.match(r"\s*(- +)?[^#]*:\s*(#.*)?$", upper):
            continue
        opened = re.match(r" *(- +)?", upper)
        above, below = len(opened[0]) if opened else 0, len(lower) - len(lower.lstrip(" "))
        item = re.match(r"-( +)", lower.lstrip(" "))
        if item and not found_dash and below >= above:
            dash, behind, found_dash = below - above, 1 + len(item[1]), True
        elif not item and not found_mapping and below > above:
            mapping, found_mapping = below - above, True
    return mapping, dash, behind


def _loaded(yaml: YAML, text: str) -> Any:
    try:
        return yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        raise BadYamlError(line, column, printable(str(error.problem), 200)) from None
    except (YAMLError, RecursionError, ValueError) as error:
        raise BadYamlError(1, 1, printable(str(error).split("\n")[0], 200)) from None


def _written(yaml: YAML, document: Any) -> str:
    stream = io.StringIO()
    try:
        yaml.dump(document, stream)
    except (YAMLError, RecursionError, ValueError, TypeError, AttributeError) as error:
        raise NotKeptError from error
    return stream.getvalue().rstrip("\n")


def _holds(text: str, wanted: Any) -> bool:
    try:
        return bool(plain_data(text) == wanted)
    except BadYamlError:
        return False


def _spliced(lines: Sequence[str], before: Sequence[str], after: Sequence[str]) -> list[str]:
    """The owner's lines with what differs between the two writings."""
    place = _places(lines, before)
    made, last = [], 0
    for kind, low, high, first, end in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        made += [*lines[last : place[low]], *after[first:end], *_kept_comments(before[low:high], after[first:end])]
        last = place[high]
    return [*made, *lines[last:]]


def _places(lines: Sequence[str], before: Sequence[str]) -> list[int]:
    """Line of the document as it was written -> line of the owner's text that it comes from."""
    bare = [" ".join(line.split()) for line in lines]
    matcher = difflib.SequenceMatcher(None, [" ".join(line.split()) for line in before], bare, autojunk=False)
    places = [0] * (len(before) + 1)
    for _kind, low, high, first, end in matcher.get_opcodes():
        for number in range(low, high):
            places[number] = min(first + number - low, end)
    places[len(before)] = len(lines)
    return places


def _kept_comments(removed: Sequence[str], added: Sequence[str]) -> list[str]:
    """The lines of comments behind what is removed: they are about what comes next."""
    kept: list[str] = []
    for line in reversed(removed):
        if line.strip() and not line.lstrip().startswith("#"):
            return [] if all(each in added for each in kept) else kept[::-1]
        kept.append(line)
    return []


def _comments_lost(lines: Sequence[str], made: Sequence[str]) -> Iterator[str]:
    """The comments of the owner's that stand nowhere any more."""
    left = "\n".join(made)
    for line in lines:
        found = re.search(r"(?:^|\s)(#.*)$", line)
        if found and found[1] not in left:
            yield printable(found[1], 300)


def _in_their_style(node: Any) -> None:
    """Gives what is new in a document a style: short lists in brackets, texts of several lines as a block."""
    items = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list) else ()
    for at, value in list(items):
        new = value
        if type(value) is list:
            new = CommentedSeq(value)
            if all(isinstance(each, int) for each in value):
                new.fa.set_flow_style()
        elif type(value) is dict:
            new = CommentedMap(value)
        elif type(value) is str and "\n" in value:
            new = LiteralScalarString(value)
        if new is not value:
            node[at] = new
        _in_their_style(new)
