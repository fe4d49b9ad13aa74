"""Calibration: measures the tool's own error with a run against a server that records what it sent and when.

* `server.py`: the paced server, a separate process that uses only the standard library.
* `measure.py`: runs one load against it, with the same `LoadRun` as any run, and returns a `Calibration`.
* `ladder.py`: finds the highest load at which the error stays within a limit; pure.
* `words.py`: the results in words.
* `command.py`: `calibrate`.
"""
