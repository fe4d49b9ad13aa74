"""The queries of a run, other than plain text files.

* `prompts.py`: generated text of a given length in tokens.
* `rows.py`: finds the query text in a row of a data set.
* `conversations.py`: reads conversations in the forms of common data sets.
* `tables.py`: detects the separator of a CSV file.
"""
