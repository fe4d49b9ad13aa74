"""No output of a run holds a secret, also when the server sends it back in its errors."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from scripted_server import ANSWER, Serve, sized
from sse_perf_tool.cli import Environment, main
from sse_perf_tool.exporters import EXPORTERS

S = "Zq7Wx9Lm2Kp4Vt6R"

GIVEN = {
    "cookie": ["-H", f"Cookie: theme=dark; sid={S}"],
    "digest": ["-H", f'Authorization: Digest username="u", nonce="{S}", response="{S}"'],
    "unknown scheme": ["-H", f"Authorization: Unheard {S}"],
    "marked": ["-H", f"X-Tenant: {S}", "--secret-header", "X-Tenant"],
    "query": ["QUERY", f"?sig={S}"],
    "path": ["QUERY", f";jsessionid={S}"],
}


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("debug", [False, True])
def test_no_output_holds_a_secret(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, debug: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    echo = json.dumps({"error": {"message": f"bad credentials {S} in /chat?sig={S}"}}).encode()
    refused = sized(echo, status="401 Unauthorized", kind="application/json", headers=[f"Set-Cookie: sid={S}{S}"])
    flags, url = GIVEN[given], serve(ANSWER, refused, ANSWER).url()
    if flags[0] == "QUERY":
        flags, url = [], url + flags[1]
    outputs = [word for name in EXPORTERS for word in (f"--{name}", f"out.{name}")]
    outputs += ["--html-report", "out.html", "--records", "out.jsonl", "--requests", "2", "--processes", "1"]
    out, err = io.StringIO(), io.StringIO()
    more = ["--debug"] if debug else outputs
    status = main(["--url", url, "--api-key", f"app-{S}", *flags, *more], Environment(out, err, {}))
    assert status in (0, 1)
    assert S not in out.getvalue() + err.getvalue()
    written = list(tmp_path.iterdir())
    assert len(written) == (0 if debug else len(EXPORTERS) + 2)
    for path in written:
        assert S not in path.read_text(encoding="utf-8"), path.name
    if not debug:
        assert "bad credentials" in Path("out.jsonl").read_text(encoding="utf-8")
        again = main(["report", "out.jsonl", "--html-report", "again.html"], Environment(out, err, {}))
        assert again == 0
        assert S not in Path("again.html").read_text(encoding="utf-8") + out.getvalue()
