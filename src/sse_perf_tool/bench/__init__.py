"""Benchmarks: sends the same requests to many providers and models and compares the results in one table.

* `prefixes.py`: model ids by LiteLLM's conventions: the part before the slash -> format, address, key.
* `endpoint.py`: a provider and a model -> URL, headers and body.
* `config.py`, `keys.py`: `config.yaml`, and the keys in `.env` and the environment.
* `plan.py`: which cells (model x context tier) are measured, which are skipped, and why.
* `cell.py`: one cell measured; `lanes.py` and `interleaved.py`: the order in which requests of cells are sent.
* `statistics.py`: medians, differences with their intervals, and what may be called fastest.
* `results.py`, `history.py`: the result file, those of earlier benchmarks, two of them compared.
* `console.py`, `page.py`, `markdown.py`: what a person reads.
"""
