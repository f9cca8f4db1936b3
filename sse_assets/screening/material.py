"""Materials that somebody asks about: how they are named, and which of them a model may answer for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pymatgen.core import Composition, Structure

from sse_assets.curation.measurements import RefusedError, check_composition
from sse_assets.materials.crystal import CifError, Crystal, cif_text, compare_with_formula, read_crystal
from sse_assets.materials.formula import FormulaError, formula_text, parse_composition, reduced_formula
from sse_assets.materials.plain_text import fault, harmless
from sse_assets.materials.remarks import RemarkCode
from sse_assets.tables.names import Reason

_CIF_DIGITS = 15
"""Digits with which the coordinates of a pymatgen structure are written: all that a double holds."""
_NO_NAME = "CIF"


@dataclass(frozen=True)
class Material:
    """A material that somebody asks about: its formula, its crystal or both."""

    formula: str | None = None
    cif: str | None = None
    """Text of a CIF."""
    file: Path | None = None
    """CIF file, which is read when its turn comes."""
    name: str = ""
    """What the answer is listed under."""

    @property
    def asked(self) -> str:
        """What the answer is listed under, as one line."""
        return harmless(self.name or self.formula or (self.file.name if self.file else _NO_NAME))


@dataclass(frozen=True)
class Accepted:
    """A material that could be read and that a model may answer for."""

    material: Material
    formula: str
    composition: Composition
    crystal: Crystal | None
    cif: str | None
    remarks: tuple[str, ...]
    """What does not fit in the input, in sentences."""


@dataclass(frozen=True)
class Refusal:
    """Why a material gets no answer."""

    material: Material
    code: Reason
    reason: str
    remarks: tuple[str, ...] = ()
    """What else does not fit in the input, in sentences."""


Given = str | Path | Structure | Material
"""A formula, the path of a CIF or of a folder with CIFs, a crystal, or a material."""


def materials_of(given: Given | Iterable[Given]) -> Iterator[Material]:
    """Turn what a person names into materials; a folder gives one for each CIF in it, by name.

    A text that ends with `.cif`, or that names a folder, is a path; every other text is a formula.
    """
    if isinstance(given, Material):
        yield given
    elif isinstance(given, Structure):
        yield Material(cif=_as_cif(given), name=formula_text(given.composition.element_composition))
    elif isinstance(given, str | Path):
        path = Path(given)
        if isinstance(given, Path) or path.suffix.lower() == ".cif" or _is_folder(path):
            files = sorted(path.glob("*.[cC][iI][fF]")) if path.is_dir() else [path]
            yield from (Material(file=file) for file in files)
        else:
            yield Material(formula=given)
    else:
        for one in given:
            yield from materials_of(one)


def accept(material: Material, *, anyway: bool = False) -> Accepted | Refusal:
    """Read a material, and judge it by the rules by which curation judges a measurement.

    Args:
        material: what is asked about.
        anyway: answer for a compound that curation would refuse, with its reason as a remark.

    Returns:
        A refusal where the formula or the CIF cannot be read, whatever `anyway` says. Else one where formula
        and crystal are of different compounds, or where the formula holds no Li, cannot be charge balanced
        or is misprinted.
    """
    try:
        return _accepted(material, anyway)
    except FormulaError as error:
        return Refusal(material, Reason.UNREADABLE_FORMULA, str(error))
    except CifError as error:
        return Refusal(material, Reason.UNREADABLE_STRUCTURE, str(error))
    except Exception as error:  # noqa: BLE001 - one material never stops the others; the reason is kept
        return Refusal(material, Reason.FAILED, f"it could not be read ({fault(error)})")


def _accepted(material: Material, anyway: bool) -> Accepted | Refusal:
    if material.formula is None and material.cif is None and material.file is None:
        raise FormulaError("there is nothing to predict for: give a formula, a CIF or both")
    stated = None if material.formula is None else parse_composition(material.formula)
    text = cif_text(material.file) if material.file is not None else material.cif
    crystal = None if text is None else read_crystal(text)
    remarks = [] if crystal is None else [remark.sentence for remark in crystal.remarks]
    if material.formula is not None and (several := _several(material.formula)):
        remarks.append(f"it was read as one mixture of {' and '.join(several)}: ask for each apart")
    refused: list[RefusedError] = []
    if crystal is not None and stated is not None:
        for remark in compare_with_formula(crystal, stated):
            if remark.code is RemarkCode.OTHER_COMPOUND:
                remedy = "correct the formula, or give the CIF that belongs to it"
                refused.append(RefusedError(Reason.OTHER_COMPOUND, f"{remark.sentence}: {remedy}"))
            else:
                remarks.append(remark.sentence)
    composition = stated if stated is not None else crystal.composition if crystal is not None else None
    assert composition is not None  # one of the two is given
    formula = material.formula
    if formula is None:
        formula = reduced_formula(composition)
        composition = parse_composition(formula)
    try:
        check_composition(formula, composition, typed=stated is not None)
    except RefusedError as error:
        refused.append(error)
    if refused and not anyway:
        return Refusal(material, refused[0].code, str(refused[0]), tuple(remarks))
    remarks += [f"answered all the same: {error}" for error in refused]
    return Accepted(replace(material, cif=None), formula, composition, crystal, text, tuple(remarks))


def _several(text: str) -> list[str]:
    """Return the compounds that stand in one text with blanks between them; none where it is one formula."""
    parts = text.split()
    return parts if len(parts) > 1 and all(_is_compound(part) for part in parts) else []


def _is_compound(text: str) -> bool:
    try:
        check_composition(text, parse_composition(text), typed=False)
    except (FormulaError, RefusedError):
        return False
    return not text.startswith("(")


def _as_cif(structure: Structure) -> str:
    from pymatgen.io.cif import CifWriter  # half a second to import, which a formula can do without

    plain = structure.copy()
    plain.remove_oxidation_states()
    return str(CifWriter(plain, significant_figures=_CIF_DIGITS))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a text that no file system takes for a name
        return False
