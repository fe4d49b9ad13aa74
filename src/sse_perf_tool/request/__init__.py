"""One request: what is sent, where to, what is noted while the answer comes, and how it ended.

* `target.py`: what all requests of a run share.
* `body.py`: the JSON body, from a template or from the format.
* `timeline.py`: the times and texts of one answer, and the `RequestRecord` that they become.
* `outcomes.py`: the judgement of how a request ended, and the words for it.
"""
