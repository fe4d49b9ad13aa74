"""From what was seen to what follows: pure functions of the evidence.

* `evidence.py`: all that was seen of one run, and figures of it that several rules need.
* `targets.py`: the table of targets and warning signs: met, missed, not measured.
* `wording.py`: the sentences, in both languages.
* `waits.py`: what tasks, threads and calls wait for.
* `causes.py`: the rules, one function each, and their order.
"""
