"""What earlier runs left in files, and an index of it.

The files are the truth: `results/` of the studio, and the folders that it watches.  The index may be deleted any time.

* `finding.py`: which files are results, and their ids.
* `heads.py`: a file -> its row in a list.  `figures.py`: the figures in it.
* `index.py`: the rows in SQLite, brought up to date when files have changed.
* `remarks.py`: labels and notes.
* `documents.py`: one result, whole.  `reports.py`: its offline page.  `comparison.py`: several side by side.
"""
