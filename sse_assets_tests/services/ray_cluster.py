"""A Ray cluster on one machine: a head and nodes, with processes of their own, that can be taken away."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from sse_assets_tests.services.deployment import plain_environment


class RayCluster:
    """A head with one core, and the nodes that a test adds."""

    def __init__(self, ports: range, environment: Mapping[str, str]) -> None:
        """Start the head.

        Args:
            ports: the dashboard's, then one for each node there will ever be, the head among them.
            environment: what steps find there beside a PATH and the code.
        """
        from ray.cluster_utils import Cluster

        self.address = f"http://127.0.0.1:{ports[0]}"
        # Nodes that share a machine need ports of their own for their agents.
        self._agent_ports = iter(ports[1:])
        self._environment = plain_environment() | environment
        head = {"num_cpus": 1, "include_dashboard": True, "dashboard_port": ports[0]}
        with self._only_its_environment():
            self._cluster = Cluster(
                initialize_head=True,
                head_node_args={**head, "dashboard_agent_listen_port": next(self._agent_ports)},
            )

    def add_node(self, **resources: float) -> Any:
        """A further node, such as one with `num_gpus=1`."""
        with self._only_its_environment():
            return self._cluster.add_node(
                num_cpus=1, dashboard_agent_listen_port=next(self._agent_ports), **resources
            )

    def lose(self, node: Any) -> None:
        """Take a node away as a power cut does."""
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
    def _only_its_environment(self) -> Iterator[None]:
        """A node inherits what this process has when it starts."""
        with patch.dict(os.environ, self._environment, clear=True):
            yield


@contextmanager
def ray_cluster(ports: range, environment: Mapping[str, str]) -> Iterator[RayCluster]:
    """A cluster of a head; without Ray the test is skipped."""
    pytest.importorskip("dagster_ray", reason="needs Ray: pip install -c constraints.txt -e '.[ray]'")
    cluster = RayCluster(ports, environment)
    try:
        yield cluster
    finally:
        cluster.stop()
