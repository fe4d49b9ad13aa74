"""Loads the hook into a Python process, and then the sitecustomize that this one hides.

Python imports `sitecustomize` by itself at its start.  Without SSE_PROFILE_DIR nothing is loaded; whatever goes wrong
in the hook, the server goes on.
"""

import contextlib
import os
import sys


def _chain(here):
    """Imports the server's own sitecustomize, if it has one, as Python would have."""
    kept = sys.path[:]
    this = sys.modules.pop("sitecustomize", None)
    sys.path[:] = [path for path in kept if os.path.realpath(path or ".") != here]
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        if this is not None:
            sys.modules.setdefault("sitecustomize", this)
        sys.path[:] = kept


_folder = os.environ.get("SSE_PROFILE_DIR")
if _folder and os.path.isdir(_folder):
    with contextlib.suppress(Exception):
        import sse_profile_hook

        sse_profile_hook.start(_folder)
_chain(os.path.dirname(os.path.realpath(__file__)))
