"""The outputs, a row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..records import RunResult
    from ..report_parts.figures import Both

# What makes the texts is imported when it is used: `--help` needs no more of an output than what is said of it.


def _json(result: RunResult) -> str:
    from .json_summary import to_json

    return to_json(result)


def _csv(result: RunResult) -> str:
    from .csv_table import to_csv

    return to_csv(result)


def _markdown(result: RunResult) -> str:
    from .markdown import to_markdown

    return to_markdown(result)


def _junit(result: RunResult) -> str:
    from .junit import to_junit

    return to_junit(result)


class Exporter(NamedTuple):
    """One output, with what the console calls its file and what `--help` says of its flag, in (English, Chinese)."""

    text_of: Callable[[RunResult], str]
    label: Both
    about: Both
    private: bool = False
    """Whether it holds queries: then its file is for its owner alone."""


EXPORTERS: Mapping[str, Exporter] = {
    "json": Exporter(
        _json,
        label=("summary as JSON", "JSON 汇总"),
        about=("write the summary as JSON", "把汇总写成 JSON"),
        private=True,
    ),
    "csv": Exporter(
        _csv,
        label=("metrics as CSV", "CSV 指标表"),
        about=("write the metrics as a CSV table", "把指标写成 CSV 表格"),
    ),
    "markdown": Exporter(
        _markdown,
        label=("Markdown", "Markdown"),
        about=("write a summary for a pull request comment", "写一份用于合并请求评论的摘要"),
    ),
    "junit": Exporter(
        _junit,
        label=("JUnit XML", "JUnit XML"),
        about=("write what failed as JUnit XML, for CI", "把失败情况写成 JUnit XML，供 CI 使用"),
    ),
}
"""Name of the output (its flag is `--NAME FILE`) -> what makes its text, which goes into the file as UTF-8."""
