"""What is asked, where it is not plain text of a file.

* `prompts.py`: made text of a given length in tokens.
* `rows.py`: the fields of a data set's row that hold the text.
* `conversations.py`: conversations as data sets write them.
* `tables.py`: what separates the fields of a CSV file.
"""
