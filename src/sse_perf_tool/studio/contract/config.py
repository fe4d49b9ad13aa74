"""Providers, models and keys, as the page asks for them and changes them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from .basis import Answer, Body, Line, Name, Text

Tokens = Annotated[int, Field(ge=1, le=10**9)]
Tier = Annotated[int, Field(ge=0, le=10**9)]


class Problem(Answer):
    """Where a file cannot be read."""

    line: int
    column: int
    message: str
    text: str
    """That line."""


class Defaults(Answer):
    """What is asked of every model."""

    max_tokens: int
    temperature: float | None
    context_tiers: list[int]
    prompt: str
    runs: int


class ModelShown(Answer):
    """A model of a provider; `url` and `format` say how it would be asked, `problem` why it cannot be."""

    n: int
    id: str
    display_name: str
    context_window: int
    max_output_tokens: int | None
    skip_temperature: bool
    skip_params: list[str]
    format: str | None
    url: str | None
    problem: str | None


class ProviderShown(Answer):
    """A provider; `key` says where its key comes from, never the key itself."""

    key_state: Literal["set", "env", "missing", "literal", "not_needed"]
    key: str
    display_name: str
    api_base: str | None
    api_key_env: str | None
    model_prefix: str
    format: str | None
    api_version: str | None
    headers: dict[str, str]
    literal_key: bool
    key_names: list[str]
    line: int | None
    models: list[ModelShown]


class ConfigShown(Answer):
    """`config.yaml` as the page shows it."""

    etag: str
    path: str
    exists: bool
    read_only: bool
    problem: Problem | None
    warnings: list[str]
    defaults: Defaults
    providers: list[ProviderShown]


class Changed(Answer):
    """What a change did to the file, or would do."""

    etag: str
    diff: str
    lost: list[str]
    """Lines of the owner's that go with it, as a comment beside a deleted item does."""
    preview: bool


class DefaultsChange(Body):
    """Fields that are given change; null takes one out of the file."""

    max_tokens: Tokens | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    context_tiers: Annotated[list[Tier], Field(min_length=1, max_length=50)] | None = None
    prompt: Text | None = None
    runs: Annotated[int, Field(ge=1, le=10_000)] | None = None


class ModelBody(Body):
    """A model to be added, or what changes of one; null takes a field out of the file."""

    id: Name | None = None
    display_name: Line | None = None
    context_window: Tokens | None = None
    max_output_tokens: Tokens | None = None
    skip_temperature: bool | None = None


class NewModel(ModelBody):
    """A model to be added."""

    id: Name


class NewModels(Body):
    """Several models to be added at once."""

    models: Annotated[list[NewModel], Field(min_length=1, max_length=500)]


class ProviderChange(Body):
    """Fields that are given change; null takes one out of the file."""

    display_name: Line | None = None
    api_base: Line | None = None
    api_key_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")] | None = None
    model_prefix: Line | None = None
    format: Line | None = None
    api_version: Line | None = None
    headers: dict[Name, Line] | None = None
    confirm_key_move: bool = False
    """That the key of this provider may be sent to another host than before."""


class NewProvider(ProviderChange):
    """A provider to be added."""

    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$")]
    models: Annotated[list[NewModel], Field(max_length=500)] = Field(default_factory=list)


class KeyToEnv(Body):
    """The variable that takes a key which stands in `config.yaml`."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]


class Backup(Answer):
    """A file of before a change."""

    name: str
    at: str
    bytes: int


class Backups(Answer):
    """Those that are kept, the newest first."""

    backups: list[Backup]


class BackupShown(Answer):
    """What has changed since."""

    name: str
    diff: str


class Variable(Answer):
    """A variable that holds a key, without the key."""

    name: str
    set: bool
    source: Literal["file", "env"] | None
    masked: str | None
    used_by: list[str]
    editable: bool


class EnvShown(Answer):
    """The keys that are there, and those that `config.yaml` asks for."""

    path: str
    exists: bool
    problem: str | None
    variables: list[Variable]


class EnvValue(Body):
    """A key.  It goes into `.env` and is never given back."""

    value: Annotated[str, Field(min_length=1, max_length=10_000)]


class CheckAsked(Body):
    """The model that is sent one request."""

    provider_key: Name
    model_id: Name


class Checked(Answer):
    """What came of it."""

    ok: bool
    outcome: str
    status: int | None
    error: str | None
    ttft_ms: float | None
    latency_ms: float | None
    url: str
    format: str
    key: Literal["good", "refused", "missing", "not_needed", "unknown"]
    refused: list[str]
    """Fields of the body that the service does not take."""
    hint: str | None
    output_tokens: int | None
    notes: list[str]


class DiscoverAsked(Body):
    """A provider of the config by its key, or one that is not there yet by its address or prefix.

    To the latter no key is sent but the one that is given here.
    """

    provider_key: Name | None = None
    api_base: Name | None = None
    model_prefix: Line | None = None
    format: Line | None = None
    api_key: Annotated[SecretStr, Field(max_length=10_000)] | None = None


class FoundModel(Answer):
    """A model that a service says it has."""

    id: str
    context_window: int | None
    known: bool


class Discovered(Answer):
    """All of them."""

    url: str
    models: list[FoundModel]
