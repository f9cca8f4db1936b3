"""A lineage with the shape of the real one: many ways lead from the data to the model, which has partitions.

source → table → features → model [x, y] → report
            └────────┴──────↗    └──────────↗
"""

from dataclasses import dataclass, field, replace
from typing import Any

import dagster as dg

from sse_assets.orchestration.automation import automated
from sse_assets.orchestration.on_demand import ON_DEMAND

PARTITIONS = dg.StaticPartitionsDefinition(["x", "y"])
ASSETS: dict[str, list[str]] = {
    "source": [],
    "table": ["source"],
    "features": ["table"],
    "model": ["table", "features"],
    "report": ["model", "table"],
}


@dataclass(frozen=True)
class World:
    """State that the assets find when they run; a test changes it between two looks of the automation."""

    content: str = "1"
    """Content of the source, which all that is made from it carries on."""
    rounding: str = ""
    """Asset that comes out alike for every content."""
    failing: str = ""
    """Asset that fails."""
    rejected: str = ""
    """Asset whose blocking check fails."""
    on_demand: tuple[str, ...] = ()
    code_versions: dict[str, str] = field(default_factory=dict)


def assets_of(world: World) -> list[Any]:
    """Return the small lineage and its checks in a world."""

    def asset(name: str, deps: list[str]) -> dg.AssetsDefinition:
        @dg.asset(
            name=name,
            deps=deps,
            partitions_def=PARTITIONS if name == "model" else None,
            code_version=world.code_versions.get(name, "1"),
            tags=ON_DEMAND if name in world.on_demand else None,
        )
        def made() -> dg.MaterializeResult[None]:
            if name == world.failing:
                raise RuntimeError("the disk is full")
            content = "always the same" if name == world.rounding else world.content
            return dg.MaterializeResult(data_version=dg.DataVersion(content))

        return made

    def check(name: str) -> dg.AssetChecksDefinition:
        @dg.asset_check(asset=name, blocking=True)
        def is_sound() -> dg.AssetCheckResult:
            return dg.AssetCheckResult(passed=name != world.rejected)

        return is_sound

    return [
        *automated([asset(name, deps) for name, deps in ASSETS.items()]),
        *(check(name) for name in ("table", "features")),
    ]


class Following:
    """Small lineage on an instance of its own; a test makes the looks of the automation by hand."""

    def __init__(self, instance: dg.DagsterInstance, world: World) -> None:
        self.instance = instance
        self.world = world
        self._cursor: Any = None

    def change(self, **of_world: Any) -> None:
        """Change the state that the assets find."""
        self.world = replace(self.world, **of_world)

    def make(self, *names: str, partition: str | None = None) -> None:
        """Materialise assets as a person does."""
        dg.materialize(
            assets_of(self.world),
            selection=list(names),
            partition_key=partition,
            instance=self.instance,
            raise_on_error=False,
        )

    def look(self, **how: Any) -> list[str]:
        """Return the assets that the automation asks for now."""
        definitions = definitions_of(self.world)
        result = dg.evaluate_automation_conditions(
            definitions, instance=self.instance, cursor=self._cursor, **how
        )
        self._cursor = result.cursor
        return [
            name if partition is None else f"{name} [{partition}]"
            for name in ASSETS
            for partition in sorted(result.get_requested_partitions(dg.AssetKey(name)), key=str)
        ]

    def follow(self, **how: Any) -> list[str]:
        """Look, make what is asked for until nothing is, and return everything that was made, in order."""
        made = []
        while asked := self.look(**how):
            for request in asked:
                name, _, partition = request.removesuffix("]").partition(" [")
                self.make(name, partition=partition or None)
            made += asked
            assert len(made) < 20, f"it does not come to rest: {made}"
            how = {}
        return made


def definitions_of(world: World) -> dg.Definitions:
    """Return the small lineage as Dagster loads it."""
    everything = assets_of(world)
    return dg.Definitions(
        assets=[a for a in everything if not isinstance(a, dg.AssetChecksDefinition)],
        asset_checks=[a for a in everything if isinstance(a, dg.AssetChecksDefinition)],
    )
