"""The tool measures itself: a run against a server that knows what it sent and when, and how far off the run was.

* `server.py`: the paced server, a process of its own, standard library alone.
"""
