"""Places in code, and which of them are the server's own: of threads, and of tasks by what they wait for.

Runs in the server's process, as `sse_profile_hook`.  A place is "function|file|line".
"""

import gc
import os
import sys
import sysconfig

_HERE = os.path.dirname(os.path.realpath(__file__))
_SCRIPT = os.path.dirname(os.path.realpath(sys.argv[0])) if getattr(sys, "argv", None) and sys.argv[0] else _HERE
_NOT_OWN = {
    _HERE,
    os.path.join(sys.prefix, "bin"),
    *([_SCRIPT] if os.path.basename(_SCRIPT) in ("bin", "Scripts") else []),
}
_NOT_OWN |= {os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
_HIDDEN = ("async_generator_asend", "async_generator_athrow", "anext_awaitable", "coroutine_wrapper")
_known = {}


def is_own(file):
    """Whether a file is the server's own, not of a package, the standard library or a start script."""
    found = _known.get(file)
    if found is None:
        real = os.path.realpath(file)
        foreign = "site-packages" in real or "dist-packages" in real or file.startswith("<")
        found = _known[file] = not (foreign or any(real.startswith(folder + os.sep) for folder in _NOT_OWN))
    return found


def ends_of(frames):
    """(innermost own place, innermost place) of (code, line) pairs, the outermost first; None without own code."""
    own = leaf = None
    for code, line in frames:
        leaf = "{}|{}|{}".format(getattr(code, "co_qualname", code.co_name), code.co_filename, line or 0)
        if code.co_name != "<module>" and is_own(code.co_filename):
            own = leaf
    return None if own is None else (own, leaf)


def ends_of_thread(frame):
    """The same of a thread's innermost frame."""
    frames = []
    while frame is not None:
        frames.append((frame.f_code, frame.f_lineno))
        frame = frame.f_back
    return ends_of(reversed(frames))


def ends_of_task(task):
    """The same of a task: its coroutine, what that waits for, and so on."""
    frames, waits = [], task.get_coro()
    for _ in range(100):
        frame = _first(waits, ("cr_frame", "gi_frame", "ag_frame"))
        if frame is not None:
            frames.append((frame.f_code, frame.f_lineno))
        waits = _inner_of(waits)
        if waits is None:
            break
    return ends_of(frames)


def _first(thing, names):
    return next((found for name in names if (found := getattr(thing, name, None)) is not None), None)


def _inner_of(waits):
    """What a coroutine or generator waits for; some of those between do not tell it, but refer to it."""
    if type(waits).__name__ in _HIDDEN:
        referred = gc.get_referents(waits)
        return next((each for each in referred if hasattr(each, "ag_frame") or hasattr(each, "cr_frame")), None)
    return _first(waits, ("cr_await", "gi_yieldfrom", "ag_await"))
