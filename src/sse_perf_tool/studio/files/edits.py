"""The edits of a config.  Each takes a document, of ruamel.yaml or of plain tables, and changes it in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from .yaml_text import Change, put

Fields = Mapping[str, Any]


def change_defaults(fields: Fields) -> Change:
    """Sets what is asked of every model."""

    def change(document: Any) -> None:
        _set(_table(document, "defaults"), fields)

    return change


def add_provider(key: str, fields: Fields) -> Change:
    """Adds a provider at the end."""

    def change(document: Any) -> None:
        _table(document, "providers")[key] = {name: _copied(value) for name, value in fields.items()}

    return change


def change_provider(key: str, fields: Fields) -> Change:
    """Sets fields of a provider."""
    return partial(_change_provider, key, fields)


def _change_provider(key: str, fields: Fields, document: Any) -> None:
    provider = _table(document["providers"], key)
    older = {"model_prefix": "model_id_prefix"}  # names of an older file
    named = {older[name] if older.get(name) in provider else name: value for name, value in fields.items()}
    _set(provider, named)


def remove_provider(key: str) -> Change:
    """Removes a provider with its models."""

    def change(document: Any) -> None:
        del document["providers"][key]

    return change


def add_models(key: str, models: Sequence[Fields]) -> Change:
    """Adds models at the end of a provider."""

    def change(document: Any) -> None:
        provider = _table(document["providers"], key)
        if provider.get("models") is None:
            provider["models"] = []
        for fields in models:
            provider["models"].append(dict(fields))

    return change


def change_model(key: str, number: int, fields: Fields) -> Change:
    """Sets fields of a model."""

    def change(document: Any) -> None:
        model = document["providers"][key]["models"][number]
        own = dict(fields)
        if "skip_temperature" in own:
            skipped = model.get("skip_params") or []
            if "temperature" in skipped and not own["skip_temperature"]:
                rest = [each for each in skipped if each != "temperature"]
                put(model, "skip_params", rest or None)
            own["skip_temperature"] = True if own["skip_temperature"] and "temperature" not in skipped else None
        _set(model, own)

    return change


def remove_model(key: str, number: int) -> Change:
    """Removes a model."""

    def change(document: Any) -> None:
        del document["providers"][key]["models"][number]

    return change


def _table(document: Any, name: str) -> Any:
    """The table under a name, made when there is none, or nothing in it."""
    if document.get(name) is None:
        document[name] = {}
    return document[name]


def _set(table: Any, fields: Fields) -> None:
    for name, value in fields.items():
        old = table.get(name)
        if isinstance(old, list) and isinstance(value, list):
            _refill(old, value)
        elif isinstance(old, dict) and isinstance(value, Mapping):
            for inner in [inner for inner in old if inner not in value]:
                del old[inner]
            _set(old, value)
        else:
            put(table, name, _copied(value))


def _refill(old: Any, values: list[Any]) -> None:
    """The same list with other values, so that it stays in brackets if it is."""
    while len(old) > len(values):
        del old[-1]
    for at, value in enumerate(values):
        if at == len(old):
            old.append(value)
        elif old[at] != value:
            old[at] = value


def _copied(value: Any) -> Any:
    """A value of its own for each document."""
    if isinstance(value, Mapping):
        return {name: _copied(each) for name, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value
