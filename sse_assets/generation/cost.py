"""Estimate of the time that a search takes on a CPU."""

from collections.abc import Sequence

from sse_assets.generation.settings import ValidationSettings
from sse_assets.generation.structures import PlannedSearch

SECONDS_PER_ATOM = 0.0015
"""Time in s of one evaluation of CHGNet on one core, for each atom of the cell."""
_RELAXATION_STEPS = 120
"""Number of FIRE steps of a random cell, where the settings allow as many."""


def least_cpu_hours(searches: Sequence[PlannedSearch], validation: ValidationSettings) -> float:
    """Return the core hours if every search ends as early as it can; an evolution takes twice to thrice that.

    Args:
        searches: searches of one composition.
        validation: settings of the validation, for which the largest cell is assumed.
    """
    searched, largest = 0.0, 0
    for search in searches:
        settings = search.settings
        atoms = round(search.plan.composition.num_atoms)
        steps = min(settings.evaluation.relaxation_steps, _RELAXATION_STEPS)
        if settings.evaluation.dynamics is not None:
            steps += settings.evaluation.dynamics.steps
            steps += min(settings.evaluation.quench_steps, _RELAXATION_STEPS)
        generations = min(settings.flat_generations + 1, settings.max_generations)
        searched += steps * settings.population * generations * atoms
        largest = max(largest, atoms)
    moved = 1000 * (validation.search_ps + validation.ambient_ps) * largest
    return SECONDS_PER_ATOM * (searched + moved) / 3600
