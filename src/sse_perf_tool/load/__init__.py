"""A whole load test, from the first thread to the result.

* `run.py`: `LoadRun`, one run in this process or in several.
* `parts.py`: adds up what the parts of a run report.
* `program.py`: starts a process of the tool that runs beside the load.
* `processes.py`: divides the threads of a run over processes.
* `abort.py`: rules that end a run early.
* `capacity_run.py`: a search for capacity, one `LoadRun` per step.
"""
