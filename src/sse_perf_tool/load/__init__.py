"""A load as a whole, from the first thread to the result.

* `run.py`: `LoadRun`, one run in this process or in several.
* `processes.py`: the threads of a run divided over processes.
* `abort.py`: rules that end a run before its time.
* `capacity_run.py`: a search for capacity, a `LoadRun` a step.
"""
