"""docker-compose.yml, read as it is: hardening, limits, ports, and that it agrees with the program and its settings."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ruamel.yaml import YAML

from stream.cli import COMMANDS
from stream.settings import ENV_PREFIX, Settings
from tests.ops.queries import OPS, ROOT

TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = YAML(typ="safe").load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "redline:local"}
ONCE = {"topics"}


def test_the_services_are_all_there() -> None:
    names = {
        "kafka",
        "topics",
        "worker",
        "web",
        "replayer",
        "ingest",
        "notify",
        "prometheus",
        "alertmanager",
        "grafana",
    }
    assert set(SERVICES) == names
    assert set(OURS) == {"topics", "worker", "web", "replayer", "ingest", "notify"}
    assert SERVICES["ingest"]["profiles"] == ["live"]
    assert SERVICES["notify"]["profiles"] == ["live"]
    assert SERVICES["replayer"]["profiles"] == ["demo"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_limited_and_without_privileges(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["logging"]["options"]["max-size"]
    assert "privileged" not in service
    assert service["restart"] == ("on-failure:10" if name in ONCE else "unless-stopped")
    assert ("healthcheck" in service) != (name in ONCE)
    assert not service["image"].endswith(":latest")
    assert ":" in service["image"], "a pinned version"


@pytest.mark.parametrize("name", OURS)
def test_our_services_are_one_image_that_cannot_write(name: str) -> None:
    service = OURS[name]
    assert service["build"] == SERVICES["worker"]["build"]
    assert service["user"] == "10001:10001"
    assert service["read_only"] is True
    assert service["command"][0] in COMMANDS
    written = [volume for volume in service.get("volumes", []) if not volume.endswith(":ro")]
    assert written == (["ingest-state:/var/lib/redline"] if name == "ingest" else [])
    grace_ms = int(service["stop_grace_period"].removesuffix("s")) * 1_000
    assert grace_ms > Settings.model_fields["shutdown_timeout_ms"].default, "Docker waits longer than the worker needs"


def test_only_loopback_ports_are_published() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 6
    assert all(port.startswith("127.0.0.1:${") for port in ports)


def test_settings_given_to_our_services_exist() -> None:
    for service in OURS.values():
        for name in service["environment"]:
            if name.startswith(ENV_PREFIX):
                assert name[len(ENV_PREFIX) :].lower() in Settings.model_fields


def test_scraped_ports_are_the_ones_that_are_served() -> None:
    jobs = {
        job["job_name"]: job for job in YAML(typ="safe").load(OPS / "prometheus" / "prometheus.yml")["scrape_configs"]
    }
    served = {
        "worker": "metrics_port",
        "replayer": "replay_metrics_port",
        "web": "web_metrics_port",
        "ingest": "ingest_metrics_port",
        "notify": "notify_metrics_port",
    }
    for name, setting in served.items():
        (found,) = jobs[f"redline-{name}"]["dns_sd_configs"]
        port = Settings.model_fields[setting].default
        assert (found["names"], found["port"]) == ([name], port)
        assert SERVICES[name]["healthcheck"]["test"] == ["CMD", "healthy", str(port)]


def test_the_page_is_published_where_it_listens_and_asks_for_a_login() -> None:
    web = SERVICES["web"]
    assert web["ports"] == [f"127.0.0.1:${{WEB_PORT:-8400}}:{Settings.model_fields['web_port'].default}"]
    token = re.search(r":-(.*)}", web["environment"]["REDLINE_WEB_TOKEN"])
    assert token is not None
    Settings(web_host=web["environment"]["REDLINE_WEB_HOST"], web_token=token.group(1))  # raises if it would not start


def test_volumes_are_named_and_mounted_files_exist() -> None:
    mounts = [volume for service in SERVICES.values() for volume in service.get("volumes", [])]
    sources = [re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", mount).split(":")[0] for mount in mounts]
    assert {s for s in sources if not s.startswith("./")} == set(COMPOSE["volumes"])
    for source in sources:
        if source.startswith("./"):
            assert (ROOT / source).exists(), source


def test_every_variable_is_in_the_example_with_its_default() -> None:
    used = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", TEXT))
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert example.pop("COMPOSE_PROFILES") == "demo"
    assert example == used
    # `redline` reads .env too, and refuses names with its prefix that are no settings.
    assert not any(name.startswith(ENV_PREFIX) for name in example)


def test_provisioned_folders_and_data_source_agree_with_the_mounts() -> None:
    folder = YAML(typ="safe").load(OPS / "grafana" / "provisioning" / "dashboards" / "redline.yml")
    path = folder["providers"][0]["options"]["path"]
    assert f"./ops/grafana/dashboards:{path}:ro" in SERVICES["grafana"]["volumes"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{path}/pipeline.json"
    sources = YAML(typ="safe").load(OPS / "grafana" / "provisioning" / "datasources" / "prometheus.yml")["datasources"]
    assert {source["url"] for source in sources} == {"http://prometheus:9090", "http://alertmanager:9093"}
    scraped = YAML(typ="safe").load(OPS / "prometheus" / "prometheus.yml")["global"]["scrape_interval"]
    assert sources[0]["jsonData"]["timeInterval"] == scraped


def test_the_image_runs_as_nobody_with_locked_packages_and_no_installer() -> None:
    stages = (OPS / "docker" / "Dockerfile").read_text(encoding="utf-8").split("\nFROM ")
    build, final = stages[-2], stages[-1]
    assert "--require-hashes -r /build/requirements.lock" in build
    assert re.search(r"pip uninstall .* pip\b", build)
    lines = final.splitlines()
    assert "USER 10001:10001" in lines
    assert not [line for line in lines[lines.index("USER 10001:10001") :] if line.startswith(("USER root", "RUN"))]
    assert not re.search(r"^ADD |curl|wget|chmod|apt-get|EXPOSE", final, re.MULTILINE)


def test_no_container_gets_a_secret_in_the_file() -> None:
    assert not re.search(r"(PASSWORD|SECRET|TOKEN|KEY)\w*: +[\"']?[^\s\"'$]", TEXT)
