"""A live daemon: sensors, queue and run processes as in production, on the small lineage."""

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from sse_assets_tests.conftest import REPOSITORY
from sse_assets_tests.orchestration.daemon_lineage import WORLD_FILE, write_world
from sse_assets_tests.orchestration.small_lineage import ASSETS, PARTITIONS, World, assets_of
from sse_assets_tests.services.processes import Process, wait_for

pytestmark = pytest.mark.services


class Site:
    """A Dagster home, and the file that says what the assets find there."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.world_file = home / "world.json"
        shutil.copyfile(REPOSITORY / "dagster.yaml", home / "dagster.yaml")
        self.instance = dg.DagsterInstance.from_config(str(home))

    def daemon(self) -> Process:
        """Return a daemon that is killed without warning at the end."""
        module = "sse_assets_tests.orchestration.daemon_lineage"
        home = str(self.home)
        return Process(
            [sys.executable, "-m", "dagster._daemon", "run", "-m", module, "-d", str(REPOSITORY)],
            log=self.home / "daemon.log",
            environment=os.environ
            | {"DAGSTER_HOME": home, "SSE_HOME": home, WORLD_FILE: str(self.world_file)},
        )

    def fetch(self, world: World, *names: str) -> None:
        """Make assets in this process, as a person or a schedule does."""
        write_world(self.world_file, world)
        for name in names:
            for partition in PARTITIONS.get_partition_keys() if name == "model" else [None]:
                dg.materialize(
                    assets_of(world), selection=[name], partition_key=partition, instance=self.instance
                )

    def times_made(self, name: str) -> int:
        return len(self.instance.fetch_materializations(dg.AssetKey(name), limit=100).records)

    def counts(self) -> dict[str, int]:
        return {name: self.times_made(name) for name in ASSETS}

    def looks(self) -> int:
        """How often the automation has looked."""
        return sum(
            len(self.instance.get_ticks(state.instigator_origin_id, state.selector_id))
            for state in self.instance.all_instigator_state()
        )

    def wait_for_looks(self, count: int) -> None:
        wanted = self.looks() + count
        wait_for(lambda: self.looks() >= wanted, "the automation does not look")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_models_follow_a_change_a_dropped_file_and_new_code_and_nothing_else(site: Site) -> None:
    world = World()
    site.fetch(world, *ASSETS)
    with site.daemon():
        site.wait_for_looks(1)
        for _ in range(8):
            site.fetch(world, "source")
        site.wait_for_looks(2)
        assert site.counts() == {"source": 9, "table": 1, "features": 1, "model": 2, "report": 1}

        site.fetch(replace(world, content="2"), "source")
        wait_for(lambda: site.times_made("report") == 2, "the report does not follow the change")
        site.wait_for_looks(2)
        assert site.counts() == {"source": 10, "table": 2, "features": 2, "model": 4, "report": 2}

        (site.home / "inbox").mkdir()
        (site.home / "inbox" / "lab.csv").write_text("id,formula,conductivity_s_cm\n")
        wait_for(lambda: site.times_made("report") == 3, "the report does not follow the inbox")
        assert site.counts() == {"source": 11, "table": 3, "features": 3, "model": 6, "report": 3}

    # The daemon was killed. Its successor finds new code, and goes on from the events alone.
    write_world(site.world_file, replace(world, content="2", code_versions={"features": "2"}))
    with site.daemon():
        wait_for(lambda: site.times_made("features") == 4, "new code is not followed")
        site.wait_for_looks(2)
        assert site.counts() == {"source": 11, "table": 3, "features": 4, "model": 6, "report": 3}

    # Where new code makes something else, its descendants follow, and neither its siblings nor its inputs.
    write_world(site.world_file, replace(world, content="3", code_versions={"features": "2", "model": "2"}))
    with site.daemon():
        wait_for(lambda: site.times_made("report") == 4, "the report does not follow the model's new code")
        site.wait_for_looks(2)
        assert site.counts() == {"source": 11, "table": 3, "features": 4, "model": 8, "report": 4}
