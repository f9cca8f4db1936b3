import pandas as pd
import pytest

from sse_assets.descriptors.stoichiometric import stoichiometric
from sse_assets.materials.formula import FormulaError


def table(**formulas: str) -> pd.DataFrame:
    return pd.DataFrame({"electrolyte_id": list(formulas), "formula": list(formulas.values())})


def test_fractions_of_llzo_and_lithium_chloride():
    features = stoichiometric(table(llzo="Li7La3Zr2O12", salt="LiCl")).set_index("electrolyte_id")

    assert list(features.columns) == ["Li", "O", "Cl", "Zr", "La"]
    assert features.loc["llzo"].tolist() == pytest.approx([7 / 24, 12 / 24, 0, 2 / 24, 3 / 24])
    assert features.loc["salt"].tolist() == [0.5, 0, 0.5, 0, 0]


def test_the_size_of_the_formula_unit_does_not_matter():
    features = stoichiometric(table(unit="Li2O", cell="Li8.0O4.0"))
    assert features.loc[0, ["Li", "O"]].tolist() == pytest.approx(features.loc[1, ["Li", "O"]].tolist())


def test_an_empty_table_gives_an_empty_table():
    assert list(stoichiometric(table()).columns) == ["electrolyte_id"]


def test_a_formula_that_cannot_be_read_is_named():
    with pytest.raises(FormulaError, match="'LiXx2'"):
        stoichiometric(table(bad="LiXx2"))


def test_every_row_of_obelix_sums_to_one(obelix_electrolytes: pd.DataFrame):
    features = stoichiometric(obelix_electrolytes).set_index("electrolyte_id")
    assert features.shape[0] == 599
    assert features.sum(axis="columns").to_numpy() == pytest.approx(1)
    assert (features["Li"] > 0).all()
