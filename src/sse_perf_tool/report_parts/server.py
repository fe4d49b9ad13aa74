"""What the server said of itself, in words and as figures by name."""

from __future__ import annotations

from collections.abc import Mapping

from ..records import ServerMetrics
from ..records.server import highest
from ..texts import printable
from ..units import reading
from .figures import Both
from .wording import in_both

_IN_WORDS = ("running", "waiting", "kv_cache_percent", "memory_mb")


def figures_words(most: Mapping[str, float]) -> Both:
    """The highest values as a list: "running max 15, waiting max 5"."""
    told = [in_both(f"server.{name}", most=reading(most[name])) for name in _IN_WORDS if name in most]
    return ", ".join(each[0] for each in told), "，".join(each[1] for each in told)


def server_words(found: ServerMetrics | None) -> Both | None:
    """The same with the name of the server; None when it told nothing of these."""
    figures = figures_words(highest(found))
    if found is None or not (figures[0] or found.server):
        return None
    if not found.server:
        return figures
    return in_both("server.of", {"figures": figures}, name=printable(found.server))
