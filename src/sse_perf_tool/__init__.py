"""Load tester for streaming (Server-Sent Events) AI services.

The names in `__init__.pyi` are for others to build on, see docs/python.md; everything else is private.  A module is
imported when one of its names is first used, so that the command line starts at once.
"""

__version__ = "0.1.0"

_HOMES = {
    "FORMATS": "formats",
    "RunConfig": "records",
    "RunResult": "records",
    "UsageError": "errors",
    "generate_html_report": "api",
    "read_records": "records.reader",
    "read_run": "api",
    "run_load": "api",
    "summary_document": "exporters.json_summary",
}
"""Public name -> the module that has it."""

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # not before: whoever imports the package pays for nothing

    value = globals()[name] = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
