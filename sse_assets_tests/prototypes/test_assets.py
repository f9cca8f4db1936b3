"""What prototypes bring, as Dagster makes the table: two models, with the cells of prototypes and without."""

from dataclasses import asdict
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from sse_assets.assets.evidence import prototype_contribution_table
from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.descriptors.cell import CELL_COLUMNS, crystal_features
from sse_assets.descriptors.chemistry import chemistry
from sse_assets.evaluation.prototype_contribution import PLACED as PLACED_PART
from sse_assets.materials.formula import composition_key, parse_composition
from sse_assets.orchestration.io import TableIOManager
from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets.tables import curated, generated, models, splits
from sse_assets_tests.environment import settings_with
from sse_assets_tests.prototypes.crystal_examples import LITHIUM_CHLORIDE

AMOUNTS = range(1, 17)
PLACED = {f"x:{amount}" for amount in AMOUNTS if amount % 4 == 0}


def place(amount: int) -> float:
    """Return 1 to 16, in another order than that of the amounts."""
    return float(amount * 7 % 17)


def electrolytes() -> pd.DataFrame:
    """Sixteen compositions, each of its own paper; the fourth, eighth, … have a formula alone.

    The label follows the cell, and not the composition.
    """
    rows = []
    for amount in AMOUNTS:
        formula = f"Li{amount}P{20 - amount}O40Cl{amount}"
        rows.append(
            {
                "electrolyte_id": f"x:{amount}",
                "formula": formula,
                "composition_key": composition_key(parse_composition(formula)),
                "sigma_s_cm": 10.0 ** -place(amount),
                "log10_sigma": -place(amount),
                "censored": False,
                "conductivity_class": "low",
                "doi": f"10.1/{amount}",
                "formula_only": f"x:{amount}" in PLACED,
            }
        )
    return curated.ELECTROLYTES.frame(rows)


def tables(larger: float) -> dict[str, pd.DataFrame]:
    """The inputs of the step; cells of prototypes are larger than the label has it by a factor."""
    rows = electrolytes()
    ids = rows["electrolyte_id"]
    own, is_placed = ids[~ids.isin(PLACED)], ids.isin(PLACED)
    numbers, _ = crystal_features(LITHIUM_CHLORIDE)
    edges = pd.Series([5.0 + place(amount) / 10 for amount in AMOUNTS], index=list(ids))
    edges = edges * is_placed.map({True: larger, False: 1.0}).to_numpy()
    cell = pd.DataFrame([numbers] * len(rows))[CELL_COLUMNS].mul(edges.to_numpy(), axis="index")
    folds = [
        {"protocol": protocol, "fold": fold, "electrolyte_id": name, "role": role}
        for protocol in ("grouped", "papers")
        for fold in range(2)
        for role, chosen in (("test", own[fold::2]), ("train", own[1 - fold :: 2]))
        for name in chosen
    ]
    every_fold = pd.DataFrame(folds).drop_duplicates(["protocol", "fold"])[["protocol", "fold"]]
    further = every_fold.merge(pd.DataFrame({"electrolyte_id": list(PLACED), "role": "train"}), how="cross")
    return {
        "curated.electrolytes": rows,
        "splits.assignments": splits.ASSIGNMENTS.frame(folds),
        "splits.formula_only": splits.FORMULA_ONLY.frame(further),
        "descriptors.chemistry": chemistry(rows),
        "descriptors.cell": cell.assign(
            electrolyte_id=ids, cell_origin=is_placed.map({True: "prototype", False: "structure"})
        ),
        "descriptors.geometric": pd.DataFrame(
            {"electrolyte_id": own, "density_g_cm3": 2.0, "poav_cm3_g": 0.01}
            | {name: edges.loc[own].to_numpy() for name in "abc"}
        ),
        "generated.prototypes": generated.PROTOTYPES.frame(
            {
                "electrolyte_id": name,
                "trusted": True,
                "signs_reversed": False,
                "cell_given": False,
                "density_g_cm3": 2.0,
                **dict.fromkeys("abc", edges.loc[name]),
            }
            for name in PLACED
        ),
        "models.choice": models.CHOICE.frame(),
        "models.boosted_trees_settings": models.BOOSTED_TREES_SETTINGS.frame(
            [
                {"feature_set": "all", "origin": "Table 1"}
                | asdict(BoostedTreesSettings(n_estimators=20, reg_lambda=1.0, reg_alpha=0.0))
            ]
        ),
    }


def with_an_inbox(inputs: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The inputs with one row of the inbox, which `grouped` tests too."""
    assigned = inputs["splits.assignments"]
    grouped = assigned.loc[assigned["protocol"] == "grouped", ["protocol", "fold"]].drop_duplicates()
    of_inbox = grouped.assign(electrolyte_id="inbox:new", role=["test", "train"])
    own = {"electrolyte_id": "inbox:new", "source": "inbox", "doi": "10.1/inbox"}
    return (
        inputs
        | {
            name: pd.concat([frame, frame.iloc[:1].assign(**{k: v for k, v in own.items() if k in frame})])
            for name, frame in inputs.items()
            if name in ("curated.electrolytes", "descriptors.chemistry", "descriptors.cell")
        }
        | {"splits.assignments": splits.ASSIGNMENTS.frame(pd.concat([assigned, of_inbox]))}
    )


def made(folder: Path, larger: float, *, inbox: bool = False) -> pd.DataFrame:
    settings = settings_with(SSE_HOME=folder)
    store = TableStore(settings.blob_root)
    inputs = tables(larger)
    for name, frame in (with_an_inbox(inputs) if inbox else inputs).items():
        store.write(TableKey(*name.split(".")), frame)
    upstream = {dep.asset_key for spec in prototype_contribution_table.specs for dep in spec.deps}
    result = dg.materialize(
        [
            prototype_contribution_table,
            *(dg.AssetSpec(key).with_io_manager_key("io_manager") for key in upstream),
        ],
        selection=[prototype_contribution_table],
        resources={"settings": settings, "io_manager": TableIOManager(settings)},
    )
    assert result.success
    table = store.read(TableKey("metrics", "prototype_contribution"))
    return table.set_index(["model", "protocol", "label_convention", "part"])


@pytest.fixture(scope="module")
def contributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table where the cells of prototypes are right, and where they are a third too large."""
    return made(tmp_path_factory.mktemp("right"), 1.0), made(tmp_path_factory.mktemp("larger"), 4 / 3)


def test_rows_with_a_formula_alone_are_tested_on_papers_and_train_under_grouped(
    contributions: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    right, _ = contributions
    tested = right.groupby(["model", "protocol"])["n"].max()
    assert tested.to_dict() == {
        ("boosted_trees", "grouped"): 12,
        ("boosted_trees", "papers"): 16,
        ("gaussian_process", "grouped"): 12,
        ("gaussian_process", "papers"): 16,
    }
    assert right.xs(PLACED_PART, level="part")["n"].tolist() == [4] * 3  # the process twice, and the trees


def test_right_cells_help_the_rows_that_they_are_for_and_wrong_ones_help_them_less(
    contributions: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    right, wrong = (table.xs(PLACED_PART, level="part")["difference"] for table in contributions)
    assert (right < 0).all()
    assert (right < wrong).all()


def test_without_them_a_model_sees_nothing_of_their_cells(
    contributions: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    right, wrong = contributions
    pd.testing.assert_series_equal(right["mae_without"], wrong["mae_without"])
    assert (right["mae"] != wrong["mae"]).all()


def test_a_row_of_the_inbox_changes_nothing(
    contributions: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path
) -> None:
    right, _ = contributions
    pd.testing.assert_frame_equal(made(tmp_path, 1.0, inbox=True), right)
