"""Texts that were asked for: --help, --version, --print-config."""

from __future__ import annotations

from ..arguments import Arguments
from .environment import OK, World


def main(arguments: Arguments, world: World) -> int:
    """Writes `arguments.text`."""
    world.stdout.write(arguments.text)
    return OK
