"""What the HTML report is made of: pure functions from a `RunResult` to numbers, words and markup."""
