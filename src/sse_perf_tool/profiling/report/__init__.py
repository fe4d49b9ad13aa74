"""What people read of a profile: a page with the load and the server on one time axis, and lines on the console.

* `wording.py`: its texts.
* `data.py`: what the charts and flame graphs are drawn from.
* `parts.py`: the markup of findings, targets and tables.
* `page.py`: the page.
* `lines.py`: the console.
"""
