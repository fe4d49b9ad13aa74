"""One request: its target and body, the timeline of its answer, and its outcome.

* `target.py`: the settings that all requests of a run share.
* `body.py`: the JSON body, from a template or from the format.
* `steps.py`: requests around the one that is measured, as flags ask for them.
* `session.py`: how a user's session is opened, as a flag or the format says.
* `timeline.py`: the times and texts of one answer, from which its `RequestRecord` is made.
* `tracing.py`: the trace context that a request takes along.
* `head.py`: the response headers that tell who sent the answer, and how.
* `waiting.py`: words for an answer that was waited for too long, or broke off after silence.
* `outcomes.py`: the outcome of a request, and the error message.
"""
