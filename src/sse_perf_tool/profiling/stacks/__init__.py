"""Stacks: where the server's CPU time goes, and where the memory that it keeps was taken.

* `code.py`: whose code a place is: the server's own, or that of a package, the standard library, the interpreter.
* `samples.py`: stacks over time, what is hottest in a span, and the columns from which the page draws any span.
* `pyspy.py`: runs py-spy beside a Python server, and reads what it wrote.
* `node.py`: reads the CPU and heap profiles that the hook of Node.js wrote.
* `heap.py`: reads what memray wrote: memory that was taken during the load and kept, by line.
"""
