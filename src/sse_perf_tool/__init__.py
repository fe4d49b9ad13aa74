"""Load tester for streaming (Server-Sent Events) AI services."""

__version__ = "0.1.0"
