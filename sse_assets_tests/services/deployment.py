"""Dagster as a deployment runs it: a code server, the web server and the daemon, on PostgreSQL."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import requests
import yaml
from dagster_graphql import DagsterGraphQLClient, ReloadRepositoryLocationStatus

from sse_assets_tests.conftest import REPOSITORY
from sse_assets_tests.environment import plain_environment
from sse_assets_tests.services.processes import Process, answers, wait_for

LOCATION, REPOSITORY_NAME = "sse_assets", "__repository__"
POSTGRES_URL = "SSE_POSTGRES_URL"
_DAGSTER = Path(sys.executable).with_name("dagster")


class Deployment:
    """Three processes, each of which can be killed and started again, and their storage."""

    def __init__(self, home: Path, module: str, ports: range, environment: Mapping[str, str]) -> None:
        """Prepare the processes.

        Args:
            home: `SSE_HOME`, on this machine alone.
            module: module of the code location.
            ports: two free ports.
            environment: variables of the processes beside a PATH and the code, with `SSE_POSTGRES_URL`.
        """
        self.home = home
        dagster_home = home / "dagster"
        dagster_home.mkdir()
        config = yaml.safe_load((REPOSITORY / "dagster.yaml").read_text())
        config["storage"] = {"postgres": {"postgres_url": {"env": POSTGRES_URL}}}
        (dagster_home / "dagster.yaml").write_text(yaml.safe_dump(config))
        code, self._web = ports[0], ports[1]
        workspace = dagster_home / "workspace.yaml"
        server = {"host": "127.0.0.1", "port": code, "location_name": LOCATION}
        workspace.write_text(yaml.safe_dump({"load_from": [{"grpc_server": server}]}))
        variables = plain_environment("AWS_", "RAY_") | {
            "SSE_HOME": str(home),
            "DAGSTER_HOME": str(dagster_home),
            **environment,
        }
        self._dagster_home = dagster_home
        address = ["-h", "127.0.0.1", "-p"]
        self.code_server, self.web_server, self.daemon = (
            Process(command, log=home / f"{name}.log", environment=variables)
            for name, command in {
                "code_server": [
                    _DAGSTER, "api", "grpc", "-m", module, "-d", REPOSITORY, *address, str(code)
                ],
                "web_server": [
                    _DAGSTER.with_name("dagster-webserver"), "-w", workspace, *address, str(self._web)
                ],
                "daemon": [_DAGSTER.with_name("dagster-daemon"), "run", "-w", workspace],
            }.items()
        )  # fmt: skip

    @property
    def processes(self) -> tuple[Process, ...]:
        """All three."""
        return self.code_server, self.web_server, self.daemon

    def start(self) -> None:
        """Start what does not run."""
        for process in self.processes:
            if not process.runs:
                process.start()
        wait_for(self.is_up, "the web server or the code server does not answer")

    def stop(self) -> None:
        for process in self.processes:
            process.stop()

    def is_up(self) -> bool:
        """Return whether a person can launch something.

        Raises:
            AssertionError: with its log, if a process has ended.
        """
        for process in self.processes:
            assert process.runs, process.said()
        return self.answers() and self._has_code()

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """Open the storage of the daemon and the runs; this process needs `SSE_POSTGRES_URL` for it."""
        with dg.DagsterInstance.from_config(str(self._dagster_home)) as instance:
            yield instance

    def answers(self) -> bool:
        """Return whether the web server answers."""
        return answers(f"http://127.0.0.1:{self._web}/server_info")

    def _has_code(self) -> bool:
        """Reload, as the web server goes on showing the code of a server that was killed."""
        loaded = self.client().reload_repository_location(LOCATION)
        return loaded.status is ReloadRepositoryLocationStatus.SUCCESS

    def reload_the_page(self) -> None:
        """Ask until the web server has given up its connections to a database that was killed."""
        of_every_storage = (
            "{runsOrError(limit: 1) {__typename ... on Runs {results {id}}}"
            " assetsOrError(limit: 1) {__typename ... on AssetConnection {nodes {id}}}}"
        )
        wait_for(lambda: not _is_error(self._post(of_every_storage, {})), "the web server does not recover")

    def turn_off(self, sensor: str) -> None:
        """Turn a sensor off, as under *Automation* in the UI."""
        where = {"repositoryName": REPOSITORY_NAME, "repositoryLocationName": LOCATION, "sensorName": sensor}
        found = self.ask(
            "query($where: SensorSelector!) {sensorOrError(sensorSelector: $where) {... on Sensor {id}}}",
            where=where,
        )
        off = self.ask(
            "mutation($id: String!) {stopSensor(id: $id) {__typename}}", id=found["sensorOrError"]["id"]
        )
        assert off["stopSensor"]["__typename"] == "StopSensorMutationResult", off

    def client(self) -> DagsterGraphQLClient:
        """Return a client that does what a person does in the UI."""
        return DagsterGraphQLClient("127.0.0.1", port_number=self._web)

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Return the answer of the web server to a GraphQL query."""
        answer = self._post(query, variables)
        assert "errors" not in answer, answer
        return answer["data"]

    def _post(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        address = f"http://127.0.0.1:{self._web}/graphql"
        return requests.post(address, json={"query": query, "variables": variables}, timeout=60).json()


def _is_error(answer: Mapping[str, Any]) -> bool:
    return "errors" in answer or any(part["__typename"] == "PythonError" for part in answer["data"].values())
