"""Names for kinds of electrolyte: the families of the paper's Table 5 and the four groups of its Table 8."""

from enum import StrEnum

from pymatgen.core import Composition

HALOGENS = ("F", "Cl", "Br", "I")

_REPORTED = {
    "nasicon": "Li-NASICON (Oxide)",
    "garnet": "Garnet (Oxide)",
    "garnet-like": "Garnet (Oxide)",
    "perovskite": "Perovskite (Oxide)",
    "perovskites": "Perovskite (Oxide)",
    "argyrodite": "Argyrodite (Sulfide)",
    "argyrodites": "Argyrodite (Sulfide)",
    "lisicon": "LISICON (Oxide)",
    "thio-lisicon": "Thio-LISICON (Sulfide)",
    "lgps": "LGPS (Sulfide)",
    "thio-phosphate": "Thiophosphate (Sulfide)",
    "antiperovskite": "Anti-perovskite (Halide)",
    "anti-perovskite": "Anti-perovskite (Halide)",
    "glass": "Glass",
    "glass-ceramic": "Glass",
}
"""How the sources spell each family, in lower case; the six of Table 5 carry the paper's names."""


class ChemicalGroup(StrEnum):
    """The four groups of Table 8."""

    OXIDE = "Oxide"
    SULFIDE = "Sulfide (non-halide)"
    HALIDE_SULFIDE = "Sulfide (halide)"
    OTHER = "Other"


def main_anion(composition: Composition) -> str:
    """The kind of anion that most atoms belong to: Oxide, Sulfide, Halide, Selenide, Nitride or Hydride.

    Phosphides, alloys and whatever else has none of them are "Phosphide or other".
    """
    amounts = {
        "Halide": sum(composition[halogen] for halogen in HALOGENS),
        "Oxide": composition["O"],
        "Sulfide": composition["S"],
        "Selenide": composition["Se"],
        "Nitride": composition["N"],
        "Hydride": composition["H"] if composition["O"] == 0 else 0.0,
    }
    kind = max(amounts, key=lambda name: amounts[name])
    return kind if amounts[kind] > 0 else "Phosphide or other"


def chemical_group(composition: Composition) -> ChemicalGroup:
    """Group of Table 8: by the main anion, sulfides with any halogen apart."""
    match main_anion(composition):
        case "Oxide":
            return ChemicalGroup.OXIDE
        case "Sulfide" if any(composition[halogen] > 0 for halogen in HALOGENS):
            return ChemicalGroup.HALIDE_SULFIDE
        case "Sulfide":
            return ChemicalGroup.SULFIDE
        case _:
            return ChemicalGroup.OTHER


def family(reported: object, composition: Composition, space_group: object) -> str:
    """Family of an electrolyte: as its source reports it, else by structure type, else by main anion.

    Args:
        reported: the source's word for the family; anything but a text is none.
        composition: of the electrolyte.
        space_group: normalised symbol; anything but a text is none.
    """
    named = _REPORTED.get(reported.strip().lower()) if isinstance(reported, str) else None
    return named or _by_structure_type(composition, space_group) or f"Other ({main_anion(composition)})"


def _by_structure_type(composition: Composition, space_group: object) -> str | None:
    """The family that composition and space group together leave no doubt of."""
    oxygen, chalcogen = composition["O"], composition["S"] + composition["Se"]
    cations = composition.num_atoms - composition["Li"] - oxygen - chalcogen
    match space_group:
        case "Ia-3d" | "I41/acd" if oxygen and abs(oxygen / 12 - cations / 5) < 0.05 * oxygen / 12:
            return "Garnet (Oxide)"
        case "R-3c" if oxygen and abs(composition["P"] / oxygen - 3 / 12) < 0.01:
            return "Li-NASICON (Oxide)"
        case "P42/nmc" if chalcogen and composition["P"]:
            return "LGPS (Sulfide)"
        case "Pnma" if chalcogen and abs(cations / chalcogen - 1 / 4) < 0.01:
            return "Thio-LISICON (Sulfide)"
        case _:
            return None
