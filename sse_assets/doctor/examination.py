"""Order in which the parts of a machine are examined."""

import os
from collections.abc import Iterator
from pathlib import Path

from sse_assets.doctor import language_models, machine, services, sources, storage
from sse_assets.doctor.findings import Finding, broken
from sse_assets.orchestration.settings import Settings, SettingsError


def examine(constraints: Path, *, network: bool) -> Iterator[Finding]:
    """Examine this machine with the settings of its environment, and return a finding for each part.

    Args:
        constraints: file with the tested versions of packages; it need not exist.
        network: whether to ask the servers of the sources too.
    """
    yield machine.python()
    yield from machine.packages(constraints)
    yield from machine.misspelt_variables(os.environ)
    try:
        settings = Settings.from_environment()
    except SettingsError as error:
        yield broken(str(error), "nothing until then", "correct the variable and ask again")
        return
    yield storage.home(settings)
    yield storage.disk(settings)
    yield storage.blob_root(settings.blob_root)
    yield storage.warehouse(settings.warehouse)
    yield from services.dagster(settings)
    yield from services.ray_cluster(settings)
    yield machine.port()
    yield from sources.files(settings)
    yield sources.reference_structures(settings)
    yield machine.gpu()
    yield from language_models.language_models()
    if network:
        yield from sources.network()
