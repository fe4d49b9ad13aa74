"""Every word of the report in English and Chinese, for the Python that writes the page and the script that runs in it.

A file for each theme, and `lookup.py`, which finds a text in all of them.  Keys of outcomes and metrics are their own
names behind `outcome.` and `metric.`; a metric has a short name, and what it measures behind `about.`.
"""

from .lookup import TEXTS, both, count_of, in_both, joined, pair, terms_html

__all__ = ["TEXTS", "both", "count_of", "in_both", "joined", "pair", "terms_html"]
