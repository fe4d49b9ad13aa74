"""Outputs for programs and pipelines: each is one function from a `RunResult` to text and one row in `EXPORTERS`."""

from .csv_table import to_csv
from .json_summary import summary_document, to_json
from .junit import junit_of, to_junit
from .markdown import to_markdown
from .table import EXPORTERS

__all__ = ["EXPORTERS", "junit_of", "summary_document", "to_csv", "to_json", "to_junit", "to_markdown"]
