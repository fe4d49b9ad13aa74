"""The outputs for programs and pipelines: one file each, with a function from a `RunResult` to text."""

from .table import EXPORTERS

__all__ = ["EXPORTERS"]
