"""Builds the compiled parts (reading thread, lines of records, events that are alike) where they can be built, and an
sdist whose bytes are the same wherever it is built; the rest is in pyproject.toml.

Without a C compiler, without the headers of Python, or elsewhere than on Linux, the package is complete without them.
SSE_PERF_NO_COMPILE=1 leaves them out, for a wheel that fits everywhere.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.sdist import sdist

# The same bytes wherever it is built: debugging information, where Python's own flags ask for it, names the folder.
FLAGS = ["-O2", "-std=gnu11", f"-fdebug-prefix-map={Path.cwd()}=."]
PARTS = [
    Extension(
        f"sse_perf_tool.{room}.{name}",
        [f"src/sse_perf_tool/{room}/{name}.c"],
        extra_compile_args=FLAGS,
        libraries=["pthread"],
        optional=True,
    )
    for room, name in (("wire", "_reader"), ("records", "_lines"), ("formats", "_alike"))
]


class Sdist(sdist):
    """With `SOURCE_DATE_EPOCH`, the same bytes at any time and for anybody."""

    def make_distribution(self):
        """Makes the archive."""
        super().make_distribution()
        if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
            sys.path.insert(0, str(Path(__file__).resolve().parent / "tools"))  # is in each sdist, too
            from sdist_bytes import normalise

            for archive in map(Path, self.archive_files):
                if archive.name.endswith(".tar.gz"):
                    normalise(archive, int(epoch))


setup(
    ext_modules=PARTS if sys.platform == "linux" and not os.environ.get("SSE_PERF_NO_COMPILE") else [],
    cmdclass={"sdist": Sdist},
)
