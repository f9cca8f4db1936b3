"""Geometric descriptors: the unit cell, the density, and the room between the atoms (paper, section II.C)."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import pandas as pd

from sse_assets.descriptors.crystals import Failure, failures_table, read_crystals
from sse_assets.descriptors.pore_settings import PAPER_SETTINGS, PoreSettings
from sse_assets.descriptors.pores import KeptVoids, PoreFailure, void_fractions
from sse_assets.descriptors.unit_cells import cell_features
from sse_assets.materials.crystal import Crystal
from sse_assets.tables import descriptors
from sse_assets.tables.names import Reason

VOID_COLUMNS = ["poav_cm3_g", "void_cm3_g", "poav_li_kept_cm3_g"]
PROBE_COLUMNS = ["probe_radius_a", "lithium_removed", "n_samples"]
"""Settings of the probe, which an answer for a new crystal has to repeat."""


def geometric(
    electrolytes: pd.DataFrame,
    structures: pd.DataFrame,
    settings: PoreSettings,
    *,
    workers: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
    kept: KeptVoids | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return cell, density and void of every electrolyte.

    The cell's columns are explained in `unit_cells`; a CIF that cannot be read counts as having none.

    Voids (cm³ per gram of the whole compound, Li included) need a CIF. `poav_cm3_g` is the accessible and
    `void_cm3_g` the whole void, closed pockets included, for the probe in `settings`. `poav_li_kept_cm3_g` is
    the accessible void with the paper's probe. `pores` says what accessible means. `PROBE_COLUMNS` repeat the
    settings in each row.

    Args:
        electrolytes: columns `electrolyte_id`, `formula`, `z`, and the unit cell `a`, `b`, `c` (Å), `alpha`,
            `beta`, `gamma` (degrees).
        structures: columns `electrolyte_id`, `structure_id`, `cif`; one row an electrolyte that has a CIF.
        settings: the probe; its samples and time limit hold for the paper's probe too.
        workers: processes for Zeo++, best one a core.
        progress: told how many runs of Zeo++ are done, and how many there will be.
        kept: answers of Zeo++ there are already; it takes the new ones.

    Returns:
        The features as `tables.descriptors.GEOMETRIC`, one row an electrolyte in their order, NaN where
        unknown. And the failures as `tables.descriptors.FAILURES`; to have no CIF is not one.
    """
    crystals, unreadable = read_crystals(structures)
    cells, without_density = cell_features(electrolytes, crystals)
    fractions, without_void = _void_fractions(crystals, settings, workers, progress, kept)
    voids = fractions.reindex(cells.index).div(cells["density_g_cm3"], axis="index")
    failures = failures_table([*unreadable, *without_density, *without_void])
    probed = {name: getattr(settings, name) for name in PROBE_COLUMNS}
    return descriptors.GEOMETRIC.frame(cells.join(voids).reset_index().assign(**probed)), failures


def _void_fractions(
    crystals: Mapping[str, Crystal],
    settings: PoreSettings,
    workers: int,
    progress: Callable[[int, int], None],
    kept: KeptVoids | None,
) -> tuple[pd.DataFrame, list[Failure]]:
    """`VOID_COLUMNS` by electrolyte_id, not yet per gram but as fractions of the cell's volume."""
    paper = replace(PAPER_SETTINGS, n_samples=settings.n_samples, time_limit_s=settings.time_limit_s)
    fractions = pd.DataFrame(math.nan, index=list(crystals), columns=VOID_COLUMNS)
    runs, failures = [], []
    for electrolyte_id, crystal in crystals.items():
        runs.append((electrolyte_id, "poav_cm3_g", settings))
        if crystal.structure.composition.element_composition["Li"] > 0:
            runs.append((electrolyte_id, "poav_li_kept_cm3_g", paper))
        else:
            failures.append(
                Failure(electrolyte_id, "poav_li_kept_cm3_g", Reason.NO_LITHIUM, "the CIF holds no Li")
            )
    tasks = [(crystals[electrolyte_id].structure, probe) for electrolyte_id, _, probe in runs]
    answers = void_fractions(tasks, workers=workers, progress=progress, kept=kept)
    for (electrolyte_id, column, _), answer in zip(runs, answers, strict=True):
        if isinstance(answer, PoreFailure):
            failures.append(Failure(electrolyte_id, column, Reason.NOT_COMPUTED, answer.reason))
            continue
        fractions.loc[electrolyte_id, column] = answer.accessible
        if column == "poav_cm3_g":
            fractions.loc[electrolyte_id, "void_cm3_g"] = answer.accessible + answer.inaccessible
    return fractions, failures
