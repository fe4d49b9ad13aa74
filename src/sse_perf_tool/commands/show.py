"""Prints the text of --help, --version or --print-config."""

from __future__ import annotations

from ..arguments import Arguments
from .environment import OK, Environment


def main(arguments: Arguments, environment: Environment) -> int:
    """Writes `arguments.text`."""
    environment.stdout.write(arguments.text)
    return OK
