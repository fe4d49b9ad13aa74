"""What the routes share: the workspace, the language of an answer, and refusals of the engine as those of the API."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Query, Request

from ...errors import UsageError
from ..errors import ApiError
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


@contextlib.contextmanager
def said(code: str = "invalid", field: str | None = None) -> Iterator[None]:
    """Makes a refusal of the API from the one line that the engine gives for wrong input."""
    try:
        yield
    except UsageError as error:
        raise ApiError(code, field=field, what=str(error)) from error
