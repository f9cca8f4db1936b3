"""Estimate of the time that a search takes on a CPU."""

from pymatgen.core import Composition

from sse_assets.generation.settings import SearchSettings, ValidationSettings
from sse_assets.generation.structures import plans

SECONDS_PER_ATOM = 0.0035
"""Time in s of one evaluation of CHGNet on one core, for each atom of the cell."""
_RELAXATION_STEPS = 120
"""Number of FIRE steps of a random cell, where the settings allow as many."""


def least_cpu_hours(formula: str, search: SearchSettings, validation: ValidationSettings) -> float:
    """Return the core hours if every search converges as early as it can; most take two or three times more.

    Args:
        formula: integer formula of one formula unit (Z = 1).
        search: settings of each search.
        validation: settings of the validation, for which the largest cell is assumed.
    """
    atoms = round(Composition(formula).num_atoms)
    cells = [atoms * plan.z for plan in plans(formula, search)]
    settings = search.evaluation
    steps = min(settings.relaxation_steps, _RELAXATION_STEPS)
    if settings.dynamics is not None:
        steps += settings.dynamics.steps + min(settings.quench_steps, _RELAXATION_STEPS)
    generations = min(search.flat_generations + 1, search.max_generations)
    searched = steps * search.population * generations * sum(cells)
    moved = 1000 * (validation.search_ps + validation.ambient_ps) * max(cells)
    return SECONDS_PER_ATOM * (searched + moved) / 3600
