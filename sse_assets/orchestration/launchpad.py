"""Settings that a person types in the launchpad: handed to the science, checked when a run is launched."""

from collections.abc import Iterable, Mapping
from inspect import signature
from typing import Any

import dagster as dg

from sse_assets.orchestration.step_settings import StepSettings, check_settings


class StepConfig(StepSettings, dg.Config):
    """Settings of a step as Dagster reads them."""


def checked_at_launch(assets: Iterable[dg.AssetsDefinition]) -> list[dg.AssetsDefinition]:
    """Return the assets; no run with settings that their class refuses can be launched any more.

    Dagster by itself knows types and choices when a run is launched, and ranges only when the step begins,
    which may be hours later.
    """
    definitions = list(assets)
    for definition in definitions:
        config_type = config_type_of(definition)
        if config_type is not None:
            _check_at_launch(definition.op, config_type)
    return definitions


def config_type_of(definition: dg.AssetsDefinition) -> type[dg.Config] | None:
    """Return the class of the settings of a step, if it has any."""
    function: Any = definition.op.compute_fn
    parameter = signature(function.decorated_fn).parameters.get("config")
    return parameter.annotation if parameter else None


def _check_at_launch(op: dg.OpDefinition, config_type: type[dg.Config]) -> None:
    shape: Any = op.config_schema.as_field().config_type

    def post_process(values: Mapping[str, object]) -> Mapping[str, object]:
        check_settings(op.name, config_type, values)
        return values

    # Dagster calls this of every type of a setting when it makes the plan of a run, before the run is stored.
    shape.post_process = post_process
