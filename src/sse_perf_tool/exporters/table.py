"""The table of outputs, one row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..records import RunResult
    from ..report_parts.figures import Both

# The functions import their modules when they are called: `--help` needs only the labels.


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
    """One output, with the label of its file on the console and the help of its flag, in (English, Chinese)."""

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
        about=("write a Markdown summary for a pull request comment", "写一份用于合并请求评论的 Markdown 摘要"),
    ),
    "junit": Exporter(
        _junit,
        label=("JUnit XML", "JUnit XML"),
        about=(
            "write missed goals and failed requests as JUnit XML for CI",
            "把未达到的目标和失败的请求写成 JUnit XML，供 CI 使用",
        ),
    ),
}
"""Name of the output (its flag is `--NAME FILE`) -> function that makes its text; the file is written as UTF-8."""
