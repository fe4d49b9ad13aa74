"""The paths of the studio, a module for each part of the page; `common.py` has what they share."""
