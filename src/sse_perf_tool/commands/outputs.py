"""Writes the output files of a command and prints their names."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ..arguments import Arguments
from ..arguments.output_paths import STANDARD_OUTPUT, unused
from ..console import Console
from ..exporters import EXPORTERS
from ..flags import PROGRAM
from ..records import RunResult
from ..records.atomic_write import write_atomically
from ..records.writer import LineWriter
from ..report_generator import generate_html_report
from ..texts import LANGUAGES, unwritten
from .environment import Environment, unwritten_is_said
from .messages import in_both

Output = tuple[str, Path, Callable[[Path], Sequence[str]]]
"""The name of an output for the console, its path, and the function that writes it and returns notes."""


def write_result(
    arguments: Arguments,
    result: RunResult,
    console: Console,
    environment: Environment,
    records: LineWriter | None = None,
    page: Callable[..., Sequence[str]] = generate_html_report,
) -> bool:
    """Writes all outputs of one run; True when all of them could be written.

    `records` is written already; `page` makes the HTML page of a result.
    """

    def content(name: str) -> bytes:
        return EXPORTERS[name].text_of(result).encode("utf-8", "replace")

    outputs = page_of(arguments, console, partial(page, result, translated=in_both))
    outputs += exports_of(arguments, content, environment)
    return write_outputs(outputs, records, console, environment)


def page_of(arguments: Arguments, console: Console, generate: Callable[..., Sequence[str]]) -> list[Output]:
    """The HTML page that `generate` makes, if there is to be one.

    Its path is decided now: two runs that began in the same second have the same default.
    """
    path = arguments.html_report
    if path is None:
        return []
    page = partial(generate, brand=arguments.brand, title=arguments.report_title, lang=arguments.lang)
    if arguments.report_named:
        return [(console.say("report"), path, page)]

    def write(to: Path) -> Sequence[str]:
        try:
            return page(to)
        except OSError:
            with contextlib.suppress(OSError):
                to.unlink()  # what `unused` made is empty still
            raise

    return [(console.say("report"), unused(path), write)]


def exports_of(arguments: Arguments, content_of: Callable[[str], bytes], environment: Environment) -> list[Output]:
    """The other output files; `content_of` makes one by its name in `EXPORTERS`."""
    language = LANGUAGES.index(arguments.lang)
    return [
        file_of(
            EXPORTERS[name].label[language],
            path,
            partial(content_of, name),
            environment,
            private=EXPORTERS[name].private,
        )
        for name, path in arguments.exports.items()
    ]


def file_of(label: str, path: Path, content: Callable[[], bytes], environment: Environment, *, private: bool) -> Output:
    """An output file without notes; `private`: it contains queries."""

    def write(to: Path) -> Sequence[str]:
        if to is STANDARD_OUTPUT:
            printed(content(), environment)
        else:
            write_atomically(to, content(), private=private)
        return ()

    return label, path, write


def printed(content: bytes, environment: Environment) -> None:
    """Writes an output named `-`, as UTF-8 whatever the console takes."""
    stream = environment.document or environment.stdout
    stream.flush()
    if isinstance(stream, io.TextIOWrapper):
        stream.buffer.write(content)
    else:
        stream.write(content.decode())
    stream.flush()


def json_bytes(document: Mapping[str, Any]) -> bytes:
    """As indented JSON with a final line end."""
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def write_outputs(
    outputs: Sequence[Output],
    kept: LineWriter | None,
    console: Console,
    environment: Environment,
    kept_label: str = "records",
) -> bool:
    """Writes the files and prints their names; an error in one is reported and does not affect the others.

    True when all were written.  `kept` was written during the run and is closed, `kept_label` is the key of its name.
    """
    written: list[tuple[str, str]] = []
    for label, path, write in outputs:
        with unwritten_is_said(path, environment, console.writer.lang):
            console.working("writing", path=path.name)
            for note in write(path):
                console.line(note)
            written.append((label, str(path)))
    whole = len(written) == len(outputs)
    if kept is not None:
        label = console.say(kept_label)
        written.append((label if kept.error is None else console.say("not_whole", label=label), str(kept.path)))
        if kept.error is not None:
            said = unwritten(kept.path, kept.error, console.writer.lang)
            print(f"{PROGRAM}: {said}", file=environment.stderr)
    console.written(written)
    return whole
