import pandas as pd
import pytest
from pymatgen.core import Structure

from sse_assets.prototypes.choice import Chooser
from sse_assets.prototypes.left_out import left_out, made_again
from sse_assets.tables import generated
from sse_assets_tests.prototypes.crystal_examples import ANTIPEROVSKITE, LITHIUM_CHLORIDE, known


def bromide() -> Structure:
    other = ANTIPEROVSKITE.copy()
    other.replace_species({"Cl": "Br"})
    return Structure(other.lattice.scale(other.volume * 1.08), other.species, other.frac_coords)


CHLORIDE = known(ANTIPEROVSKITE, "x:chloride", doi="10.1/a")
TWIN = known(ANTIPEROVSKITE, "x:twin", doi="10.1/c")
BROMIDE = known(bromide(), "x:bromide", doi="10.1/b")
SAME_PAPER = known(bromide(), "x:same", doi="10.1/a|10.1/z")


def test_neither_the_composition_nor_the_paper_helps() -> None:
    found = made_again(CHLORIDE, Chooser([CHLORIDE, TWIN, SAME_PAPER, BROMIDE]))
    assert found.mapping is not None
    assert found.mapping.prototype is BROMIDE
    assert made_again(CHLORIDE, Chooser([CHLORIDE, TWIN, SAME_PAPER])).mapping is None


def test_errors_stand_beside_both_baselines() -> None:
    tested = [CHLORIDE, BROMIDE]
    table = left_out(tested, Chooser([*tested, known(LITHIUM_CHLORIDE, "x:licl")]))
    generated.PROTOTYPES_LEFT_OUT.check(table)
    row = table.set_index("structure_id").loc["x:chloride"]
    edge = (1.08 ** (1 / 3)) - 1
    assert row["a_error_of_nearest"] == pytest.approx(edge)
    assert row["density_error_of_nearest"] == pytest.approx(1 / 1.08 - 1)
    assert row["parent_id"] == "x:bromide"
    assert (1 + row["a_error"]) ** 3 == pytest.approx(1 / (1 + row["density_error"]))


def test_a_crystal_that_no_other_can_make_has_no_errors() -> None:
    table = left_out([CHLORIDE], Chooser([CHLORIDE]))
    generated.PROTOTYPES_LEFT_OUT.check(table)
    assert pd.isna(table.loc[0, "cost_per_anion"])
    assert pd.isna(table.loc[0, "a_error_of_nearest"])
    assert not table.loc[0, "trusted"]
