import pytest

from sse_assets.curation.families import ChemicalGroup, chemical_group, family
from sse_assets.materials.formula import parse_composition


@pytest.mark.parametrize(
    ("formula", "group"),
    [
        ("Li7La3Zr2O12", ChemicalGroup.OXIDE),
        ("Li2SO4", ChemicalGroup.OXIDE),
        ("Li10GeP2S12", ChemicalGroup.SULFIDE),
        ("Li6PS5Cl", ChemicalGroup.HALIDE_SULFIDE),
        ("Li8GeP4", ChemicalGroup.OTHER),
        ("Li4SnSe4", ChemicalGroup.OTHER),
        ("Li2VCl4", ChemicalGroup.OTHER),
    ],
)
def test_groups_of_table_8(formula: str, group: ChemicalGroup) -> None:
    assert chemical_group(parse_composition(formula)) is group


@pytest.mark.parametrize(
    ("reported", "formula", "space_group", "expected"),
    [
        ("NASICON", "LiTi2(PO4)3", "R-3c", "Li-NASICON (Oxide)"),
        (" garnet-like ", "Li7La3Zr2O12", "Ia-3d", "Garnet (Oxide)"),
        (None, "Li6.5La3Zr1.5Ta0.5O12", "Ia-3d", "Garnet (Oxide)"),
        (None, "Li1.2Ti1.8Sc0.2(PO4)3", "R-3c", "Li-NASICON (Oxide)"),
        (float("nan"), "Li10SnP2S12", "P42/nmc", "LGPS (Sulfide)"),
        (None, "Li4SnS3Se", "Pnma", "Thio-LISICON (Sulfide)"),
        ("chlorides", "Li2MgCl4", "Fd-3m", "Other (Halide)"),
        (None, "Li3N", "P6/mmm", "Other (Nitride)"),
        (None, "Li3P", None, "Other (Phosphide or other)"),
    ],
)
def test_family(reported: object, formula: str, space_group: str | None, expected: str) -> None:
    assert family(reported, parse_composition(formula), space_group) == expected
