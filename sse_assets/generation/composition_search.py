"""Searches of one composition and the validation of the structure that they find, kept in a record."""

from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import torch

from sse_assets.atomistics.evaluators import evaluators_here
from sse_assets.atomistics.threads import one_torch_thread
from sse_assets.generation import tables
from sse_assets.generation.progress import Progress
from sse_assets.generation.records import Record
from sse_assets.generation.settings import SearchSettings, ValidationSettings
from sse_assets.generation.structures import NO_STARTING_CELLS, Found, StartingCells, find_structure
from sse_assets.generation.validation import Validated, validate
from sse_assets.generation.winners import UnsettledError

_PACKAGES = ("ase", "ase-ga", "chgnet", "numpy", "pymatgen", "pyxtal", "spglib", "torch")
"""Packages whose versions decide which structure is found."""


@one_torch_thread()
def search_composition(
    formula: str,
    folder: Path,
    search: SearchSettings,
    validation: ValidationSettings,
    *,
    processes: int = 1,
    progress: Callable[[Progress], None] = lambda progress: None,
    dynamics_progress: Callable[[str, int, int], None] = lambda name, done, total: None,
    starting_cells: StartingCells = NO_STARTING_CELLS,
) -> Record:
    """Search the structure of a composition, and test whether it holds in dynamics.

    A call that was killed goes on from the files in the folder, and ends in the same record. The record of a
    composition without a structure, or with one that does not hold, says why.

    Args:
        formula: integer formula of one formula unit (Z = 1).
        folder: folder of this composition and these settings, for journals and trajectories.
        search: settings of the searches.
        validation: settings of the dynamics and of the last relaxation.
        processes: number of processes on the CPU, which does not change the result. Where torch sees a GPU,
            candidates go through it in batches, and the processes make and compare cells.
        progress: function that is called after each candidate.
        dynamics_progress: function that is called with the run (`search` or `ambient`), its steps done and
            its steps in all.
        starting_cells: functions that give the cells in which a search begins.

    Raises:
        JournalError: if the folder holds journals of other searches, or damaged ones.
        ChildProcessError: if PyXtal or CHGNet cannot be imported by the processes.

    Example with settings so small that it takes seconds:
        >>> from pathlib import Path
        >>> from sse_assets.generation import search_composition
        >>> from sse_assets.generation.settings import SMOKE, SMOKE_VALIDATION
        >>> record = search_composition("Li2O", Path("Li2O"), SMOKE, SMOKE_VALIDATION)
        >>> record.structure["formula"], record.structure["cell_atoms"], record.structure["candidates"]
        ('Li2O', 3, 6)
    """
    validated, why_not = None, None
    with evaluators_here(processes) as evaluators:
        found = find_structure(
            formula,
            search,
            folder,
            evaluators,
            progress,
            starting_cells,
            side_processes=_side_processes(processes),
        )
        best = found.best.atoms if found.best is not None else None
        if best is not None:
            try:
                validated = validate(best, validation, folder / "dynamics", evaluators, dynamics_progress)
            except UnsettledError as error:
                why_not = str(error)
    return record_of(found, validated, search, validation, why_not)


def _side_processes(processes: int) -> int:
    """Return how many processes make and compare cells; beside evaluations on a CPU, few are kept busy."""
    if torch.cuda.is_available():
        return processes
    return 0 if processes == 1 else max(1, processes // 4)


def record_of(
    found: Found,
    validated: Validated | None,
    search: SearchSettings,
    validation: ValidationSettings,
    why_not_validated: str | None = None,
) -> Record:
    """Make the record of one composition.

    Args:
        found: searches of the composition.
        validated: validated structure; None where there is none.
        search: settings of the searches.
        validation: settings of the validation.
        why_not_validated: sentence on why a structure that was found is not validated.
    """
    structure = tables.structure(found, validated)
    if why_not_validated is not None:
        structure["failure"] = why_not_validated
    return Record(
        structure,
        {
            "search_settings": asdict(search),
            "validation_settings": asdict(validation),
            "packages": {name: version(name) for name in _PACKAGES},
        },
        tables.candidates(found),
        tables.dynamics(found.formula, validated),
    )
