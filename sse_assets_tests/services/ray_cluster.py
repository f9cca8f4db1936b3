"""A Ray cluster on one machine: a head and nodes, with processes of their own, that can be taken away."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil
import pytest

from sse_assets_tests.environment import plain_environment


class RayCluster:
    """A head with one core, and the nodes that a test adds."""

    def __init__(self, ports: range, disks: Path, environment: Mapping[str, str]) -> None:
        """Start the head.

        Args:
            ports: the dashboard's, then one for each node there will ever be, the head among them.
            disks: holds the `SSE_HOME` of each node, which no other sees.
            environment: what steps find there beside a PATH and the code.
        """
        from ray.cluster_utils import Cluster

        self.address = f"http://127.0.0.1:{ports[0]}"
        # Nodes that share a machine need ports of their own for their agents.
        self._agent_ports = iter(ports[1:])
        self._environment = plain_environment("AWS_", "RAY_") | environment
        self._disks = disks
        self._homes: dict[str, str] = {}
        head = {"num_cpus": 1, "include_dashboard": True, "dashboard_port": ports[0]}
        with self._environment_of_a_node():
            self._cluster = Cluster(
                initialize_head=True,
                head_node_args={**head, "dashboard_agent_listen_port": next(self._agent_ports)},
            )

    def add_node(self, **resources: float) -> Any:
        """A further node, such as one with `num_gpus=1`."""
        with self._environment_of_a_node() as home:
            node = self._cluster.add_node(
                num_cpus=1, dashboard_agent_listen_port=next(self._agent_ports), **resources
            )
        self._homes[node.node_id] = home
        return node

    def lose(self, node: Any) -> None:
        """Take a node away as a power cut does: with the steps that are at work there."""
        for process in psutil.process_iter(["environ"]):
            if (process.info["environ"] or {}).get("SSE_HOME") == self._homes[node.node_id]:
                process.kill()
        self._cluster.remove_node(node, allow_graceful=False)

    def nodes_of_steps(self) -> dict[str, set[str]]:
        """Ids of the nodes on which each step has run."""
        from ray.job_submission import JobSubmissionClient

        nodes: dict[str, set[str]] = {}
        for submitted in JobSubmissionClient(self.address).list_jobs():
            assert submitted.metadata
            nodes.setdefault(submitted.metadata["dagster/op"], set()).add(str(submitted.driver_node_id))
        return nodes

    def stop(self) -> None:
        self._cluster.shutdown()

    @contextmanager
    def _environment_of_a_node(self) -> Iterator[str]:
        """What a node inherits of this process when it starts, with an `SSE_HOME` of its own."""
        home = tempfile.mkdtemp(dir=self._disks)
        with patch.dict(os.environ, {**self._environment, "SSE_HOME": home}, clear=True):
            yield home


@contextmanager
def ray_cluster(ports: range, disks: Path, environment: Mapping[str, str]) -> Iterator[RayCluster]:
    """A cluster of a head; without Ray the test is skipped."""
    pytest.importorskip("dagster_ray", reason="needs Ray: pip install -c constraints.txt -e '.[ray]'")
    cluster = RayCluster(ports, disks, environment)
    try:
        yield cluster
    finally:
        cluster.stop()
