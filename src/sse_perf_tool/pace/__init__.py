"""Pacing: when each request is sent.

* `schedule.py`: the number of threads and the arrival times of requests, as pure functions of the settings.
* `tickets.py`: closed loop, open loop and batches: a thread takes a ticket before each request.
* `replay.py`: the times and queries of a recorded trace.
"""
