"""The files of the command line, `config.yaml` and `.env`, changed without losing what their owner wrote.

* `yaml_text.py`: a text of YAML, and the same text with an edit in it.
* `edits.py`: the edits of a config: its defaults, providers and models.
* `config_file.py`: the file: read, changed under an ETag, written whole.  `backups.py`: how it was before.
* `config_view.py`: what the page shows of it.
* `env_file.py`: the keys.
"""
