"""Settings of a step, described and checked by pydantic alone: Dagster takes seconds to import."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sse_assets.ranges import ranges

SettingsType = TypeVar("SettingsType")


class SettingsOfStepError(ValueError):
    """Error for settings that a step cannot work with."""


class StepSettings(BaseModel):
    """Settings of a step, which are refused before a run begins if the science refuses them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def check(self) -> None:
        """Make the settings of the science from these, as the step will.

        Raises:
            ValueError: naming the setting and its range.
        """

    @model_validator(mode="after")
    def _is_possible(self) -> "StepSettings":
        self.check()
        return self


def setting(settings: object, name: str, meaning: str) -> Any:
    """Return a setting with the default and the range that a dataclass of the science gives its field."""
    allowed = ranges(type(settings)).get(name)
    return Field(getattr(settings, name), description=meaning + (f" Allowed: {allowed}." if allowed else ""))


def with_values_of(config: BaseModel, settings: SettingsType) -> SettingsType:
    """Return the settings, a dataclass, with every value that the config has under the name of a field."""
    frozen: Any = settings
    names = {field.name for field in fields(frozen)} & set(type(config).model_fields)
    return replace(frozen, **{name: getattr(config, name) for name in names})


def spelt(step: str) -> str:
    """Return the name of a step as a person reads it: where it makes one table, the name of the table.

    >>> spelt("models__boosted_trees_shap"), spelt("fit_boosted_trees")
    ('models.boosted_trees_shap', 'fit_boosted_trees')
    """
    return step.replace("__", ".")


def check_settings(step: str, settings_type: type[BaseModel], values: Mapping[str, object]) -> None:
    """Refuse settings of a step that it cannot work with.

    Raises:
        SettingsOfStepError: naming the step, each wrong setting and what it may be.
    """
    try:
        settings_type(**values)
    except ValidationError as error:
        raise SettingsOfStepError(f"settings of {spelt(step)}: {_sentence(error)}") from None


def _sentence(error: ValidationError) -> str:
    said = []
    for fault in error.errors():
        if fault["type"] == "value_error":
            said.append(str(fault["ctx"]["error"]))
        else:
            name = ".".join(map(str, fault["loc"]))
            said.append(f"{name} is {fault['input']!r}: {fault['msg'][0].lower()}{fault['msg'][1:]}")
    return "; ".join(said)
