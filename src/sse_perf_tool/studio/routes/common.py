"""What the routes share: the workspace and the language of an answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from ..guard import language_asked
from ..workspace import Workspace


def _workspace(request: Request) -> Workspace:
    found: Workspace = request.app.state.workspace
    return found


Space = Annotated[Workspace, Depends(_workspace)]
"""What all requests share."""


def language_of(request: Request, lang: Annotated[str | None, Query(pattern="^(en|zh)$")] = None) -> str:
    """The language of an answer: `?lang=`, else that of the browser, else that of the command line."""
    return lang or language_asked(request.headers.get("accept-language", "")) or _workspace(request).lang


Lang = Annotated[str, Depends(language_of)]
