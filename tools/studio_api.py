"""Walks the OpenAPI document of the studio with Schemathesis: `python tools/studio_api.py SCHEMATHESIS [EXAMPLES]`.

The studio has a folder of its own and a worker that measures nothing.  Fails when an answer is a fault, or
is not as the document says.  Streams without an end are left out.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "helpers")]

from studio_server import TOKEN, running  # noqa: E402  the path comes first

CONFIG = """\
providers:
  a:
    api_base: http://127.0.0.1:9/v1
    api_key_env: A_KEY
    models: [{id: m}, {id: n}]
"""
ALLOWED = """\
[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "502"]
"""
"""502 is the documented answer for a provider that cannot be reached."""
CHECKS = "not_a_server_error,response_schema_conformance,content_type_conformance"


def main() -> int:
    """The exit status of Schemathesis."""
    command, examples = str(Path(sys.argv[1]).resolve()), sys.argv[2] if len(sys.argv) > 2 else "30"
    worker = (sys.executable, str(ROOT / "tests" / "helpers" / "fake_worker.py"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
        (folder / ".env").write_text("A_KEY=sk-canary-0123456789abcdef\n", encoding="utf-8")
        settings = folder / "schemathesis.toml"
        settings.write_text(ALLOWED, encoding="utf-8")
        with running(folder, worker=worker, tool=(sys.executable, "-c", "")) as studio:
            asked = [
                command, "--config-file", str(settings), "run", f"http://127.0.0.1:{studio.port}/openapi.json",
                "--header", f"Authorization: Bearer {TOKEN}", "--exclude-path", "/api/events",
                "--checks", CHECKS, "--max-examples", examples, "--request-timeout", "20",
                "--generation-deterministic", "--continue-on-failure",
            ]  # fmt: skip
            return subprocess.run(asked, check=False, cwd=folder).returncode  # noqa: S603 - what the caller names


if __name__ == "__main__":
    sys.exit(main())
