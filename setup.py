"""Builds the compiled reading thread where it can be built; all else stands in pyproject.toml.

Without a C compiler, without the headers of Python, or elsewhere than on Linux, the package is complete without it.
SSE_PERF_NO_COMPILE=1 leaves it out, for a wheel that fits everywhere.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup

READER = Extension(
    "sse_perf_tool.wire._reader",
    ["src/sse_perf_tool/wire/_reader.c"],
    # The same bytes wherever it is built: debugging information, where Python's own flags ask for it, names the folder.
    extra_compile_args=["-O2", "-std=gnu11", f"-fdebug-prefix-map={Path.cwd()}=."],
    libraries=["pthread"],
    optional=True,
)

setup(ext_modules=[READER] if sys.platform == "linux" and not os.environ.get("SSE_PERF_NO_COMPILE") else [])
