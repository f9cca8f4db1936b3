"""Limits on a person's own data: what no measurement is, and what looks like a slip."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from pymatgen.core import Lattice

from sse_assets.materials.conductivity import ConductivityError, parse_conductivity
from sse_assets.materials.crystal import Crystal
from sse_assets.materials.formula import FormulaError, parse_composition
from sse_assets.materials.remarks import RemarkCode
from sse_assets.materials.solids import doubtful_content, impossible_cell, impossible_content
from sse_assets.tables.names import Reason

CONFIRMED = "confirmed"
"""Column in which a person answers a question."""
LARGEST_S_CM = 0.1
"""Largest conductivity that is believed, in S/cm. The best Li solid of OBELiX and LiIon has 0.025 S/cm at
room temperature: Li9.54Si1.74P1.44S11.7Cl0.3 (Kato et al., 10.1038/nenergy.2016.30)."""
SMALLEST_S_CM = 1e-20
"""The least in those data sets is 4.2e-18 S/cm, of Li3PO4 (10.1006/jssc.1995.1140)."""

_RARE_S_CM = 0.01
"""11 of the 615 solids of those data sets have more."""
_FEW_ROWS = 3
_CELL = ("a", "b", "c", "alpha", "beta", "gamma")


class LimitError(ValueError):
    """Why a row cannot be right, or what is asked of it."""

    def __init__(self, code: Reason, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def check_limits(
    row: Mapping[str, Any], crystal: Crystal | None, *, confirmed: bool, looks_like_ms_cm: bool
) -> None:
    """Compare a row of the inbox with what a solid can be.

    Args:
        row: as `tables.raw.INBOX_MEASUREMENTS`; a formula or conductivity that cannot be read is curation's.
        crystal: that the row names.
        confirmed: whether its owner says that what looks like a slip is right.
        looks_like_ms_cm: whether the conductivities of its file do, by `looks_like_ms_cm`.

    Raises:
        LimitError: for what cannot be; and with `Reason.NEEDS_CONFIRMATION` for what is doubtful and not
            confirmed.
    """
    questions = [
        *_about_conductivity(row["reported_conductivity"], looks_like_ms_cm),
        *_about_cell(row, crystal),
    ]
    if questions and not confirmed:
        raise LimitError(
            Reason.NEEDS_CONFIRMATION,
            f"{' '.join(questions)} Correct it, or write yes in the column `{CONFIRMED}` if it is right",
        )


def looks_like_ms_cm(conductivities: Iterable[str]) -> bool:
    """Tell whether most of a file's conductivities, three or more, would be rare in S/cm."""
    values = [sigma for text in conductivities if (sigma := _sigma(text)) is not None]
    return len(values) >= _FEW_ROWS and sum(sigma > _RARE_S_CM for sigma in values) > len(values) / 2


def _sigma(text: str) -> float | None:
    try:
        return parse_conductivity(text).sigma_s_cm
    except ConductivityError:
        return None


def _about_conductivity(text: str, file_in_ms_cm: bool) -> list[str]:
    sigma = _sigma(text)
    if sigma is None:
        return []
    if sigma < SMALLEST_S_CM:
        raise LimitError(
            Reason.NOT_A_CONDUCTIVITY,
            f"the conductivity is {sigma:g} S/cm, and the least ever measured at room temperature is about "
            "4e-18: write σ itself in S/cm, or the limit of detection, such as <1e-10",
        )
    meant = f"did you mean {sigma:g} mS/cm, which is {sigma / 1000:g} S/cm?"
    if sigma > LARGEST_S_CM:
        return [
            f"The conductivity is {sigma:g} S/cm, and no Li solid of OBELiX and LiIon has more than 0.025 at "
            f"room temperature: {meant}"
        ]
    if file_in_ms_cm:
        return [
            f"The conductivity is {sigma:g} S/cm in a file of which most rows are above {_RARE_S_CM:g} S/cm, "
            f"which few solids reach: {meant}"
        ]
    return []


def _about_cell(row: Mapping[str, Any], crystal: Crystal | None) -> list[str]:
    z = row["z"]
    if z <= 0:
        raise LimitError(
            Reason.IMPOSSIBLE_CELL, f"Z is {z:g}: a cell holds a positive number of formula units"
        )
    cell = [row[name] for name in _CELL]
    complete = not any(math.isnan(value) for value in cell)
    lengths, angles = [
        [default if math.isnan(value) else value for value in values]
        for values, default in ((cell[:3], 10.0), (cell[3:], 90.0))
    ]
    if (trouble := impossible_cell(*lengths, *angles)) is not None:
        raise LimitError(Reason.IMPOSSIBLE_CELL, f"the unit cell is none: {trouble}")
    questions = []
    if crystal is not None:
        questions = [r.sentence for r in crystal.remarks if r.code is RemarkCode.UNUSUAL_DENSITY]
    volumes = [Lattice.from_parameters(*cell).volume] if complete else []
    if crystal is not None and not math.isnan(z):
        volumes.append(crystal.structure.volume)
    try:
        composition = parse_composition(row["formula"])
    except FormulaError:
        return questions
    for volume in volumes:
        if (trouble := impossible_content(composition, z, volume)) is not None:
            raise LimitError(Reason.IMPOSSIBLE_CELL, f"formula, unit cell and Z tell of no solid: {trouble}")
        if (question := doubtful_content(composition, z, volume)) is not None:
            questions.append(f"Formula, unit cell and Z give {question}")
    return questions
