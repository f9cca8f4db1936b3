"""Which predictor errs least on papers that it has not seen, and what it scores on every protocol.

    python benchmarks/accuracy.py --home DIR [--output predictions.csv]

The home holds a finished run of the pipeline (`make run DATASET=obelix`) and is only read. The candidates are
compared, and one is chosen, inside OBELiX's official training rows, with whole papers held out, nested. The
rows of the four protocols are then predicted once, by the candidate chosen.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import xgboost
from sklearn.ensemble import ExtraTreesRegressor

from sse_assets.boosted_trees.model import BoostedTreesModel
from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.curation.measurements import curate_measurements
from sse_assets.descriptors.cell import (
    CELL_COLUMNS,
    PROTOTYPE_COLUMNS,
    ROOM_COLUMNS,
    SHAPE_COLUMNS,
    cell,
)
from sse_assets.descriptors.cell_imputer import CellImputer
from sse_assets.descriptors.chemistry import CHEMISTRY_COLUMNS, chemistry
from sse_assets.descriptors.crystals import read_crystals
from sse_assets.descriptors.stoichiometric import stoichiometric
from sse_assets.evaluation.floor import learning_curve
from sse_assets.evaluation.intervals import Bootstrap, percentile_interval
from sse_assets.gaussian_process.conformal import COVERAGES, ConformalIntervals
from sse_assets.gaussian_process.domain import Domain
from sse_assets.gaussian_process.model import GaussianProcessModel
from sse_assets.gaussian_process.settings import GaussianProcessSettings
from sse_assets.materials.conductivity import LabelConvention, labels
from sse_assets.splits.groups import merged_groups, sharing_nothing
from sse_assets.splits.papers import paper_folds
from sse_assets.splits.protocols import Protocol

FOLDS = 6
CHEMISTRY = tuple(CHEMISTRY_COLUMNS)
CELL = (*ROOM_COLUMNS, *SHAPE_COLUMNS)
PROTOTYPE = tuple(PROTOTYPE_COLUMNS)

DEFAULTS = GaussianProcessSettings()

Predict = Callable[[pd.Index, pd.Index], pd.DataFrame]
"""From rows that train and rows that test to the mean and std of these."""
Fold = tuple[pd.Index, pd.Index]


def tables(home: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Read every measurement, LiIon's formulas included, features, the four protocols and today's scores."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as warehouse:
        curated = warehouse.sql("select * from curated.electrolytes").df()
        structures = warehouse.sql("select * from curated.structures").df()
        liion = warehouse.sql("select * from raw.liion_measurements").df()
        assignments = warehouse.sql("select * from splits.assignments").df()
        today = warehouse.sql("select * from models.boosted_trees_predictions where role = 'test'").df()
    formulas, _ = curate_measurements(liion)
    formulas = formulas[~formulas["electrolyte_id"].isin(curated["electrolyte_id"])]
    every = pd.concat([curated, formulas.reindex(columns=curated.columns)], ignore_index=True)
    crystals, _ = read_crystals(structures)
    cells, failures = cell(every, {name: crystal.structure for name, crystal in crystals.items()})
    features = stoichiometric(every).merge(chemistry(every)).merge(cells).set_index("electrolyte_id")
    print(f"{len(curated)} curated rows, {len(formulas)} with a formula alone")
    print(f"{len(failures)} cells imputed in part")
    print(features.pop("cell_origin").value_counts().to_string(), "\n")
    return every.set_index("electrolyte_id", drop=False), features, assignments, today


def candidates(rows: pd.DataFrame, features: pd.DataFrame, label: pd.Series) -> dict[str, Predict]:
    """Name the predictors that are compared."""
    known = {*CHEMISTRY, *CELL, *PROTOTYPE}
    elements = [name for name in features if name not in known]

    def process(chemistry: tuple[str, ...], cell: tuple[str, ...]) -> Predict:
        def predict(train: pd.Index, test: pd.Index) -> pd.DataFrame:
            model = GaussianProcessModel.fit(
                features.loc[train], label, rows["doi"], DEFAULTS, chemistry=chemistry, cell=cell
            )
            return model.predict(features.loc[test])

        return predict

    def extra_trees(train: pd.Index, test: pd.Index) -> pd.DataFrame:
        trees = ExtraTreesRegressor(300, max_features=0.5, random_state=0, n_jobs=1)
        trees.fit(features.loc[train].to_numpy(), label.loc[train].to_numpy())
        each = np.array([tree.predict(features.loc[test].to_numpy()) for tree in trees.estimators_])
        return pd.DataFrame({"mean": each.mean(axis=0), "std": each.std(axis=0)}, index=test)

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
        (
            pd.Index(fold["electrolyte_id"][fold["role"] == "train"]),
            pd.Index(fold["electrolyte_id"][fold["role"] == "test"]),
        )
        for _, fold in drawn.groupby("fold")
    ]


def out_of_fold(predict: Predict, folds: list[Fold]) -> pd.DataFrame:
    """Predict each test row by a model that did not see its fold."""
    return pd.concat([predict(train, test) for train, test in folds])


def all_out_of_fold(all_candidates: dict[str, Predict], folds: list[Fold]) -> dict[str, pd.DataFrame]:
    """Predict by every candidate."""
    return {name: out_of_fold(predict, folds) for name, predict in all_candidates.items()}


def mean_absolute_error(label: pd.Series, predicted: pd.DataFrame) -> float:
    """Return the MAE in log10 units."""
    return float((label.loc[predicted.index] - predicted["mean"]).abs().mean())


def best(label: pd.Series, predicted: dict[str, pd.DataFrame]) -> str:
    """Name the candidate with the lowest error."""
    return min(predicted, key=lambda name: mean_absolute_error(label, predicted[name]))


def difference(label: pd.Series, one: pd.Series, other: pd.Series, clusters: pd.Series) -> str:
    """Return the paired difference in MAE with its 95 % bootstrap interval over whole clusters."""
    paired = ((label - one).abs() - (label - other).abs()).dropna()
    ids = paired.index.to_series()
    counts = Bootstrap.of(ids, clusters, n_bootstrap=2000, seed=0).counts(ids)
    low, high = percentile_interval(counts @ paired.to_numpy() / counts.sum(axis=1))
    return f"{paired.mean():+.3f} ({low:+.3f} to {high:+.3f})"


def predict_protocol(
    predict: Predict, rows: pd.DataFrame, assigned: pd.DataFrame, label: pd.Series
) -> pd.DataFrame:
    """Predict the test rows of one protocol once, with intervals from papers held out of its training rows.

    The rows with a formula alone train where they share neither a DOI nor a composition with a test row.
    """
    formulas = rows.loc[rows.index.difference(assigned["electrolyte_id"])].rename_axis(None)
    parts = []
    for fold, part in assigned.groupby("fold"):
        train, test = (pd.Index(part["electrolyte_id"][part["role"] == role]) for role in ("train", "test"))
        fitted = train.append(pd.Index(sharing_nothing(formulas, rows.loc[test].rename_axis(None))))
        table = predict(fitted, test).assign(fold=fold, log10_sigma=label.loc[test])
        held_out = out_of_fold(predict, held_out_papers(rows.loc[fitted], train, FOLDS, seed=0))
        true = label.loc[held_out.index].to_numpy()
        intervals = ConformalIntervals.fit(true, held_out["mean"].to_numpy(), held_out["std"].to_numpy())
        for coverage in COVERAGES:
            ends = intervals.interval(table["mean"].to_numpy(), table["std"].to_numpy(), coverage)
            table[f"low_{coverage:.0%}"], table[f"high_{coverage:.0%}"] = ends
        parts.append(table)
    return pd.concat(parts)


def print_scores(protocol: str, scored: pd.DataFrame) -> None:
    """Print error, rank correlation, and how often and how widely the intervals hold."""
    label = scored["log10_sigma"]
    rank = scored["mean"].corr(label, method="spearman")
    line = f"  {protocol}: MAE {mean_absolute_error(label, scored):.3f}, SRCC {rank:.3f}"
    for coverage in COVERAGES:
        low, high = scored[f"low_{coverage:.0%}"], scored[f"high_{coverage:.0%}"]
        line += f"; {coverage:.0%} {label.between(low, high).mean():.3f} held, {(high - low).mean():.2f} wide"
    print(line)


def print_domain(rows: pd.DataFrame, features: pd.DataFrame, label: pd.Series, folds: list[Fold]) -> None:
    """Print the process's errors inside and outside its domain, and with the cell hidden and imputed."""
    cell_columns = (*CELL, *PROTOTYPE)
    parts = []
    for train, test in folds:
        model = GaussianProcessModel.fit(
            features.loc[train], label, rows["doi"], DEFAULTS, chemistry=CHEMISTRY, cell=cell_columns
        )
        lengths = (DEFAULTS.fractions_length, DEFAULTS.chemistry_length, DEFAULTS.cell_length)
        domain = Domain.fit(features.loc[train], rows["doi"], model.inputs, lengths)
        hidden = features.loc[test].copy()
        hidden[CELL_COLUMNS] = np.nan
        imputer = CellImputer.fit(rows.loc[train, "formula"], features.loc[train, CELL_COLUMNS])
        hidden[CELL_COLUMNS] = imputer.fill(rows.loc[test, "formula"], hidden[CELL_COLUMNS])
        parts.append(
            domain.examine(features.loc[test]).assign(
                error=(model.predict(features.loc[test])["mean"] - label.loc[test]).abs(),
                error_of_formula=(model.predict(hidden)["mean"] - label.loc[test]).abs(),
            )
        )
    examined = pd.concat(parts)
    for outside, part in examined.groupby("outside"):
        where = "outside" if outside else "inside"
        print(f"  process {where} its domain: {part['error'].mean():.3f} ({len(part)} rows)")
    print(f"  process, cell hidden and imputed: {examined['error_of_formula'].mean():.3f}")


def main() -> None:
    """Choose on papers, then score the chosen once on each protocol."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, required=True, help="home of a finished run")
    parser.add_argument(
        "--output", type=Path, help="where to write the predictions of the four protocols (CSV)"
    )
    arguments = parser.parse_args()
    started = time.perf_counter()
    rows, features, assignments, today = tables(arguments.home)
    label_table = labels(rows.reset_index(drop=True))
    groups = merged_groups(rows.reset_index(drop=True))
    papers = rows["doi"].fillna(rows["electrolyte_id"])

    official_test = rows[rows["official_role"] == "test"].rename_axis(None)
    inside = rows.loc[sharing_nothing(rows.rename_axis(None), official_test)]
    tested = inside.index[inside["official_role"] == "train"]
    folds = held_out_papers(inside, tested, FOLDS, seed=0)
    print(f"{len(tested)} official training rows of {papers[tested].nunique()} papers choose")
    print(f"{len(inside)} rows train")

    every_prediction = []
    for convention in LabelConvention:
        label = label_table[convention.value]
        all_candidates = candidates(rows, features, label)
        predicted = all_out_of_fold(all_candidates, folds)
        chosen = best(label, predicted)
        print(f"\n{convention.value}: MAE on papers; difference from the chosen, 95 % over papers")
        for name, table in predicted.items():
            versus = difference(label, table["mean"], predicted[chosen]["mean"], papers)
            note = "chosen" if name == chosen else versus
            print(f"  {name:<32}{mean_absolute_error(label, table):.3f}  {note}")
        nested = []
        for fold, (train, test) in enumerate(folds):
            inner = held_out_papers(rows.loc[train], tested.intersection(train), FOLDS, seed=fold)
            name = best(label, all_out_of_fold(all_candidates, inner))
            nested.append(predicted[name].loc[test])
            print(f"    without fold {fold}: {name}")
        print(f"  nested choice: {mean_absolute_error(label, pd.concat(nested)):.3f}")
        print_domain(rows, features, label, folds)
        predict = all_candidates[chosen]
        curve = learning_curve(
            folds,
            papers,
            lambda train, test, predict=predict, label=label: (
                predict(train, test)["mean"] - label.loc[test]
            ).abs(),
        )
        print(curve.round(3).to_string(index=False))

        for protocol, assigned in assignments.groupby("protocol", sort=False):
            scored = predict_protocol(all_candidates[chosen], rows, assigned, label)
            print_scores(str(protocol), scored)
            every_prediction.append(scored.assign(protocol=protocol, label_convention=convention.value))
            past = today[(today["protocol"] == protocol) & (today["label_convention"] == convention.value)]
            clusters = groups if protocol == Protocol.GROUPED else papers
            for variant, old in past.groupby("variant"):
                trees = old.set_index("electrolyte_id")["predicted"]
                error = (trees - label.loc[trees.index]).abs().mean()
                versus = difference(label, scored["mean"], trees, clusters)
                print(f"    paper's trees, {variant:<15}{error:.3f}  {versus}")
        print(f"  {time.perf_counter() - started:.0f} s")
    if arguments.output:
        pd.concat(every_prediction).rename_axis("electrolyte_id").to_csv(arguments.output)


if __name__ == "__main__":
    main()
