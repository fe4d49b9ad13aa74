"""The manifests are what the API of Kubernetes takes, and fit each other and this tool."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from sse_perf_tool.arguments import parse_arguments

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "kubernetes"
TOKEN = {"SSE_PERF_CLUSTER_TOKEN": "0123456789abcdef"}

NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
QUANTITY = re.compile(r"[0-9]+(m|[KMGT]i?)?")
LABELS = {re.compile(r"[a-z./-]+"): NAME}
CONTAINER = {
    "name": NAME, "image": str, "args?": [str], "env?": [{"name": re.compile("[A-Z_]+"), "value?": str, "valueFrom?":
    {"secretKeyRef": {"name": NAME, "key": str}}}], "ports?": [{"containerPort": int}],
    "resources?": {"requests?": {re.compile("cpu|memory"): QUANTITY}, "limits?": {re.compile("cpu|memory"): QUANTITY}},
    "securityContext?": {"allowPrivilegeEscalation?": bool, "runAsNonRoot?": bool, "runAsUser?": int},
}  # fmt: skip
SPREAD = {
    "maxSkew": int, "topologyKey": str, "whenUnsatisfiable": re.compile("DoNotSchedule|ScheduleAnyway"),
    "labelSelector": {"matchLabels": LABELS},
}  # fmt: skip
POD = {
    "restartPolicy": re.compile("Never|OnFailure"), "automountServiceAccountToken?": bool,
    "topologySpreadConstraints?": [SPREAD], "containers": [CONTAINER],
}  # fmt: skip
KINDS = {
    ("v1", "Service"): {
        "clusterIP?": str, "publishNotReadyAddresses?": bool, "selector": LABELS,
        "ports": [{"name?": NAME, "port": int, "targetPort?": int}],
    },
    ("batch/v1", "Job"): {
        "backoffLimit?": int, "completions?": int, "parallelism?": int,
        "template": {"metadata": {"labels": LABELS}, "spec": POD},
    },
}  # fmt: skip
"""The parts of the API reference that are used here; ? is optional, and nothing else may stand there."""


def faults(value: Any, schema: Any, at: str) -> list[str]:
    """Where a value is not as the schema has it."""
    if isinstance(schema, dict):
        if not isinstance(value, dict):
            return [f"{at}: no object"]
        names = {key.rstrip("?"): each for key, each in schema.items() if isinstance(key, str)}
        patterns = [(key, each) for key, each in schema.items() if isinstance(key, re.Pattern)]
        found = [
            f"{at}.{key}: missing" for key in schema if isinstance(key, str) and key not in value and key[-1] != "?"
        ]
        for key, each in value.items():
            wanted = names.get(key, next((to for pattern, to in patterns if pattern.fullmatch(key)), None))
            found += [f"{at}.{key}: unknown"] if wanted is None else faults(each, wanted, f"{at}.{key}")
        return found
    if isinstance(schema, list):
        if not isinstance(value, list) or not value:
            return [f"{at}: no list"]
        return [fault for number, each in enumerate(value) for fault in faults(each, schema[0], f"{at}[{number}]")]
    if isinstance(schema, re.Pattern):
        return [] if isinstance(value, str) and schema.fullmatch(value) else [f"{at}: {value!r}"]
    return [] if type(value) is schema else [f"{at}: {value!r} is no {schema.__name__}"]


def faults_of(document: dict[str, Any]) -> list[str]:
    kind = (document.get("apiVersion"), document.get("kind"))
    if kind not in KINDS:
        return [f"{kind}: unknown"]
    schema = {"apiVersion": str, "kind": str, "metadata": {"name": NAME}, "spec": KINDS[kind]}
    return faults(document, schema, str(kind[1]))


def documents(path: Path) -> list[dict[str, Any]]:
    return list(YAML(typ="safe", pure=True).load_all(path.read_text(encoding="utf-8")))


def named(kind: str, name: str) -> dict[str, Any]:
    every = [each for path in FOLDER.glob("*.yaml") for each in documents(path)]
    return next(each for each in every if (each["kind"], each["metadata"]["name"]) == (kind, name))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.name)
def test_the_manifests_are_as_the_api_has_them(path: Path) -> None:
    assert [fault for document in documents(path) for fault in faults_of(document)] == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda job: job["spec"].update(paralelism=3), "Job.spec.paralelism: unknown"),
        (lambda job: job["spec"].update(completions="3"), "Job.spec.completions: '3' is no int"),
        (lambda job: job["spec"]["template"]["spec"].pop("containers"), "Job.spec.template.spec.containers: missing"),
        (lambda job: job["metadata"].update(name="Workers_1"), "Job.metadata.name: 'Workers_1'"),
        (lambda job: job.update(apiVersion="v1"), "('v1', 'Job'): unknown"),
    ],
)
def test_the_check_sees_what_is_wrong(change, fault) -> None:
    job = named("Job", "sse-perf-workers")
    change(job)
    assert faults_of(job) == [fault]


def container(name: str) -> dict[str, Any]:
    return named("Job", name)["spec"]["template"]["spec"]["containers"][0]


def test_master_workers_and_service_fit_each_other() -> None:
    master, workers = container("sse-perf-master"), container("sse-perf-workers")
    run = parse_arguments([*master["args"], "--api-key", "-"], TOKEN, None)
    joining = parse_arguments(workers["args"], TOKEN, None).joining
    service, job = named("Service", "sse-perf-master"), named("Job", "sse-perf-workers")["spec"]
    assert run.workers is not None
    assert joining is not None
    assert run.workers.number == job["completions"] == job["parallelism"]
    assert (run.workers.host, run.workers.port) == ("0.0.0.0", joining.port)
    assert (joining.host, joining.port) == (service["metadata"]["name"], service["spec"]["ports"][0]["port"])
    assert service["spec"]["selector"] == named("Job", "sse-perf-master")["spec"]["template"]["metadata"]["labels"]
    assert master["env"] == workers["env"], "the same token"
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"secret generic {master['env'][0]['valueFrom']['secretKeyRef']['name']} " in text
