"""The settings that all requests of a run share: URL, headers, keys, format and timeouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from urllib3.util import parse_url

from ..formats.base import Format
from ..masking import Masker
from ..pace.division import Share
from ..pace.replay import Replayed
from ..providers import ApiKeyProvider, QueryProvider
from .body import BodyBuilder
from .steps import Following, Opening
from .tokens import BY_WORDS, TokenCounting
from .tracing import Tracing


@dataclass(frozen=True, slots=True)
class Target:
    """What all requests of a run share.  It holds secrets (`keys`, `headers`), so it is never written anywhere."""

    url: str
    body: BodyBuilder
    queries: QueryProvider
    masker: Masker
    replayed: Sequence[Replayed] = ()
    """The requests of a trace that is sent again, in order."""
    keys: ApiKeyProvider | None = None
    auth: tuple[str, str] | None = None
    headers: Mapping[str, str] | None = None
    format: Format | None = None
    """Named by the user or guessed from the URL."""
    named: bool = False
    """`format` was named: answers are read as that, whatever they look like."""
    options: Mapping[str, Any] | None = None
    timeout_s: float = 60.0
    idle_timeout_s: float | None = None
    retries: int = 3
    stream: bool = True
    """Answers come as streams; else each is one JSON object."""
    turns: int = 1
    """Requests in one conversation."""
    context_tokens: int | None = None
    """Filler before the first query of each; None: the run has no context tiers."""
    verify: bool | str = True
    counting: TokenCounting = BY_WORDS
    """How tokens are counted that the server does not report."""
    lang: str = "en"
    opening: Opening | None = None
    """The request that opens a session for each user, before the first one that is measured."""
    following: Following | None = None
    """The GET that fetches the stream, when the answer to the POST only tells where it is."""
    tracing: Tracing | None = None
    """The trace context that each request takes along; None: it has none."""
    direct: bool = False
    """Past the proxies of the environment, to a server of our own."""

    def part(self, share: Share) -> Target:
        """The same for a part of the run, whose queries and keys are those of its turn."""
        keys = None if self.keys is None else ApiKeyProvider(self.keys.keys, *share)
        return replace(self, queries=self.queries.part(*share), keys=keys)


def place_of(url: str) -> str:
    """host:port of a URL, for messages."""
    parts = parse_url(url)
    return f"{parts.host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
