"""The server under the profiler: its life, and its processes looked at from outside.

* `process.py`: starts a command, waits until it is ready, stops it step by step.
* `sampler.py`: a program of its own that reads CPU, memory, threads and more of the server's processes, by psutil.
* `listener.py`: which process listens on a port.
* `watch.py`: runs that program beside the load and makes series of what it wrote.
"""
