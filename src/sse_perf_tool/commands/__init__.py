"""The commands: one module each, with a `main(arguments, environment)` that returns the exit status.

Commands are `run`, `debug`, `demo`, `report`, `capacity`, `calibrate`, `serve` and `show`; the other modules are shared
by them.  A module is imported only when its command runs, so it may import heavy modules at its top.
"""
