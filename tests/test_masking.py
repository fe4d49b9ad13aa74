"""Secrets that must not show."""

from __future__ import annotations

import pytest

from sse_perf_tool.masking import Masker, mask_headers, mask_key, mask_url, url_secrets
from sse_perf_tool.texts import MAX_DEPTH, is_too_deep, loads_bounded


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("app-1234567890abcd4Knu", "app-…4Knu"),
        ("Bearer app-1234567890abcd4Knu", "Bearer app-…4Knu"),
        ("1234567890abcdef", "…cdef"),
        ("short", "…"),
        ("", "…"),
    ],
)
def test_a_key_is_shown_by_its_prefix_and_last_four(key: str, shown: str) -> None:
    assert mask_key(key) == shown


def test_headers_and_urls_are_masked_where_they_hold_secrets() -> None:
    assert mask_headers({"X-Api-Key": "sk-abcdefghijklmnop", "X-Trace": "1"}) == {
        "X-Api-Key": "sk-…mnop",
        "X-Trace": "1",
    }
    url = "https://me:pass@h/p?key=AIzaSyABCDEFGHIJ&alt=sse&access_token=24.abcdefghijkl"
    assert mask_url(url) == "https://…@h/p?key=…GHIJ&alt=sse&access_token=…ijkl"
    assert url_secrets(url) == ["me:pass", "AIzaSyABCDEFGHIJ", "24.abcdefghijkl"]


def test_a_masker_finds_keys_in_what_the_server_says() -> None:
    mask = Masker(["Bearer app-1234567890abcd4Knu", "ab"])
    assert mask("wrong key app-1234567890abcd4Knu given") == "wrong key app-…4Knu given"
    assert mask("ab stays: too short to be a secret") == "ab stays: too short to be a secret"
    assert Masker([])("nothing to hide") == "nothing to hide"


def test_a_masker_finds_percent_encoded_keys() -> None:
    assert "s3cr" not in Masker(["s3cr/et+long=key"])("GET /?key=s3cr%2Fet%2Blong%3Dkey")


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_json_of_a_hundred_levels_is_read_and_of_one_more_is_not(opening: str, closing: str) -> None:
    value = loads_bounded(opening * MAX_DEPTH + "1" + closing * MAX_DEPTH)
    assert not is_too_deep(value)
    assert is_too_deep([value])
    for depth in (MAX_DEPTH + 1, 900, 2_000, 50_000):
        with pytest.raises(ValueError, match="nested too deep"):
            loads_bounded(opening * depth + "1" + closing * depth)


def test_breadth_and_plain_values_are_not_depth() -> None:
    assert not is_too_deep([[number] for number in range(1_000)])
    assert not is_too_deep("[" * 1_000)
    assert loads_bounded("[]") == []
