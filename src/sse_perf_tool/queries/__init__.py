"""What is asked, where it is not plain text of a file.

* `prompts.py`: made text of a given length in tokens.
* `conversations.py`: conversations as data sets write them.
"""
