"""Settings that a person types in the launchpad, handed on to the science."""

from dataclasses import fields, replace
from typing import Any, TypeVar

import dagster as dg

SettingsType = TypeVar("SettingsType")


def with_values_of(config: dg.Config, settings: SettingsType) -> SettingsType:
    """Return the settings, a dataclass, with every value that the config has under the name of a field."""
    frozen: Any = settings
    names = {field.name for field in fields(frozen)} & set(type(config).model_fields)
    return replace(frozen, **{name: getattr(config, name) for name in names})
