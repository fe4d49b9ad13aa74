"""STUDIO: a local web page for benchmarks, load tests and their results.

* `server.py`: listens, prints the link with the token, ends in order; `settings.py` is what it was asked for.
* `guard.py`: who may ask at all: host, origin, token, size and type of a body; the headers of every answer.
* `app.py`: the application; `routes/` are its paths, `contract/` what their bodies hold.  `errors.py`: how a refusal
  looks; `api_docs.py`: the page that documents them.
* `workspace.py`: what all routes share: the folder, its jobs, its history.
* `files/`: `config.yaml` and `.env`, changed without losing what their owner wrote.
* `jobs/`: the queue, the worker process, the events on disk.
* `history/`: what earlier runs left in files, and an index of it.
* `pages/`: what the browser gets: HTML, scripts, styles, words.

The server sends no load: a worker does (`studio_worker/`, a process of its own), so that serving pages takes no time
from what is timed.
"""
