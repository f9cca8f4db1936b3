"""Whether the sites of a crystal are shared or partly empty, and whose sites they are."""

from enum import StrEnum

from pymatgen.core import Structure

OCCUPANCY_TOLERANCE = 1e-3
"""A species whose occupancy differs from one by more than this is disordered."""


class DisorderClass(StrEnum):
    """The four classes that the paper's prompts name (section II.C, Table 4)."""

    LITHIUM = "Li cation disorder"
    OTHER = "Other atom disorder"
    LITHIUM_AND_OTHER = "Li cation and Other atom disorder"
    NONE = "No disorder"


def disorder_class(structure: Structure) -> DisorderClass:
    """Class of a crystal from its site occupancies (Table 4's example is OBELiX `ei3`).

    Li counts as disordered where Li itself has an occupancy other than one; every other element likewise.
    """
    partial = {
        species.element.symbol if hasattr(species, "element") else species.symbol
        for site in structure
        for species, occupancy in site.species.items()
        if abs(occupancy - 1) > OCCUPANCY_TOLERANCE
    }
    lithium, other = "Li" in partial, bool(partial - {"Li"})
    if lithium and other:
        return DisorderClass.LITHIUM_AND_OTHER
    if lithium:
        return DisorderClass.LITHIUM
    return DisorderClass.OTHER if other else DisorderClass.NONE
