"""The inputs that people in the field stumble over, through the door of predictions."""

from pathlib import Path

import pandas as pd
import pytest

from sse_assets.screening import Predictor
from sse_assets.screening.candidates import read_candidates
from sse_assets.screening.material import Material
from sse_assets.tables.names import Reason

REFUSED = {
    "cell_in_nm": Reason.UNREADABLE_STRUCTURE,
    "occupancy_sum_1.06": Reason.UNREADABLE_STRUCTURE,
    "nacl": Reason.NO_LITHIUM,
    "lialo2_without_li": Reason.NO_LITHIUM,
    "hydrogen_not_listed": Reason.CHARGE_IMBALANCE,  # LiO; a note says that the file's formula has H
    "vacancy_as_vac": Reason.CHARGE_IMBALANCE,  # Li1.5MgCl4, as it is written
    "vacancy_as_x": Reason.CHARGE_IMBALANCE,  # Li1.8MgCl4
}
SULFIDE = ("cell_li2s_conventional", "cell_li2s_primitive", "cell_li2s_2x2x2", "hall_symbol_only", "bom")


def test_every_cif_is_answered_or_refused_for_its_reason(home: Path, field_cases: Path) -> None:
    answers = {Path(one.asked).stem: one for one in Predictor.load(home).predict(field_cases / "cif")}
    refused = {name: one.reason_code for name, one in answers.items() if one.prediction is None}
    assert refused == REFUSED
    assert any("H" in remark for remark in answers["hydrogen_not_listed"].remarks)
    values = [one.log10_sigma for name in SULFIDE if (one := answers[name].prediction) is not None]
    assert values == pytest.approx([values[0]] * len(SULFIDE), abs=1e-6)


def test_formula_and_crystal_together(home: Path, field_cases: Path) -> None:
    cif = field_cases / "cif"
    lost, other = Predictor.load(home).predict(
        [
            Material("LiAlO2", file=cif / "lialo2_without_li.cif"),
            Material("Li6PS5Cl", file=cif / "nacl.cif"),
        ]
    )
    assert lost.prediction is not None
    assert "the CIF holds no Li" in lost.remarks
    assert other.reason_code is Reason.OTHER_COMPOUND


def test_every_formula_is_answered_or_refused_with_both_readings(home: Path, field_cases: Path) -> None:
    formulas = pd.read_csv(field_cases / "inbox" / "formulas.csv")["formula"].tolist()
    answers = {one.asked: one for one in Predictor.load(home).predict(formulas)}
    (refused,) = [one for one in answers.values() if one.prediction is None]
    assert refused.asked == "LiClO4.3H2O"
    assert "write 'LiClO4·3H2O', or '(LiClO4.3)H2O'" in str(refused.refused)
    dash, percent = answers["0.7Li2S-0.3P2S5"].prediction, answers["70Li2S-30P2S5"].prediction
    assert dash is not None
    assert percent is not None
    assert dash.log10_sigma == pytest.approx(percent.log10_sigma, abs=1e-9)


def test_every_table_is_answered_row_by_row(home: Path, field_cases: Path) -> None:
    """Without a reason means answered; what does not fit in a structure beside a formula is remarked."""
    found: dict[str, list[Reason | None]] = {}
    remarks: dict[str, str] = {}
    for table in sorted((field_cases / "inbox").glob("*.csv")):
        rows = read_candidates(table.read_bytes(), table.name, table.parent)
        answers = list(Predictor.load(home).answers(rows))
        found[table.stem] = [answer.reason_code for answer in answers]
        remarks[table.stem] = " ".join(remark for answer in answers for remark in answer.remarks)
        assert all((one.prediction is None) is (one.refused is not None) for one in answers)
    assert {name: codes for name, codes in found.items() if any(codes)} == {
        "formulas": [None, None, Reason.UNREADABLE_FORMULA, None, None, None],
        "wrong_cif": [Reason.OTHER_COMPOUND],
    }
    assert "the CIF holds no Li" in remarks["lialo2_without_li"]
    assert "was read as empty, not as an atom" in remarks["vacancy_as_x"]
