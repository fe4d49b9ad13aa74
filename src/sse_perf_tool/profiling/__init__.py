"""What the server says of itself and what is seen inside it while a load runs.

Of every run, its Prometheus page, read once a second:

* `sampler.py`, `page.py`, `names.py`, `scrape.py`: a process of its own reads and parses the page, so that its cost is
  never in the process that times the load; `watch.py` starts it and collects what it found, `series.py` makes the
  values by second of it.

Of the command `profile`:

* `session.py`: the order of all that is started and stopped; `wording.py`: its texts.
* `folder.py`: the files of a profile, and the verdict that follows from them, now and when `report` reads them again.
* `server/`: the server's life, and its processes seen from outside.
* `hooks/`: what is put into the server's processes, and what it tells.
* `stacks/`: CPU time by function, memory by line.
* `judge/`: from what was seen to targets and findings; pure.
* `report/`: the page and the console.
"""
