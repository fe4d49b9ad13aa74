"""What the calibrate command is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from .. import __version__
from ..flags import CALIBRATE_FLAGS
from ..masking import Masker
from ..records import RunConfig
from .config import host_info, processes, shown_command
from .files import drop_files_of_runs, inputs, outputs
from .flag_values import Asked
from .parsed import Arguments


def calibrate_arguments(asked: Asked, environ: Mapping[str, str], now: Callable[[], datetime]) -> Arguments:
    """The load to calibrate, and the file to write."""
    asked.refuse_rest()
    drop_files_of_runs(asked, CALIBRATE_FLAGS)
    return Arguments(
        "calibrate",
        asked.language,
        config=RunConfig(
            threads=asked["threads"],
            processes=processes(asked),
            calibrate_itl_ms=asked["itl_ms"],
            lang=asked.language,
            command=shown_command(["calibrate", *asked.argv], Masker(())),
            version=__version__,
            host_info=host_info(),
        ),
        processes=asked.given.get("processes"),
        quick=asked["quick"] is True,
        **outputs(asked, environ, now, inputs(asked), default_report=False),
    )
