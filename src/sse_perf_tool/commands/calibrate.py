"""`calibrate` and `--calibrate`: measures the error of this tool on this machine."""

from __future__ import annotations

import os

from ..arguments import Arguments
from ..calibration import words
from ..calibration.command import calibrate
from ..calibration.measure import Calibrator
from ..console import Console
from ..records import Calibration
from .environment import OK, SOME_FAILED, Environment
from .interrupts import interrupts
from .outputs import file_of, json_bytes, write_outputs
from .setup import Stopped, console_of


def main(arguments: Arguments, environment: Environment) -> int:
    """Measures the error at the given load and, without --quick, the highest load that this machine can measure."""
    console, calibrator = console_of(arguments, environment), _calibrator(arguments)
    with interrupts(calibrator.stop):
        document = calibrate(arguments.config, calibrator, arguments.quick, console.line)
    outputs = [
        file_of("JSON", path, lambda: json_bytes(document), environment, private=False)
        for path in arguments.exports.values()
    ]
    return OK if write_outputs(outputs, None, console, environment) else SOME_FAILED


def calibrated(arguments: Arguments, console: Console, stopped: Stopped = interrupts) -> Calibration:
    """Measures the tool's error at the load of the run, and prints it in two lines."""
    calibrator = _calibrator(arguments)
    with stopped(calibrator.stop):
        found = calibrator.measure(arguments.config.threads)
    for line in words.summary(found, arguments.lang):
        console.line(line)
    return found


def _calibrator(arguments: Arguments) -> Calibrator:
    itl_ms = arguments.config.calibrate_itl_ms or 0.0
    return Calibrator(itl_ms, arguments.processes, os.cpu_count() or 1, arguments.lang)
