"""The compose files as a person starts them, with what the tests look at in a service."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from sse_assets_tests.conftest import REPOSITORY

DOCKER = REPOSITORY / "docker"
WAYS = {
    "workstation": ["compose.yaml"],
    "workstation with GPUs": ["compose.yaml", "compose.gpu.yaml"],
    "ray": ["compose.yaml", "compose.ray.yaml"],
}
"""Files after one another, as `docker compose` takes them."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Healthcheck(_Strict):
    test: list[str]
    interval: str
    timeout: str
    retries: int
    start_period: str


class Service(_Strict):
    image: str
    user: str
    restart: str
    cap_drop: list[str]
    security_opt: list[str]
    build: dict[str, Any] | None = None
    command: list[str] = []
    hostname: str | None = None
    environment: dict[str, str] = {}
    ports: list[str] = []
    volumes: list[str] = []
    depends_on: dict[str, dict[str, str]] = {}
    healthcheck: Healthcheck | None = None
    deploy: dict[str, Any] | None = None
    shm_size: str | None = None
    stop_grace_period: str | None = None

    @property
    def mounts(self) -> dict[str, str]:
        """Volume, or folder of the host, by the place it is mounted on."""
        return {place: source for source, place, *_ in map(_parts, self.volumes)}


class Compose(BaseModel):
    services: dict[str, Service]
    volumes: dict[str, None]


def _parts(mount: str) -> list[str]:
    """A mount at its colons; one in `${NAME:?…}` divides nothing."""
    if not mount.startswith("${"):
        return mount.split(":")
    variable, rest = mount.split("}", 1)
    return [variable + "}", *rest.lstrip(":").split(":")]


def compose(way: str) -> Compose:
    """The files of one way, the later ones laid over the earlier."""
    merged: dict[str, Any] = {}
    for name in WAYS[way]:
        merged = _lay_over(merged, yaml.safe_load((DOCKER / name).read_text()))
    return Compose.model_validate(merged)


def _lay_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    return below | {
        name: _lay_over(below[name], value)
        if isinstance(value, dict) and isinstance(below.get(name), dict)
        else value
        for name, value in above.items()
    }


def files_of(way: str) -> list[Path]:
    return [DOCKER / name for name in WAYS[way]]
