"""The search for the highest load that still meets the goals: which load comes next, and the file it can go on from.

* `search.py`: the rules, pure: what to measure next, and what the steps so far say.
* `file.py`: the steps as JSON, for `--resume` and `--json`.
"""
