"""Searches of compositions and the validation of the structures that they find, kept in records."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from sse_assets.atomistics.evaluators import evaluators_here
from sse_assets.atomistics.potential import device_here, device_name
from sse_assets.atomistics.threads import one_torch_thread
from sse_assets.generation import tables
from sse_assets.generation.progress import Progress
from sse_assets.generation.records import Record
from sse_assets.generation.settings import SearchSettings, ValidationSettings
from sse_assets.generation.structures import NO_STARTING_CELLS, Found, StartingCells, find_structures
from sse_assets.generation.validation import Validated
from sse_assets.generation.validations import DynamicsProgress, Judged, Validations

_PACKAGES = ("ase", "ase-ga", "chgnet", "numpy", "pymatgen", "pyxtal", "spglib", "torch")
"""Packages whose versions decide which structure is found."""
_DYNAMICS = "dynamics"
"""Name of the folder of the dynamics, within that of the composition."""


def search_composition(
    formula: str,
    folder: Path,
    search: SearchSettings,
    validation: ValidationSettings,
    *,
    processes: int = 1,
    progress: Callable[[Progress], None] = lambda progress: None,
    dynamics_progress: DynamicsProgress = lambda formula, name, done, total: None,
    starting_cells: StartingCells = NO_STARTING_CELLS,
) -> Record:
    """Search the structure of one composition, and test whether it holds; see `search_compositions`.

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
    ((_, record),) = search_compositions(
        {formula: folder},
        search,
        validation,
        processes=processes,
        progress=progress,
        dynamics_progress=dynamics_progress,
        starting_cells=lambda _: starting_cells,
    )
    if isinstance(record, Exception):
        raise record
    return record


def search_compositions(
    folders: Mapping[str, Path],
    search: SearchSettings,
    validation: ValidationSettings,
    *,
    processes: int = 1,
    progress: Callable[[Progress], None] = lambda progress: None,
    dynamics_progress: DynamicsProgress = lambda formula, name, done, total: None,
    starting_cells: Callable[[str], StartingCells] = lambda formula: NO_STARTING_CELLS,
) -> Iterator[tuple[str, Record | Exception]]:
    """Search the structures of many compositions in step, and test in dynamics whether each holds.

    A call that was killed goes on from the files in the folders, and ends in the same records. The record of
    a composition without a structure, or with one that does not hold, says why.

    Args:
        folders: folder of each composition and these settings, for journals and trajectories, by its integer
            formula of one formula unit (Z = 1).
        search: settings of the searches.
        validation: settings of the dynamics and of the last relaxation.
        processes: number of processes on the CPU, which does not change the result. Where torch sees a GPU,
            candidates go through it in batches, and the processes make and compare cells.
        progress: function that is called after each candidate.
        dynamics_progress: function that is called with the composition, the run (`search` or `ambient`), its
            steps done and its steps in all.
        starting_cells: function from a composition to the functions that give the cells in which its searches
            begin.

    Yields:
        Each composition with its record as it is made, or with the error that stopped it and no other.

    Raises:
        ChildProcessError: if CHGNet cannot be imported by the processes.
    """
    found: dict[str, Found] = {}

    def record(formula: str, judged: Judged | Exception) -> Record | Exception:
        if isinstance(judged, Exception):
            return judged
        return record_of(found[formula], judged.validated, search, validation, judged.why_not)

    with (
        one_torch_thread(),
        evaluators_here(processes) as evaluators,
        Validations(validation, processes, dynamics_progress) as validations,
    ):
        for formula, searched in find_structures(
            folders, search, evaluators, progress, starting_cells, side_processes=_side_processes(processes)
        ):
            if isinstance(searched, Exception):
                yield formula, searched
                continue
            found[formula] = searched
            if searched.best is None or searched.best.atoms is None:
                yield formula, record(formula, Judged(None))
            else:
                validations.begin(formula, searched.best.atoms, folders[formula] / _DYNAMICS)
            for name, judged in validations.finished():
                yield name, record(name, judged)
        for name, judged in validations.finished(all_of_them=True):
            yield name, record(name, judged)


def _side_processes(processes: int) -> int:
    """Return how many processes make and compare cells; beside evaluations on a CPU, few are kept busy."""
    if device_here() == "cuda":
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
            "device": device_name(),
        },
        tables.candidates(found),
        tables.dynamics(found.formula, validated),
    )
