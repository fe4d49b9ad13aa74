"""A measured value is shown with its unit and as many digits as tell on which side of its limit it is."""

from __future__ import annotations

import pytest

from sse_perf_tool.goals.thresholds import measured_text, with_unit


@pytest.mark.parametrize(
    ("rule", "value", "text"),
    [
        ("errors:rate<1%", 0.58333333, "58.3 %"),
        ("errors:rate<0.01", 0.0, "0 %"),
        ("goodput:rate>=0.95", 1.0, "100 %"),
        ("ttft_ms:p(95)<500", 405.123456, "405 ms"),
        ("ttft_ms:p(95)<405", 405.12345, "405 ms"),
        ("ttft_ms : p(95) <= 405.12", 405.123456, "405.123 ms"),
        ("latency_ms:max<10000", 12345.6, "12,346 ms"),
        ("ttft_ms:count>5", 7, "7"),
        ("errors:count<1", 171.0, "171"),
        ("requests:rate>=10", 9.99996, "9.99996 requests/s"),
        ("tokens:rate>=100", 1234.5, "1,234 tokens/s"),
        ("tokens_per_s:med>30", 28.123, "28.1 tokens/s"),
        ("response_bytes:avg<9e3", 8123.4, "8,123"),
        ("ttft_ms:p(95)<500", None, "n/a"),
        ("--require-trust", None, "n/a"),
    ],
)
def test_a_value_beside_its_rule(rule: str, value: float | None, text: str) -> None:
    assert measured_text(rule, value) == text


def test_the_values_of_a_comparison_have_the_unit_of_their_rule() -> None:
    assert with_unit("errors:rate<+10%", 0.288, 3) == "28.8 %"
    assert with_unit("ttft_ms:p(95)<+10%", -12.345, 3) == "-12.3 ms"
