"""The parts of the HTML report: pure functions from a `RunResult` to numbers, texts and markup."""
