"""Writes what the tool is made of as a CycloneDX document: `python tools/sbom.py PYTHON FILE`.

PYTHON is that of an environment which holds the tool, its dependencies and nothing else.  `cyclonedx-py` (the package
cyclonedx-bom) lists what is installed there; the scripts of others that the wheel holds for its reports stand in no
metadata of Python, so they are added here, with the hashes that the tool itself checks.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from sse_perf_tool import __version__  # noqa: E402  the path comes first
from sse_perf_tool.report_parts.libraries import FLAME_LIBRARIES, LIBRARIES, Library  # noqa: E402  the path comes first

SPEC = "1.6"


def component(library: Library) -> dict[str, Any]:
    """A bundled script as a component."""
    purl = f"pkg:npm/{quote(library.package, safe='/')}@{library.version}"
    return {
        "bom-ref": purl,
        "type": "library",
        "name": library.package,
        "version": library.version,
        "purl": purl,
        "description": f"bundled in the wheel as assets/{library.asset}",
        "hashes": [{"alg": "SHA-384", "content": base64.b64decode(library.sha384).hex()}],
    }


def with_scripts(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the bundled scripts, as what its main component depends on."""
    scripts = [component(library) for library in (*LIBRARIES, *FLAME_LIBRARIES)]
    # cyclonedx-py reads the version from pyproject.toml, which says only where it stands.
    metadata = {**document["metadata"], "component": {**document["metadata"]["component"], "version": __version__}}
    main = metadata["component"]["bom-ref"]
    references = [script["bom-ref"] for script in scripts]
    dependencies = [each for each in document.get("dependencies", []) if each["ref"] != main]
    own: dict[str, Any] = next(
        (each for each in document.get("dependencies", []) if each["ref"] == main), {"ref": main}
    )
    own = {**own, "dependsOn": sorted({*own.get("dependsOn", []), *references})}
    return {
        **document,
        "metadata": metadata,
        "components": [*document.get("components", []), *scripts],
        "dependencies": [*dependencies, own, *({"ref": reference} for reference in references)],
    }


def main(argv: Sequence[str]) -> int:
    """Writes the file."""
    python, path = argv
    words = ["environment", "--pyproject", "pyproject.toml", "--sv", SPEC, "--output-reproducible", "-o", "-", python]
    program = str(Path(sys.executable).with_name("cyclonedx-py"))
    done = subprocess.run([program, *words], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603
    document = with_scripts(json.loads(done.stdout))
    Path(path).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(f"{path}: {len(document['components'])} components")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
