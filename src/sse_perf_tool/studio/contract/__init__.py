"""What the bodies of the API hold, as pydantic models; docs/studio.md has examples.

* `config.py`: providers, models and keys.  `jobs.py`: what can be started, and what became of it.
* `results.py`: earlier runs.  `state.py`: the studio itself.  `basis.py`: what all of them share.
"""
