"""What prototypes contribute to a model, on errors made by hand."""

import pandas as pd
import pytest

from sse_assets.evaluation.prototype_contribution import ALL, KNOWN, PLACED, Compared, contributions
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.tables import metrics
from sse_assets.tables.names import CellOrigin, ModelName, Protocol

ORIGINS = [CellOrigin.STRUCTURE, CellOrigin.TABLE, *[CellOrigin.PROTOTYPE] * 5, CellOrigin.COMPOSITION]
IDS = pd.Index([f"x:{number}" for number in range(len(ORIGINS))], name="electrolyte_id")
LABELS = pd.DataFrame({"bound": -5.0, "obelix": -9.0}, index=IDS)


def contribution(groups: pd.Series, convention: LabelConvention = LabelConvention.BOUND) -> pd.DataFrame:
    """The label is missed by 1, by 2 without prototypes where the row has one, by 1.1 elsewhere."""
    placed = pd.Series([origin == CellOrigin.PROTOTYPE for origin in ORIGINS], index=IDS)
    with_prototypes = pd.Series(-4.0, index=IDS)
    without = with_prototypes.mask(placed, -7.0).mask(~placed, -6.1).sample(frac=1, random_state=0)
    one = Compared(Protocol.PAPERS, ModelName.GAUSSIAN_PROCESS, convention, with_prototypes, without)
    origins = pd.Series(ORIGINS, index=IDS)
    return contributions([one], LABELS, origins, {Protocol.PAPERS: groups}).set_index("part")


def test_errors_are_paired_row_by_row_and_parted_by_the_origin_of_the_cell() -> None:
    table = contribution(pd.Series(range(len(IDS)), index=IDS))
    assert table["n"].to_dict() == {ALL: 8, KNOWN: 2, PLACED: 5}
    assert table["mae"].tolist() == pytest.approx([1.0] * 3)
    assert table["mae_without"].tolist() == pytest.approx([(5 * 2 + 3 * 1.1) / 8, 1.1, 2.0])
    assert table["difference"].tolist() == pytest.approx([-(5 + 0.3) / 8, -0.1, -1.0])
    assert table.loc[PLACED, ["low", "high"]].tolist() == pytest.approx([-1.0, -1.0])
    assert table.loc[ALL, "low"] < table.loc[ALL, "difference"] < table.loc[ALL, "high"]


def test_few_groups_have_no_interval() -> None:
    table = contribution(pd.Series([0, 1, 2, 2, 2, 2, 2, 3], index=IDS))
    assert table.loc[PLACED, ["low", "high"]].isna().all()


def test_labels_are_those_of_the_convention() -> None:
    table = contribution(pd.Series(range(len(IDS)), index=IDS), LabelConvention.OBELIX)
    assert table.loc[KNOWN, ["mae", "mae_without"]].tolist() == pytest.approx([5.0, 2.9])


def test_parts_without_rows_and_no_predictions_are_left_out() -> None:
    nothing = contributions([], LABELS, pd.Series(ORIGINS, index=IDS), {})
    assert list(nothing.columns) == metrics.PROTOTYPE_CONTRIBUTION.names
    assert nothing.empty
