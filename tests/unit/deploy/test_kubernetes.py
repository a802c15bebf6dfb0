"""The manifests keep to the rules, and what they set the programs take."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import ClientSession
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

import cio_nurse.settings
import cio_strategist.settings
from cio_nurse.adapters.health import HealthServer
from cio_nurse.adapters.telemetry import Telemetry
from cio_strategist.gateway.probe_app import probe_app
from cio_strategist.gateway.readiness import Readiness
from cio_strategist.roles.role import Role

FOLDER = Path(__file__).parents[3] / "deploy" / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
SECRETS = {
    "NATS_URL": "nats://user:password@nats:4222",
    "REDIS_URL": "redis://user:password@redis:6379/0",
    "MONGODB_URI": "mongodb://user:password@mongodb/petrosa",
    "STRATEGIST_TOTP_SECRET": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    "STRATEGIST_EXCHANGE_API_KEY": "key",
    "STRATEGIST_EXCHANGE_API_SECRET": "secret",
}
"""A value for each secret that is not in the repository."""


def _objects() -> Iterator[dict[str, Any]]:
    for name in KUSTOMIZATION["resources"]:
        yield from yaml.safe_load_all((FOLDER / name).read_text())


OBJECTS = list(_objects())
CONFIG = {each["metadata"]["name"]: each["data"] for each in OBJECTS if each["kind"] == "ConfigMap"}
DEPLOYMENTS = {each["metadata"]["name"]: each["spec"] for each in OBJECTS if each["kind"] == "Deployment"}
every_deployment = pytest.mark.parametrize("name", DEPLOYMENTS)


def _pod(name: str) -> dict[str, Any]:
    return DEPLOYMENTS[name]["template"]["spec"]


def _container(name: str) -> dict[str, Any]:
    (container,) = _pod(name)["containers"]
    return container


def _environment(name: str) -> dict[str, str]:
    container = _container(name)
    plain = {entry["name"]: entry["value"] for entry in container["env"] if "value" in entry}
    shared = {
        key: value for each in container["envFrom"] for key, value in CONFIG[each["configMapRef"]["name"]].items()
    }
    return {**shared, **plain, **{key: SECRETS[key] for key in _secrets(name)}}


def _secrets(name: str) -> set[str]:
    return {entry["name"] for entry in _container(name)["env"] if "secretKeyRef" in entry.get("valueFrom", {})}


def _settings(name: str, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, object]:
    """What the program makes of its environment, by variable. Raises for a variable that it does not know."""
    environment = _environment(name)
    if name == "cio-nurse":
        settings, known = cio_nurse.settings.load(environment), cio_nurse.settings.variables()
        fields = cio_nurse.settings.Settings.model_fields
    else:
        for variable in cio_strategist.settings.variables():
            monkeypatch.delenv(variable, raising=False)
        for variable, value in environment.items():
            monkeypatch.setenv(variable, value)
        settings, known = cio_strategist.settings.Settings.load(), cio_strategist.settings.variables()
        fields = cio_strategist.settings.Settings.model_fields
    assert environment.keys() <= known.keys()
    return {field.alias or key: getattr(settings, key) for key, field in fields.items()}


def test_the_namespace_is_said_once_and_every_file_is_applied() -> None:
    assert KUSTOMIZATION["namespace"] == "petrosa-apps"
    assert [each for each in OBJECTS if "namespace" in each["metadata"]] == []
    assert {file.name for file in FOLDER.iterdir()} == {"kustomization.yaml", *KUSTOMIZATION["resources"]}
    assert not [each for each in OBJECTS if each["kind"] == "Secret"]


def test_there_is_a_gate_that_can_lose_one_and_a_deployment_for_each_role() -> None:
    roles = [
        _container(name)["command"][2] for name in DEPLOYMENTS if _container(name)["command"][0] == "cio-strategist"
    ]
    assert sorted(roles) == sorted(Role)
    (budget,) = (each["spec"] for each in OBJECTS if each["kind"] == "PodDisruptionBudget")
    assert budget["minAvailable"] < DEPLOYMENTS["cio-nurse"]["replicas"]


@every_deployment
def test_settings_are_taken_and_secrets_come_from_secrets_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, given = _settings(name, monkeypatch), _environment(name)
    assert {variable for variable in given if isinstance(settings[variable], SecretStr)} == _secrets(name)
    for entry in _container(name)["env"]:
        if reference := entry.get("valueFrom"):
            assert reference["secretKeyRef"] == {"name": name, "key": entry["name"]}


@every_deployment
def test_the_port_is_the_one_that_is_served_for_all(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _settings(name, monkeypatch)
    prefix = "NURSE" if name == "cio-nurse" else "STRATEGIST"
    (port,) = _container(name)["ports"]
    assert port == {"name": "http", "containerPort": settings[f"{prefix}_HTTP_PORT"]}
    assert DEPLOYMENTS[name]["template"]["metadata"]["annotations"]["prometheus.io/port"] == str(port["containerPort"])
    assert settings[f"{prefix}_HTTP_HOST"] == "0.0.0.0"
    assert [_container(name)[f"{probe}Probe"]["httpGet"]["port"] for probe in ("liveness", "readiness")] == ["http"] * 2


@every_deployment
def test_nobody_is_root_or_can_write(name: str) -> None:
    pod, container = _pod(name), _container(name)
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "runAsGroup": 1000,
        "fsGroup": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)
    assert "cpu" not in container["resources"]["limits"]
    assert {mount["name"] for mount in container.get("volumeMounts", [])} == {
        volume["name"] for volume in pod.get("volumes", [])
    }


@every_deployment
def test_selectors_find_their_pods(name: str) -> None:
    labels = DEPLOYMENTS[name]["template"]["metadata"]["labels"]
    assert labels == {"app": name, "part-of": "petrosa-cio"}
    assert DEPLOYMENTS[name]["selector"]["matchLabels"] == {"app": name}


def test_policies_budget_and_service_are_for_pods_that_exist() -> None:
    pods = [spec["template"]["metadata"]["labels"] for spec in DEPLOYMENTS.values()]
    selections = {
        "NetworkPolicy": lambda spec: spec["podSelector"]["matchLabels"],
        "PodDisruptionBudget": lambda spec: spec["selector"]["matchLabels"],
        "Service": lambda spec: spec["selector"],
    }
    selected = [selections[each["kind"]](each["spec"]) for each in OBJECTS if each["kind"] in selections]
    assert len(selected) == 4
    assert [labels for labels in selected if not any(labels.items() <= pod.items() for pod in pods)] == []


def test_the_gate_has_its_journal_on_a_volume_and_time_to_answer_what_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _settings("cio-nurse", monkeypatch)
    (mount,), (volume,) = _container("cio-nurse")["volumeMounts"], _pod("cio-nurse")["volumes"]
    assert Path(mount["mountPath"]) == settings["NURSE_JOURNAL_FOLDER"]
    assert volume["emptyDir"] == {"sizeLimit": "256Mi"}
    assert settings["NURSE_JOURNAL_MAX_BYTES"] == 64 * 1024**2
    assert settings["NURSE_DRAIN_SECONDS"] == 10.0
    assert _pod("cio-nurse")["terminationGracePeriodSeconds"] == 20


def test_the_recorder_finds_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    (mount,) = _container("cio-recorder")["volumeMounts"]
    assert _settings("cio-recorder", monkeypatch)["STRATEGIST_AUDIT_KEY_FILE"] == Path(mount["mountPath"]) / "audit.pem"


PROBES = ("livenessProbe", "readinessProbe")
PATHS = {_container(name)[probe]["httpGet"]["path"] for name in DEPLOYMENTS for probe in PROBES}


def test_the_strategist_serves_the_probes() -> None:
    app = probe_app(lambda: Readiness(ready=True, facts={}), registry=CollectorRegistry())
    assert {str(app.url_path_for(path.strip("/"))) for path in PATHS} == PATHS


@pytest.mark.servers
async def test_the_gate_serves_the_probes() -> None:
    server = HealthServer(host="127.0.0.1", port=0, readiness=lambda: (True, {}), telemetry=Telemetry("gate"))
    port = await server.start()
    try:
        for path in PATHS:
            async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as page:
                assert page.status == 200
    finally:
        await server.stop()
