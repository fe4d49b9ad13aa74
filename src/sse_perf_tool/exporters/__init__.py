"""Outputs for programs and pipelines: each a file, a function from a `RunResult` to text and a row in the table."""

from .table import EXPORTERS

__all__ = ["EXPORTERS"]
