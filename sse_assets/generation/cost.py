"""How long a search takes on a CPU, before it is begun."""

from pymatgen.core import Composition

from sse_assets.generation.settings import SearchSettings, ValidationSettings
from sse_assets.generation.structures import plans

SECONDS_PER_ATOM = 0.0035
"""Of one evaluation of CHGNet's energy, forces and stress on one core; it grows in proportion to the cell."""
_RELAXATION_STEPS = 120
"""FIRE steps that a random cell takes, where the settings allow as many."""


def least_cpu_hours(formula: str, search: SearchSettings, validation: ValidationSettings) -> float:
    """Core hours if every search converges as early as it can; most take two or three times as long.

    Args:
        formula: of Z = 1, integer amounts.
        search: of each search.
        validation: of the structure that is found, here taken to be the largest cell.
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
