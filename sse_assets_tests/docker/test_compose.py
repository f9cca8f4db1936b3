"""The compose files: what is open, who runs it, what survives, what a step finds."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sse_assets_tests.docker.compose_files import DOCKER, WAYS, compose, files_of
from sse_assets_tests.docker.dockerfile import all_of, environment, folders_of_the_user

pytestmark = pytest.mark.parametrize("way", WAYS)

_SECRET = re.compile(r"PASSWORD|SECRET|ACCESS_KEY|TOKEN")
_FROM_ENVIRONMENT = re.compile(r"\$\{[A-Z_]+(:\?[^}]+|:-)\}")


def test_every_port_is_on_loopback(way: str) -> None:
    ports = [port for service in compose(way).services.values() for port in service.ports]
    assert ports
    for port in ports:
        host, *_ = port.split(":")
        assert host == "127.0.0.1", port


def test_no_secret_is_written_down(way: str) -> None:
    found = 0
    for name, service in compose(way).services.items():
        for variable, value in service.environment.items():
            if _SECRET.search(variable):
                found += 1
                assert _FROM_ENVIRONMENT.fullmatch(value), f"{name}: {variable}"
    assert found


def test_nobody_is_root(way: str) -> None:
    (user,) = all_of("USER")
    for name, service in compose(way).services.items():
        assert service.user == (user.text if service.build else service.user), name
        assert service.user.split(":")[0] not in ("root", "0"), name
        assert service.cap_drop == ["ALL"], name
        assert service.security_opt == ["no-new-privileges:true"], name


def test_health_checks_call_what_the_image_has(way: str) -> None:
    scripts = str(Path(sys.executable).parent)
    for name, service in compose(way).services.items():
        if service.build and service.healthcheck:
            kind, program, *_ = service.healthcheck.test
            assert kind == "CMD", name
            assert shutil.which(program, path=scripts), f"{name}: {program}"
            assert shutil.which(service.command[0], path=scripts), f"{name}: {service.command[0]}"


def test_results_and_weights_are_on_volumes(way: str) -> None:
    server = compose(way).services["code-server"]
    for place in (environment()["SSE_HOME"], server.environment["SSE_BLOB_ROOT"], environment()["HF_HOME"]):
        assert place in server.mounts, place


def test_volumes_are_named_used_and_belong_to_the_user(way: str) -> None:
    loaded = compose(way)
    used = set()
    for name, service in loaded.services.items():
        for place, source in service.mounts.items():
            if source.startswith("${"):
                continue  # the inbox
            used.add(source)
            assert source in loaded.volumes, f"{name}: {source}"
            if service.build:
                assert place in folders_of_the_user(), f"{name}: {place}"
    assert used == set(loaded.volumes)


def test_one_service_alone_has_the_warehouse_and_reads_the_inbox(way: str) -> None:
    services = compose(way).services
    home = environment()["SSE_HOME"]
    warehouse = services["code-server"].mounts[home]
    assert [name for name, service in services.items() if warehouse in service.mounts.values()] == [
        "code-server"
    ]
    (inbox,) = [mount for mount in services["code-server"].volumes if f":{home}/inbox" in mount]
    assert inbox.endswith(":ro")
    assert services["code-server"].hostname  # stays when the container is made again


def test_whatever_carries_out_steps_has_what_they_need(way: str) -> None:
    services = compose(way).services
    known = services["code-server"].environment
    nodes = [service for service in services.values() if service.command[:2] == ["ray", "start"]]
    assert bool(nodes) == ("RAY_ADDRESS" in known) == (known.get("SSE_EXECUTOR") == "ray")
    for node in nodes:
        # The rest comes with each step, or belongs to the code server.
        assert node.environment.items() <= known.items()
        assert known.keys() - node.environment.keys() == {
            "DAGSTER_CODE_SERVER_HOST",
            "DAGSTER_CODE_SERVER_PORT",
            "RAY_ADDRESS",
            "SSE_BLOB_ROOT",
            "SSE_DATASET",
            "SSE_EXECUTOR",
        }
        code_server = services["code-server"].mounts
        for place in (known["SSE_BLOB_ROOT"], "/logs", environment()["HF_HOME"]):
            assert node.mounts[place] == code_server[place], place


def _docker_compose() -> list[str]:
    for program in (["docker", "compose"], ["docker-compose"]):
        if (
            shutil.which(program[0])
            and not subprocess.run([*program, "version"], capture_output=True).returncode
        ):
            return program
    pytest.skip("neither `docker compose` nor docker-compose is installed")


def _config(way: str, **secrets: str) -> subprocess.CompletedProcess[str]:
    arguments = [argument for file in files_of(way) for argument in ("-f", str(file))]
    return subprocess.run(
        [*_docker_compose(), *arguments, "config", "--quiet"],
        env={"PATH": os.environ["PATH"], "SSE_INBOX": "./inbox", **secrets},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_docker_compose_takes_them(way: str) -> None:
    taken = _config(way, POSTGRES_PASSWORD="x")
    assert taken.returncode == 0, taken.stderr


def test_docker_compose_asks_for_secrets(way: str) -> None:
    if (DOCKER / ".env").exists():
        pytest.skip("docker/.env has the secrets")
    refused = _config(way)
    assert refused.returncode != 0
    assert "set it in docker/.env" in refused.stderr
