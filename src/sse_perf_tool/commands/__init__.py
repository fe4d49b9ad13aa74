"""What each command does, in order: a module a command, with `main(arguments, world)` that gives the exit status.

Commands are `run`, `debug`, `demo`, `report`, `capacity`, `calibrate`, `serve` and `show`; the others are what they
share.  A module is imported when its command is wanted, so it has what it needs at its top, however heavy.
"""
