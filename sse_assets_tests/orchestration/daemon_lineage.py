"""The small lineage as a code location, in the world that a file describes, for a daemon to load."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import dagster as dg

from sse_assets.orchestration.automation import automation_sensor
from sse_assets_tests.orchestration.small_lineage import World, definitions_of

WORLD_FILE = "SMALL_LINEAGE_WORLD"


def write_world(file: Path, world: World) -> None:
    file.write_text(json.dumps(asdict(world)))


@dg.definitions
def definitions() -> dg.Definitions:
    world = World(**json.loads(Path(os.environ[WORLD_FILE]).read_text()))
    return dg.Definitions.merge(
        definitions_of(world),
        dg.Definitions(sensors=[automation_sensor(every_s=1)], executor=dg.in_process_executor),
    )
