"""What is put into the server's own processes: nothing of its code changes, and nothing happens without the folder.

* `python/sitecustomize.py`: found by PYTHONPATH; event-loop delay, who blocks the loop, what tasks and threads wait
  for; memory by line in the heap pass.  Standard library alone, runs in the server's Python.
* `node/hook.cjs`: loaded by NODE_OPTIONS; the same for Node.js, and the CPU profile.
* `install.py`: the environment that brings them in, and the files by which they are told what to do.
* `reading.py`: what they wrote, as series.
"""
