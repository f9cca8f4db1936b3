"""Which predictor errs least on papers that it has not seen, and what the one chosen scores on every protocol.

    python benchmarks/accuracy.py --home DIR [--output predictions.csv]

The home holds a finished run of the pipeline (`make run DATASET=obelix`) and is only read. The candidates are
compared, and one is chosen, inside OBELiX's official training rows, whole papers held out, nested; the rows of the
four protocols are then predicted once, by the candidate chosen.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import xgboost

from sse_assets.boosted_trees.model import BoostedTreesModel
from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.curation.measurements import curate_measurements
from sse_assets.descriptors.cell import PROTOTYPE_COLUMNS, ROOM_COLUMNS, SHAPE_COLUMNS, cell
from sse_assets.descriptors.chemistry import CHEMISTRY_COLUMNS, chemistry
from sse_assets.descriptors.crystals import read_crystals
from sse_assets.descriptors.stoichiometric import stoichiometric
from sse_assets.evaluation.intervals import Bootstrap, percentile_interval
from sse_assets.extra_trees.model import ExtraTreesModel, ExtraTreesSettings
from sse_assets.gaussian_process.conformal import COVERAGES, ConformalIntervals
from sse_assets.gaussian_process.model import GaussianProcessModel
from sse_assets.gaussian_process.settings import GaussianProcessSettings
from sse_assets.materials.conductivity import LabelConvention, labels
from sse_assets.splits.groups import merged_groups, sharing_nothing
from sse_assets.splits.papers import paper_folds

INNER_FOLDS = 3
CHEMISTRY = tuple(CHEMISTRY_COLUMNS)
CELL = (*ROOM_COLUMNS, *SHAPE_COLUMNS)
PROTOTYPE = tuple(PROTOTYPE_COLUMNS)

Predict = Callable[[pd.Index, pd.Index], pd.DataFrame]
"""From rows that train and rows that test to the mean and std of these."""
Fold = tuple[pd.Index, pd.Index]


def tables(home: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Read every measurement (LiIon's formulas included), their features, the four protocols and today's scores."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as warehouse:
        curated = warehouse.sql("select * from curated.electrolytes").df()
        structures = warehouse.sql("select * from curated.structures").df()
        liion = warehouse.sql("select * from raw.liion_measurements").df()
        assignments = warehouse.sql("select * from splits.assignments").df()
        today = warehouse.sql(
            "select * from models.boosted_trees_predictions where role = 'test'"
        ).df()
    formulas, _ = curate_measurements(liion)
    formulas = formulas[~formulas["electrolyte_id"].isin(curated["electrolyte_id"])]
    every = pd.concat([curated, formulas.reindex(columns=curated.columns)], ignore_index=True)
    crystals, _ = read_crystals(structures)
    cells, failures = cell(every, crystals)
    features = stoichiometric(every).merge(chemistry(every)).merge(cells).set_index("electrolyte_id")
    print(f"{len(curated)} curated rows, {len(formulas)} with a formula alone; {len(failures)} cells imputed in part")
    print(features.pop("cell_origin").value_counts().to_string(), "\n")
    return every.set_index("electrolyte_id", drop=False), features, assignments, today


def candidates(rows: pd.DataFrame, features: pd.DataFrame, label: pd.Series) -> dict[str, Predict]:
    """Name the predictors that are compared."""
    known = {*CHEMISTRY, *CELL, *PROTOTYPE}
    elements = [name for name in features if name not in known]

    def process(chemistry: tuple[str, ...], cell: tuple[str, ...]) -> Predict:
        def predict(train: pd.Index, test: pd.Index) -> pd.DataFrame:
            model = GaussianProcessModel.fit(
                features.loc[train],
                label,
                rows["doi"],
                GaussianProcessSettings(),
                chemistry=chemistry,
                cell=cell,
            )
            return model.predict(features.loc[test])

        return predict

    def extra_trees(train: pd.Index, test: pd.Index) -> pd.DataFrame:
        return ExtraTreesModel.fit(features.loc[train], label, ExtraTreesSettings()).predict(features.loc[test])

    def paper_trees(train: pd.Index, test: pd.Index) -> pd.DataFrame:
        model = BoostedTreesModel.fit(features.loc[train, elements], label.loc[train], BoostedTreesSettings())
        return pd.DataFrame({"mean": model.predict(features.loc[test]), "std": 1.0}, index=test)

    def accelerated_failure_time(train: pd.Index, test: pd.Index) -> pd.DataFrame:
        """Grow trees that know of a censored row only its bound; XGBoost's objective is on ln σ."""
        sigma = rows.loc[train, "sigma_s_cm"].to_numpy()
        matrix = xgboost.DMatrix(features.loc[train].to_numpy())
        matrix.set_float_info("label_lower_bound", np.where(rows.loc[train, "censored"], 0.0, sigma))
        matrix.set_float_info("label_upper_bound", sigma)
        settings = {
            "objective": "survival:aft",
            "aft_loss_distribution": "normal",
            "aft_loss_distribution_scale": 2.0,
            "base_score": 1e-6,
            "learning_rate": 0.05,
            "max_depth": 5,
            "subsample": 0.66,
            "colsample_bytree": 0.5,
            "reg_lambda": 5.0,
            "nthread": 1,
        }
        booster = xgboost.train(settings, matrix, num_boost_round=300)
        predicted = booster.predict(xgboost.DMatrix(features.loc[test].to_numpy()))
        return pd.DataFrame({"mean": np.log10(predicted), "std": 1.0}, index=test)

    return {
        "process, composition": process((), ()),
        "process, + chemistry": process(CHEMISTRY, ()),
        "process, + cell": process((), CELL),
        "process, + both": process(CHEMISTRY, CELL),
        "process, + both + prototype": process(CHEMISTRY, (*CELL, *PROTOTYPE)),
        "extra trees, all of these": extra_trees,
        "AFT trees, all of these": accelerated_failure_time,
        "paper's trees, composition": paper_trees,
    }


def held_out_papers(rows: pd.DataFrame, tested: pd.Index, folds: int, seed: int) -> list[Fold]:
    """Return the folds of `papers` among some rows."""
    drawn = paper_folds(rows.reset_index(drop=True), folds=folds, seed=seed, tested=tested)
    return [
        (pd.Index(fold["electrolyte_id"][fold["role"] == "train"]), pd.Index(fold["electrolyte_id"][fold["role"] == "test"]))
        for _, fold in drawn.groupby("fold")
    ]


def out_of_fold(predict: Predict, folds: list[Fold]) -> pd.DataFrame:
    """Predict each test row by a model that did not see its paper."""
    return pd.concat([predict(train, test) for train, test in folds])


def mean_absolute_error(label: pd.Series, predicted: pd.DataFrame) -> float:
    """Return the MAE in log10 units."""
    return float((label.loc[predicted.index] - predicted["mean"]).abs().mean())


def choose(
    rows: pd.DataFrame, tested: pd.Index, label: pd.Series, all_candidates: dict[str, Predict], seed: int
) -> str:
    """Name the candidate with the lowest error on papers held out of `rows`."""
    folds = held_out_papers(rows, tested.intersection(rows.index), INNER_FOLDS, seed)
    errors = {
        name: mean_absolute_error(label, out_of_fold(predict, folds)) for name, predict in all_candidates.items()
    }
    return min(errors, key=errors.__getitem__)


def difference(label: pd.Series, one: pd.Series, other: pd.Series, clusters: pd.Series) -> str:
    """Return the paired difference in MAE with its 95 % bootstrap interval over whole clusters."""
    paired = ((label - one).abs() - (label - other).abs()).dropna()
    ids = paired.index.to_series()
    counts = Bootstrap.of(ids, clusters, n_bootstrap=2000, seed=0).counts(ids)
    low, high = percentile_interval(counts @ paired.to_numpy() / counts.sum(axis=1))
    return f"{paired.mean():+.3f} ({low:+.3f} to {high:+.3f})"


def main() -> None:
    """Choose on papers, then score the chosen once on each protocol."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, required=True, help="home of a finished run")
    parser.add_argument("--output", type=Path, help="where to write the predictions of the four protocols (CSV)")
    arguments = parser.parse_args()
    started = time.perf_counter()
    rows, features, assignments, today = tables(arguments.home)
    label_table = labels(rows.reset_index(drop=True))
    groups = merged_groups(rows.reset_index(drop=True))
    papers = rows["doi"].fillna(rows["electrolyte_id"])

    official_test = rows[rows["official_role"] == "test"].rename_axis(None)
    inside = rows.loc[sharing_nothing(rows.rename_axis(None), official_test)]
    tested = inside.index[inside["official_role"] == "train"]
    folds = held_out_papers(inside, tested, 6, seed=0)
    print(f"choice: {len(tested)} official training rows of {papers[tested].nunique()} papers, {len(inside)} rows train")

    every_prediction = []
    for convention in LabelConvention:
        label = label_table[convention.value]
        all_candidates = candidates(rows, features, label)
        predicted = {name: out_of_fold(predict, folds) for name, predict in all_candidates.items()}
        errors = {name: mean_absolute_error(label, table) for name, table in predicted.items()}
        chosen = min(errors, key=errors.__getitem__)
        print(f"\n{convention.value}: MAE on papers; difference from the chosen, 95 % over papers")
        for name, table in predicted.items():
            versus = difference(label, table["mean"], predicted[chosen]["mean"], papers)
            print(f"  {name:<30}{errors[name]:.3f}  {'chosen' if name == chosen else versus}")
        nested = []
        for fold, (train, test) in enumerate(folds):
            name = choose(rows.loc[train], tested, label, all_candidates, seed=fold)
            nested.append(predicted[name].loc[test])
            print(f"    fold {fold}: {name}")
        print(f"  nested choice {mean_absolute_error(label, pd.concat(nested)):.3f}   ({time.perf_counter() - started:.0f} s)")

        predict = all_candidates[chosen]
        for protocol, assigned in assignments.groupby("protocol", sort=False):
            parts = []
            for fold, part in assigned.groupby("fold"):
                test = pd.Index(part["electrolyte_id"][part["role"] == "test"])
                train = pd.Index(part["electrolyte_id"][part["role"] == "train"])
                formulas = rows.loc[rows.index.difference(assigned["electrolyte_id"])]
                clean = sharing_nothing(formulas.rename_axis(None), rows.loc[test].rename_axis(None))
                fitted = train.append(pd.Index(clean))
                calibration = out_of_fold(predict, held_out_papers(rows.loc[fitted], train, 6, seed=0))
                intervals = ConformalIntervals.fit(
                    label.loc[calibration.index].to_numpy(),
                    calibration["mean"].to_numpy(),
                    calibration["std"].to_numpy(),
                )
                table = predict(fitted, test).assign(fold=fold)
                for coverage in COVERAGES:
                    low, high = intervals.interval(table["mean"].to_numpy(), table["std"].to_numpy(), coverage)
                    table[f"low_{coverage:.0%}"], table[f"high_{coverage:.0%}"] = low, high
                parts.append(table)
            scored = pd.concat(parts).assign(
                protocol=protocol, label_convention=convention.value, log10_sigma=lambda t: label.loc[t.index]
            )
            every_prediction.append(scored)
            rank = scored["mean"].corr(scored["log10_sigma"], method="spearman")
            print(f"  {protocol}: MAE {mean_absolute_error(label, scored):.3f}, SRCC {rank:.3f}", end="")
            for coverage in COVERAGES:
                low, high = scored[f"low_{coverage:.0%}"], scored[f"high_{coverage:.0%}"]
                held = scored["log10_sigma"].between(low, high).mean()
                print(f"; {coverage:.0%} interval {held:.3f} held, {(high - low).mean():.2f} wide", end="")
            print()
            past = today[(today["protocol"] == protocol) & (today["label_convention"] == convention.value)]
            clusters = groups if protocol == "grouped" else papers
            for variant, old in past.groupby("variant"):
                trees = old.set_index("electrolyte_id")["predicted"]
                error = (trees - label.loc[trees.index]).abs().mean()
                print(f"    paper's trees, {variant:<15}{error:.3f}  {difference(label, scored['mean'], trees, clusters)}")
    if arguments.output:
        pd.concat(every_prediction).rename_axis("electrolyte_id").to_csv(arguments.output)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
