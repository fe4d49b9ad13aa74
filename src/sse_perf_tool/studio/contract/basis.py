"""What the bodies of the API have in common."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Document = dict[str, Any]


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("holds control characters or line ends")
    return text


def _encodable(text: str) -> str:
    text.encode()  # a lone surrogate, as JSON may hold, can be written to no file; UnicodeEncodeError is a ValueError
    return text


Line = Annotated[str, Field(max_length=500), AfterValidator(_one_line), AfterValidator(_encodable)]
"""A text of one line."""

Text = Annotated[str, Field(max_length=100_000), AfterValidator(_encodable)]
"""A text of any lines."""

Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line), AfterValidator(_encodable)]
"""A text of one line that is not empty."""


class Body(BaseModel):
    """A body that names no other fields than these."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Answer(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid")
