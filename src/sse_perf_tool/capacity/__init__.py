"""The search for capacity: the highest load that still meets the goals.

* `search.py`: the rules, pure: which load to measure next, and the result of the steps so far.
* `file.py`: the steps as JSON, for `--resume` and `--json`.
"""
