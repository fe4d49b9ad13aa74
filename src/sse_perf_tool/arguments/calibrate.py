"""The arguments of the calibrate command."""

from __future__ import annotations

from collections.abc import Mapping

from .. import __version__
from ..flags import CALIBRATE_FLAGS
from ..masking import Masker
from ..records import RunConfig
from .config import machine, processes, shown_command
from .files import drop_files_of_runs, inputs, outputs
from .flag_values import FlagValues
from .output_paths import Now
from .parsed import Arguments


def calibrate_arguments(flags: FlagValues, environ: Mapping[str, str], now: Now) -> Arguments:
    """The load to calibrate, and the file to write."""
    flags.refuse_rest()
    drop_files_of_runs(flags, CALIBRATE_FLAGS)
    return Arguments(
        "calibrate",
        flags.language,
        config=RunConfig(
            threads=flags["threads"],
            processes=processes(flags),
            calibrate_itl_ms=flags["itl_ms"],
            lang=flags.language,
            command=shown_command(["calibrate", *flags.argv], Masker(())),
            version=__version__,
            **machine(),
        ),
        processes=flags.given.get("processes"),
        quick=flags["quick"] is True,
        **outputs(flags, environ, now, inputs(flags), default_report=False),
    )
