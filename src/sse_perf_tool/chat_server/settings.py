"""The settings of the server: name, default, bounds and meaning of each.

The flags and the environment variables are made from the class below, and docs/chat-server.md is held against it.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from .faults import RefusedError, parse_faults

_HOUR_S = 3600.0


class SettingsError(Exception):
    """Settings that cannot be used.  The text has one line for each bad setting: name, value, what is wrong."""


def _checked_faults(text: str) -> str:
    parse_faults(text)
    return text


def _checked_origins(text: str) -> str:
    for origin in _listed(text):
        if origin != "*" and not re.fullmatch(r"https?://[^/?#\s@*]+", origin):
            raise RefusedError(
                f"{origin} is no origin; write scheme and host, such as https://a.example, or *",
                f"{origin} 不是来源，请写出协议和主机，如 https://a.example，或写 *",
            )
    return text


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


class Settings(BaseModel):
    """How the server behaves.  Made directly it has these defaults; `load` asks the environment too."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on, 0 for any free one")
    allowed_hosts: str = Field(
        default="", description="names besides localhost that requests may be for, separated by commas; * for any"
    )
    cors_origins: Annotated[str, AfterValidator(_checked_origins)] = Field(
        default="", description="origins whose pages may use the server, e.g. https://a.example, or * for any"
    )
    reload: bool = Field(default=False, description="start again when the code of the server changes")
    debug: bool = Field(default=False, description="log at level DEBUG, readable, and allow faults on demand")
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)] = Field(
        default="INFO", description="least level that is logged: DEBUG, INFO (a line a request), WARNING or ERROR"
    )
    workers: int = Field(
        default=0, ge=0, le=1024, description="processes under gunicorn, 0 for twice the cores plus one"
    )
    response_delay_s: float = Field(
        default=0.3,
        ge=0,
        le=_HOUR_S,
        validation_alias="RESPONSE_DELAY",
        description="seconds before the first token",
    )
    token_delay_s: float = Field(
        default=0.03,
        ge=0,
        le=_HOUR_S,
        validation_alias="TOKEN_DELAY",
        description="seconds between two tokens",
    )
    agent: bool = Field(
        default=False,
        description="answer as an agent: reasoning, two tool calls, steps, then text",
    )
    tool_delay_s: float = Field(
        default=0.25,
        ge=0,
        le=_HOUR_S,
        validation_alias="TOOL_DELAY",
        description="seconds that each tool of an agent works",
    )
    jitter: float = Field(default=0.2, ge=0, le=1, description="share by which each delay varies, evenly, up and down")
    error_rate: float = Field(default=0.0, ge=0, le=1, description="share of answers that break off with an error")
    answer_tokens: int = Field(
        default=0, ge=0, le=1_000_000, description="tokens of each answer, 0 for as many as the script has"
    )
    max_history_length: int = Field(
        default=20, ge=1, le=100_000, description="messages that a conversation keeps, questions and answers"
    )
    max_conversations: int = Field(
        default=10_000, ge=1, description="conversations kept at once; above it the one idle longest goes"
    )
    max_conversations_bytes: int = Field(
        default=64 * 1024 * 1024,
        ge=1,
        description="memory of all conversations; above it the one idle longest goes, then the oldest messages",
    )
    conversation_idle_timeout_s: float = Field(
        default=1800.0,
        gt=0,
        validation_alias="CONVERSATION_IDLE_TIMEOUT",
        description="seconds after which a conversation that nobody continues is removed",
    )
    max_concurrent_connections: int = Field(
        default=1000, ge=1, description="answers given at once; a request above it gets 503 with Retry-After"
    )
    receive_timeout_s: float = Field(
        default=20.0,
        gt=0,
        le=_HOUR_S,
        validation_alias="RECEIVE_TIMEOUT",
        description="seconds that the head of a request may take, and then its body",
    )
    request_timeout_s: float = Field(
        default=300.0,
        gt=0,
        validation_alias="REQUEST_TIMEOUT",
        description="seconds that an answer may take; then it ends with an error",
    )
    sse_keepalive_timeout_s: float = Field(
        default=10.0,
        ge=0,
        le=_HOUR_S,
        validation_alias="SSE_KEEPALIVE_TIMEOUT",
        description="seconds between two pings in a stream, 0 for none",
    )
    sse_reconnect_delay_ms: int = Field(
        default=3000,
        ge=0,
        validation_alias="SSE_RECONNECT_DELAY",
        description="milliseconds, sent as `retry:` at the beginning of a `/chat` stream",
    )
    shutdown_grace_s: float = Field(
        default=5.0,
        ge=0,
        le=_HOUR_S,
        validation_alias="SHUTDOWN_GRACE",
        description="seconds that running answers get to finish when the server is stopped",
    )
    api_keys: SecretStr = Field(
        default=SecretStr(""), description="keys that are let in, separated by commas; empty lets everyone in"
    )
    faults: bool = Field(default=False, description="allow faults on demand: the header `X-Fault`")
    fault: Annotated[str, AfterValidator(_checked_faults)] = Field(
        default="", description="faults of answers whose request asks for none, as in `X-Fault`; needs FAULTS or DEBUG"
    )

    @model_validator(mode="after")
    def _faults_are_allowed(self) -> Settings:
        if self.fault and not self.faults_allowed:
            raise RefusedError(
                "FAULT has an effect only with FAULTS=1 or DEBUG=1", "FAULT 只在 FAULTS=1 或 DEBUG=1 时起作用"
            )
        return self

    @property
    def accepted_keys(self) -> tuple[str, ...]:
        """The keys of `api_keys`, none when everyone is let in."""
        return _listed(self.api_keys.get_secret_value())

    @property
    def accepted_origins(self) -> tuple[str, ...]:
        """Those of `cors_origins`."""
        return _listed(self.cors_origins)

    @property
    def accepted_hosts(self) -> tuple[str, ...] | None:
        """The names that requests may be for, in small letters, besides loopback addresses; None for any.

        A server that listens on loopback only may be asked by pages of the web all the same: their host can be made to
        have the address 127.0.0.1 (DNS rebinding).  One that listens elsewhere is known by names that it cannot know.
        """
        named = tuple(name.lower() for name in _listed(self.allowed_hosts))
        if "*" in named or not (named or is_loopback(self.host)):
            return None
        return ("localhost", self.host.lower(), *named)

    @property
    def faults_allowed(self) -> bool:
        """Whether answers may be made to suffer a fault."""
        return self.faults or self.debug

    @property
    def worker_count(self) -> int:
        """Processes under gunicorn."""
        return self.workers or (os.cpu_count() or 1) * 2 + 1


def is_loopback(host: str) -> bool:
    """Whether a name or address is this machine's own."""
    name = host.lower().strip("[]").rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class _FromEnvironment(Settings, BaseSettings):
    """The same settings, filled from environment variables and from `.env` in the working directory."""

    model_config = SettingsConfigDict(extra="ignore", env_file=".env", env_file_encoding="utf-8")


def variable(name: str) -> str:
    """The environment variable of the field `name`: RESPONSE_DELAY for `response_delay_s`."""
    alias = Settings.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else name.upper()


def flag(name: str) -> str:
    """The flag of the field `name`: --response-delay for `response_delay_s`."""
    return "--" + variable(name).lower().replace("_", "-")


def load(flags: Mapping[str, Any], lang: str = "en") -> Settings:
    """Settings by field name from `flags`, else from the environment, else from `.env`, else the defaults.

    Raises SettingsError, in the language `lang`.
    """
    try:
        return _FromEnvironment(**flags)
    except ValidationError as error:
        raise SettingsError("\n".join(_line(problem, flags, lang) for problem in error.errors())) from None
    except (OSError, UnicodeError) as error:
        raise SettingsError((".env cannot be read: {}", ".env 无法读取：{}")[lang == "zh"].format(error)) from None


_CHINESE = {
    "int_parsing": "请给出整数",
    "int_from_float": "请给出整数",
    "float_parsing": "请给出数字",
    "bool_parsing": "请给出 true 或 false",
    "greater_than": "请给出大于 {gt} 的值",
    "greater_than_equal": "请给出不小于 {ge} 的值",
    "less_than_equal": "请给出不大于 {le} 的值",
    "literal_error": "请从以下选择：{expected}",
}
"""Kind of a problem, as pydantic names it -> what to do; the others are said in English."""


def _line(problem: Any, flags: Mapping[str, Any], lang: str) -> str:
    message = problem["msg"].removeprefix("Value error, ")
    if lang == "zh" and problem["type"] in _CHINESE:
        message = _CHINESE[problem["type"]].format(**problem.get("ctx", {}))
    elif lang == "zh" and isinstance(said := problem.get("ctx", {}).get("error"), RefusedError):
        message = said.chinese
    if not problem["loc"]:
        return f"settings: {message}"
    name = str(problem["loc"][0])
    message = f"{problem['input']!r}: {message[:1].lower()}{message[1:]}"
    if name in flags:
        return f"{flag(name)} {message}"
    return f"setting {variable(name) if name in Settings.model_fields else name}: {message}"
