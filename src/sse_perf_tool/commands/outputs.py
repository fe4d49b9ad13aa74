"""The files that a command writes at its end, and what is said of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ..arguments import Arguments
from ..arguments.output_paths import unused
from ..console import Console
from ..exporters import EXPORTERS
from ..records import RunResult
from ..report_generator import generate_html_report
from ..texts import LANGUAGES
from .environment import Environment, unwritten_is_said

Output = tuple[str, Path, Callable[[Path], Sequence[str]]]
"""What the console calls a file, where it goes, and what writes it and gives notes for the console."""


def write_result(arguments: Arguments, result: RunResult, console: Console, environment: Environment) -> bool:
    """Writes everything that was asked for about one run; True when all of it could be."""

    def content(name: str) -> bytes:
        return EXPORTERS[name].text_of(result).encode("utf-8", "replace")

    outputs = page_of(arguments, console, partial(generate_html_report, result))
    outputs += exports_of(arguments, content)
    return write_outputs(outputs, arguments.records_file, console, environment)


def page_of(arguments: Arguments, console: Console, generate: Callable[..., Sequence[str]]) -> list[Output]:
    """The HTML page that `generate` makes, if one is wanted.

    Where it goes is decided now: two runs that began in the same second have the same default.
    """
    path = arguments.html_report
    if path is None:
        return []
    page = partial(generate, brand=arguments.brand, title=arguments.report_title, lang=arguments.lang)
    return [(console.say("report"), path if arguments.report_named else unused(path), page)]


def exports_of(arguments: Arguments, content_of: Callable[[str], bytes]) -> list[Output]:
    """The other files that are wanted; `content_of` makes one by its name in `EXPORTERS`."""
    language = LANGUAGES.index(arguments.lang)
    return [
        file_of(EXPORTERS[name].label[language], path, partial(content_of, name))
        for name, path in arguments.exports.items()
    ]


def file_of(label: str, path: Path, content: Callable[[], bytes]) -> Output:
    """A file of which there is nothing to note."""

    def write(to: Path) -> Sequence[str]:
        to.write_bytes(content())
        return ()

    return label, path, write


def json_bytes(document: Mapping[str, Any]) -> bytes:
    """As indented JSON with a final line end."""
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def write_outputs(
    outputs: Sequence[Output],
    kept: Path | None,
    console: Console,
    environment: Environment,
    kept_label: str = "records",
) -> bool:
    """Writes the files and names them; one that cannot be written is said and costs only itself.  True: all were.

    `kept` is the file that was written all along; the text `kept_label` of the console says what it is.
    """
    written: list[tuple[str, str]] = []
    for label, path, write in outputs:
        with unwritten_is_said(path, environment):
            for note in write(path):
                console.line(note)
            written.append((label, str(path)))
    whole = len(written) == len(outputs)
    if kept is not None:
        written.append((console.say(kept_label), str(kept)))
    console.written(written)
    return whole
