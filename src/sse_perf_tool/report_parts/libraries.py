"""The JavaScript libraries of the charts: inlined when installed, else linked with their integrity hash.

`tools/build_assets.py` copies the files out of the npm packages that package-lock.json pins; a test holds that versions
and hashes here are theirs.
"""

from __future__ import annotations

import base64
import hashlib
import re
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


def library_scripts() -> tuple[list[Script], bool]:
    """The libraries as scripts, and whether all of them are inlined, so that the page works with no network."""
    if all((ASSETS / library.asset).is_file() for library in LIBRARIES):
        sources = ((ASSETS / library.asset).read_text(encoding="utf-8") for library in LIBRARIES)
        return [inline_script(_SOURCE_MAP.sub("", source).strip()) for source in sources], True
    return [_linked(library) for library in LIBRARIES], False


def _linked(library: Library) -> Script:
    return Script(
        f'<script src="{library.url}" integrity="sha384-{library.sha384}" crossorigin="anonymous"></script>',
        library.url,
    )
