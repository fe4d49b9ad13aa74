"""The JavaScript libraries of the charts: inlined when installed, else linked with their integrity hash.

`tools/build_assets.py` copies the files out of the npm packages that package-lock.json pins; a test holds that versions
and hashes here are theirs.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ASSETS = Path(__file__).resolve().parent.parent / "assets"


class Library(NamedTuple):
    """One file of one npm package."""

    package: str
    version: str
    file: str
    sha384: str

    @property
    def asset(self) -> str:
        """Its name in the assets folder."""
        return self.file.rpartition("/")[2]

    @property
    def url(self) -> str:
        """Where a report links it when it is not inlined."""
        return f"https://cdn.jsdelivr.net/npm/{self.package}@{self.version}/{self.file}"


LIBRARIES = (
    Library(
        "chart.js",
        "4.6.1",
        "dist/chart.umd.min.js",
        "Emf5ZVIUiarAdhkgtqK+5/Z5qIvM6QoVrS+qAVtfyZVuD5lIHrac0me485+Antp0",
    ),
    Library(
        "hammerjs",
        "2.0.8",
        "hammer.min.js",
        "Cs3dgUx6+jDxxuqHvVH8Onpyj2LF1gKZurLDlhqzuJmUqVYMJ0THTWpxK5Z086Zm",
    ),
    Library(
        "chartjs-plugin-zoom",
        "2.2.0",
        "dist/chartjs-plugin-zoom.min.js",
        "dwwI6ICEN/0ZQlS5owhUa/6ZzvwUPmjH45bFVCAcjgjTulbHJvlE+TGU3g1k0N3R",
    ),
)
"""In the order in which a page has to load them."""

FLAME_LIBRARIES = (
    Library(
        "d3-array", "3.2.5", "dist/d3-array.min.js", "BQcSBHiQX+gXE8wzG8NneokXdVCXRZO4OoJJ9613PsDlz2l/6IEE+M+CJchnXowh"
    ),
    Library(
        "d3-color", "3.1.1", "dist/d3-color.min.js", "uohDiKZFHeOJvfQ0ZGXXOYUtZVGYmUwJ3WgKcw5p6dfpQrv88EnfF/2s6j5qeehg"
    ),
    Library(
        "d3-dispatch",
        "3.0.2",
        "dist/d3-dispatch.min.js",
        "+MorLuT1o/oZQ3tSPDCvN/u+iP0YQtnzT5P6vPZ40Np+5gb4eGCyMYftOd6q66qZ",
    ),
    Library(
        "d3-ease", "3.0.2", "dist/d3-ease.min.js", "2PqQsvzHx4CPqMyzrJYDo+dWok1Pz58u1jGo4yfh2Dakx1keVxJWxP+4+Mu6lm1s"
    ),
    Library(
        "d3-format",
        "3.1.3",
        "dist/d3-format.min.js",
        "VQEhaxWDHK6WVCoR6Q37KNmj2E6AC+sK9g7jM/op/lXcNvwUmC5bhd5vXl/pUlau",
    ),
    Library(
        "d3-hierarchy",
        "3.1.3",
        "dist/d3-hierarchy.min.js",
        "fQ4PuproN281QGDFIM8sI5ik7BaL36Q2kIgVZ47sR1zFbMDmkdui8pg2bX4yYjM1",
    ),
    Library(
        "d3-interpolate",
        "3.0.2",
        "dist/d3-interpolate.min.js",
        "aGi6qRsKfiXDfArxChO6+pdyW0OwJhR7glK/NtvQguzkQuN6+2FvDLvYp9W8ColL",
    ),
    Library(
        "d3-timer", "3.0.2", "dist/d3-timer.min.js", "XXLVlDCF0/x+iSi9wY57jTGUwJs3d8XBQmOda57DtJ86qfuEgOWAeyIU2Q26XEQv"
    ),
    Library(
        "d3-time", "3.1.1", "dist/d3-time.min.js", "uI7ArCAOcf52o+7Nuej0Z+X92fh9GBRYUl5MOCt7VSqqp+g7NvcGW8wie4A5xvp/"
    ),
    Library(
        "d3-time-format",
        "4.1.1",
        "dist/d3-time-format.min.js",
        "e3HkFZppVghRA1VKT+OvlG4MZ5LbI6UXN5z0tfZEC7HY1X53BSPnSvejDC5E5Gjk",
    ),
    Library(
        "d3-selection",
        "3.0.1",
        "dist/d3-selection.min.js",
        "L4Lt6Lao5llZnXE9ZSG8t2km38hYN/2XzTBQiweZKsiigibbAscfGqCyMBU513zo",
    ),
    Library(
        "d3-scale", "4.0.3", "dist/d3-scale.min.js", "IWD1zmdozzTc21xnOfpyX923cXG38nQP4kc03JPzc9u2sYONRxX+rZeDHB8YsfKa"
    ),
    Library(
        "d3-transition",
        "3.0.2",
        "dist/d3-transition.min.js",
        "DLkI87eYiZoxeowiYFYpwpBSMwwgq7gUQ/t7BiS1tsI4PAIUO52SM0snOOXKQnho",
    ),
    Library(
        "d3-flame-graph",
        "5.0.0",
        "dist/d3-flamegraph.umd.min.js",
        "GcrVlww9WxDPRUzpREH2YdvFZAXFhSp2w/nPPK2Fqj3anxYV6sp1QpQvJZ/h7OIE",
    ),
)
"""What draws flame graphs, for the pages that have one: some 130 kB."""

_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


class Script(NamedTuple):
    """A script element and what a Content-Security-Policy must name to let it run."""

    html: str
    policy: str


def inline_script(source: str) -> Script:
    """`source` as an element of the page, allowed by its hash."""
    safe = source.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    digest = base64.b64encode(hashlib.sha256(safe.encode()).digest()).decode()
    return Script(f"<script>{safe}</script>", f"'sha256-{digest}'")


def library_scripts(more: Sequence[Library] = ()) -> tuple[list[Script], bool]:
    """The libraries, and `more`, as scripts, and whether all are inlined, so that the page works with no network."""
    wanted = (*LIBRARIES, *more)
    if all((ASSETS / library.asset).is_file() for library in wanted):
        sources = ((ASSETS / library.asset).read_text(encoding="utf-8") for library in wanted)
        return [inline_script(_SOURCE_MAP.sub("", source).strip()) for source in sources], True
    return [_linked(library) for library in wanted], False


def _linked(library: Library) -> Script:
    return Script(
        f'<script src="{library.url}" integrity="sha384-{library.sha384}" crossorigin="anonymous"></script>',
        library.url,
    )
