"""Settings that a person types in the launchpad or in a file: described, checked, handed to the science."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from inspect import signature
from typing import Any, TypeVar

import dagster as dg
from pydantic import Field, ValidationError, model_validator

from sse_assets.orchestration.progress import spelt
from sse_assets.ranges import ranges

SettingsType = TypeVar("SettingsType")


class SettingsOfStepError(ValueError):
    """Error for settings that a step cannot work with."""


class StepConfig(dg.Config):
    """Settings of a step, which are refused before a run begins if the science refuses them."""

    def check(self) -> None:
        """Make the settings of the science from these, as the step will.

        Raises:
            ValueError: naming the setting and its range.
        """

    @model_validator(mode="after")
    def _is_possible(self) -> "StepConfig":
        self.check()
        return self


def setting(settings: object, name: str, meaning: str) -> Any:
    """Return a setting with the default and the range that a dataclass of the science gives its field."""
    allowed = ranges(type(settings)).get(name)
    return Field(getattr(settings, name), description=meaning + (f" Allowed: {allowed}." if allowed else ""))


def with_values_of(config: dg.Config, settings: SettingsType) -> SettingsType:
    """Return the settings, a dataclass, with every value that the config has under the name of a field."""
    frozen: Any = settings
    names = {field.name for field in fields(frozen)} & set(type(config).model_fields)
    return replace(frozen, **{name: getattr(config, name) for name in names})


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


def check_settings(step: str, config_type: type[dg.Config], values: Mapping[str, object]) -> None:
    """Refuse settings of a step that it cannot work with.

    Raises:
        SettingsOfStepError: naming the step, each wrong setting and what it may be.
    """
    try:
        config_type(**values)
    except ValidationError as error:
        raise SettingsOfStepError(f"settings of {spelt(step)}: {_sentence(error)}") from None


def _check_at_launch(op: dg.OpDefinition, config_type: type[dg.Config]) -> None:
    shape: Any = op.config_schema.as_field().config_type

    def post_process(values: Mapping[str, object]) -> Mapping[str, object]:
        check_settings(op.name, config_type, values)
        return values

    # Dagster calls this of every type of a setting when it makes the plan of a run, before the run is stored.
    shape.post_process = post_process


def _sentence(error: ValidationError) -> str:
    said = []
    for fault in error.errors():
        if fault["type"] == "value_error":
            said.append(str(fault["ctx"]["error"]))
        else:
            name = ".".join(map(str, fault["loc"]))
            said.append(f"{name} is {fault['input']!r}: {fault['msg'][0].lower()}{fault['msg'][1:]}")
    return "; ".join(said)
