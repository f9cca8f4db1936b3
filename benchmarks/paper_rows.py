"""Scores of our boosted trees on rows, features and split of the paper, beside the scores of the paper.

    python benchmarks/paper_rows.py --rows paper_rows.csv [--seeds 5] [--workers 2]

The table is not part of this project. It has one row per electrolyte and the columns `name`, `composition`,
`a`, `b`, `c` (Å), `density` (g/cm³), `poav` (cm³/g), `log_target` (log10 S/cm) and `split` (train or test).
"""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

from sse_assets.boosted_trees.model import BoostedTreesModel
from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.evaluation.metrics import METRICS
from sse_assets.materials.formula import element_fractions, parse_composition
from sse_assets.report.published import FIGURE_7_TEST_SCORES


def feature_sets(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the three feature sets of the paper, with the index of the rows."""
    fractions = [element_fractions(parse_composition(formula)) for formula in rows["composition"]]
    stoichiometric = pd.DataFrame(fractions, index=rows.index).fillna(0.0)
    geometric = rows[["a", "b", "c", "density", "poav"]].astype(float)
    return {
        "stoichiometric": stoichiometric,
        "geometric": geometric,
        "all": pd.concat([stoichiometric, geometric], axis="columns"),
    }


def main() -> None:
    """Fit each feature set once for each seed; print mean scores, their spread and those of the paper."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=Path, required=True, help="the paper's table (CSV)")
    parser.add_argument("--seeds", type=int, default=1, help="fits per feature set, seeds 0, 1, …")
    parser.add_argument("--workers", type=int, default=2, help="fits that run at a time")
    arguments = parser.parse_args()

    started = time.perf_counter()
    table = pd.read_csv(arguments.rows, index_col="name")
    for name in table.index[table["log_target"].isna()]:
        print(f"left out, for it has no target: {name} ({table.loc[name, 'composition']})")
    rows = table.dropna(subset="log_target")
    train, test = rows.index[rows["split"] == "train"], rows.index[rows["split"] == "test"]
    matrices = feature_sets(rows)

    def scores(feature_set: str, seed: int) -> dict[str, float]:
        X, settings = matrices[feature_set], BoostedTreesSettings(seed=seed)
        model = BoostedTreesModel.fit(X.loc[train], rows.loc[train, "log_target"], settings)
        true, predicted = rows.loc[test, "log_target"].to_numpy(), model.predict(X.loc[test])
        return {metric: float(formula(true, predicted)) for metric, formula in METRICS.items()}

    runs = [(feature_set, seed) for feature_set in matrices for seed in range(arguments.seeds)]
    with ThreadPoolExecutor(arguments.workers) as pool:
        results = pd.DataFrame(list(pool.map(lambda run: scores(*run), runs)))
    results.index = pd.Index([feature_set for feature_set, _ in runs])

    print(f"{len(train)} train and {len(test)} test rows, Table 1's settings, {arguments.seeds} seed(s)")
    print(f"{'feature set':<16}{'metric':<8}{'ours':>8}{'spread':>9}{'paper':>8}")
    for feature_set in matrices:
        for metric in METRICS:
            ours = results.loc[[feature_set], metric]
            spread = f"±{ours.std():.3f}" if arguments.seeds > 1 else "-"
            published = FIGURE_7_TEST_SCORES.get((feature_set, metric))
            paper = "-" if published is None else f"{published:.3f}"
            print(f"{feature_set:<16}{metric:<8}{ours.mean():>8.3f}{spread:>9}{paper:>8}")
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
