import pytest
from pymatgen.core import Composition

from sse_assets.materials.anions import anion_symbols


@pytest.mark.parametrize(
    ("formula", "anions"),
    [
        ("Li2SO4", ["O"]),  # S is the centre of sulfate
        ("Li3PO2S2", ["O", "S"]),
        ("Li3Nd3Te2O12", ["O"]),
        ("Li2OHCl", ["Cl", "O"]),  # H is a proton
        ("LiBH4", ["H"]),
        ("Li4B2N2H10", ["H", "N"]),
        ("Li3P", ["P"]),
        ("Li3N", ["N"]),
        ("Li15Si4", ["Si"]),
    ],
)
def test_who_is_an_anion(formula: str, anions: list[str]) -> None:
    assert anion_symbols(Composition(formula)) == anions
