"""All texts of the report in English and Chinese, for the Python code and for the script of the page.

One file per subject, and `lookup.py`, which finds a text in all of them.  The key of an outcome is `outcome.` and its
name.  A metric has a short name under `metric.` and a description under `about.`.
"""

from .lookup import COLON, TEXTS, both, count_of, in_both, joined, pair, terms_html

__all__ = ["COLON", "TEXTS", "both", "count_of", "in_both", "joined", "pair", "terms_html"]
