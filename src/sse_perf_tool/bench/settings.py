"""How a benchmark is made, whatever it measures."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..masking import Masker
from ..providers import Query
from ..records import RunConfig


@dataclass(frozen=True, slots=True)
class Settings:
    """How a benchmark is made, whatever it measures."""

    runs: int = 3
    """Requests of each thread to each cell, besides a cold one."""
    threads: int = 1
    order: str = "lanes"
    queries: tuple[Query, ...] = (Query("hi"),)
    seed: int = 1
    timeout_s: float = 60.0
    retries: int = 0
    slo: tuple[str, ...] = ()
    lang: str = "en"
    config: RunConfig = field(default_factory=RunConfig)
    """What all cells have in common for their outputs: command, version, machine."""
    masker: Masker = field(default_factory=lambda: Masker(()))
    """Knows every secret of the benchmark."""
