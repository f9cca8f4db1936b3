"""From a formula to a record: the searches of one composition, and the validation of what they find."""

from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from sse_assets.atomistics.evaluators import evaluators_here
from sse_assets.atomistics.threads import one_torch_thread
from sse_assets.generation import tables
from sse_assets.generation.records import Record
from sse_assets.generation.search import Progress
from sse_assets.generation.settings import SearchSettings, ValidationSettings
from sse_assets.generation.structures import Found, find_structure
from sse_assets.generation.validation import Validated, validate
from sse_assets.generation.winners import UnsettledError

_PACKAGES = ("ase", "ase-ga", "chgnet", "numpy", "pymatgen", "pyxtal", "spglib", "torch")
"""Whose versions decide which structure is found."""


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
) -> Record:
    """Search the structure of a composition, and see whether it holds in dynamics.

    A call that was killed goes on from what it left in the folder, and ends in the same record. A composition
    without a structure, or with one that does not hold, has a record that says why.

    Args:
        formula: of Z = 1, integer amounts.
        folder: of this composition and these settings; gets journals and trajectories.
        search: settings of the searches.
        validation: settings of the dynamics and of the last relaxation.
        processes: side by side on the CPU; where torch sees a GPU, candidates go through it in batches. The
            number of processes does not change what is found.
        progress: is told after each candidate.
        dynamics_progress: is told the run (`search` or `ambient`), its steps done and in all.

    Raises:
        JournalError: if the folder holds journals of other searches, or damaged ones.
        ChildProcessError: if PyXtal or CHGNet cannot be imported by the processes.

    Example, of settings so small that it takes seconds:
        >>> from pathlib import Path
        >>> from sse_assets.generation import search_composition
        >>> from sse_assets.generation.settings import SMOKE, SMOKE_VALIDATION
        >>> record = search_composition("Li2O", Path("Li2O"), SMOKE, SMOKE_VALIDATION)
        >>> record.structure["formula"], record.structure["cell_atoms"], record.structure["candidates"]
        ('Li2O', 3, 6)
    """
    validated, why_not = None, None
    with evaluators_here(processes) as evaluators:
        found = find_structure(formula, search, folder, evaluators, progress)
        best = found.best.atoms if found.best is not None else None
        if best is not None:
            try:
                validated = validate(best, validation, folder / "dynamics", evaluators, dynamics_progress)
            except UnsettledError as error:
                why_not = str(error)
    return record_of(found, validated, search, validation, why_not)


def record_of(
    found: Found,
    validated: Validated | None,
    search: SearchSettings,
    validation: ValidationSettings,
    why_not_validated: str | None = None,
) -> Record:
    """Make the record of one composition.

    Args:
        found: its searches.
        validated: None where no structure was found, or none could be validated.
        search: the settings of the searches.
        validation: those of the validation.
        why_not_validated: a sentence, where a structure was found but not validated.
    """
    of_formula = {} if validated is None else {found.formula: validated}
    (row,) = tables.structures([found], of_formula).to_dict("records")
    structure = {str(name): None if pd.isna(value) else value for name, value in row.items()}
    if why_not_validated is not None:
        structure["failure"] = why_not_validated
    return Record(
        structure,
        {
            "search_settings": asdict(search),
            "validation_settings": asdict(validation),
            "packages": {name: version(name) for name in _PACKAGES},
        },
        tables.candidates([found]),
        tables.dynamics(of_formula),
    )
