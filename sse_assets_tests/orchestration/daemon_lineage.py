"""The small lineage as a code location, in the world that a file describes, for a daemon to load."""

import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import dagster as dg

from sse_assets.orchestration.automation import automation_sensor
from sse_assets.orchestration.inbox import dropped_files, inbox_sensor
from sse_assets.orchestration.settings import Settings
from sse_assets_tests.orchestration.small_lineage import World, definitions_of

WORLD_FILE = "SMALL_LINEAGE_WORLD"


def write_world(file: Path, world: World) -> None:
    file.write_text(json.dumps(asdict(world)))


@dg.definitions
def definitions() -> dg.Definitions:
    world = World(**json.loads(Path(os.environ[WORLD_FILE]).read_text()))
    settings = Settings.from_environment()
    dropped, _ = dropped_files(settings.blob_root)
    world = replace(world, content=" ".join([world.content, *(file.path for file, _ in dropped)]))
    sensors = [
        automation_sensor(every_s=1),
        inbox_sensor(settings, [dg.AssetKey("source")], every_s=1),
    ]
    return dg.Definitions.merge(
        definitions_of(world),
        dg.Definitions(sensors=sensors, executor=dg.in_process_executor),
    )
