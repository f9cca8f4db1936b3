"""How the model was chosen, what it scores, and how its error falls with the number of papers that train.

    python benchmarks/accuracy.py --home DIR

The home holds a finished run of the pipeline (`make run DATASET=obelix`) and is only read. The run has made
the choice and the scores; they are printed. The learning curve is computed here, in about a minute.
"""

import argparse
from pathlib import Path

import duckdb
import pandas as pd

from sse_assets.descriptors.feature_sets import composition_chemistry_cell
from sse_assets.evaluation.floor import learning_curve
from sse_assets.gaussian_process.model import GaussianProcessModel
from sse_assets.materials.conductivity import LabelConvention, labels
from sse_assets.screening.model_candidates import chosen_designs, has_every_cell
from sse_assets.screening.nested_choice import EVERY_PAPER
from sse_assets.splits.groups import papers
from sse_assets.splits.papers import as_folds
from sse_assets.tables.names import Metric, ModelName, Protocol, Role


def table(warehouse: duckdb.DuckDBPyConnection, name: str) -> pd.DataFrame:
    """Read a table of the run."""
    return warehouse.sql(f"from {name}").df()


def print_choice(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Print the candidates, what was chosen at what cost, and who answers."""
    candidates = table(warehouse, "models.candidates")
    compared = candidates.loc[candidates["level"] == EVERY_PAPER].sort_values(["label_convention", "mae"])
    shown = ["label_convention", "candidate", "mae", "difference", "low", "high", "chosen"]
    print(compared[shown].round(3).to_string(index=False), "\n")
    for row in table(warehouse, "models.choice").to_dict("records"):
        print(
            f"{row['label_convention']}: {row['candidate']}, MAE {row['mae']:.3f}; nested "
            f"{row['nested_mae']:.3f} ({row['low']:.3f} to {row['high']:.3f}), cost {row['cost']:.3f}; "
            f"{row['n']} rows of {row['n_papers']} papers tested, {row['n_rows']} rows in all"
        )
    print()
    print(table(warehouse, "models.answering").drop(columns="reason").round(3).to_string(index=False), "\n")


def print_scores(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Print the test errors under every protocol, the paired differences, and the errors by domain."""
    scores = table(warehouse, "metrics.scores")
    tested = scores[(scores["role"] == Role.TEST) & scores["metric"].isin([Metric.MAE, Metric.SRCC])]
    columns = ["protocol", "label_convention", "metric"]
    print(tested.pivot_table("value", ["model", "variant"], columns).round(3).T.to_string(), "\n")
    comparisons = table(warehouse, "metrics.comparisons")
    of_process = comparisons[comparisons["model"] == ModelName.GAUSSIAN_PROCESS]
    shown = ["protocol", "label_convention", "baseline", "baseline_variant", "difference", "low", "high"]
    print(of_process[shown].round(3).to_string(index=False), "\n")
    predictions = table(warehouse, "models.gaussian_process_predictions").query("role == 'test'")
    errors = (predictions["predicted"] - predictions["log10_sigma"]).abs()
    by_domain = errors.groupby([predictions[name] for name in (*columns[:2], "outside_domain")])
    print(by_domain.agg(["mean", "size"]).round(3).to_string(), "\n")


def print_learning_curve(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Print the error on `papers` of the chosen process, trained on a share of the papers."""
    rows = table(warehouse, "curated.electrolytes")
    features = composition_chemistry_cell(
        rows, table(warehouse, "descriptors.chemistry"), table(warehouse, "descriptors.cell")
    )
    assigned = pd.concat([table(warehouse, f"splits.{name}") for name in ("assignments", "formula_only")])
    folds = as_folds(assigned[assigned["protocol"] == Protocol.PAPERS])
    designs = chosen_designs(table(warehouse, "models.choice"), has_cells=has_every_cell(features))
    dois = rows.set_index("electrolyte_id")["doi"]
    for convention in LabelConvention:
        label = labels(rows)[convention]

        def errors(
            train: pd.Index,
            test: pd.Index,
            label: pd.Series = label,
            convention: LabelConvention = convention,
        ) -> pd.Series:
            model = GaussianProcessModel.of_design(designs[convention], features.loc[train], label, dois)
            return (model.predict(features.loc[test])["mean"] - label.loc[test]).abs()

        print(f"{convention}: error on papers by number of papers that train")
        print(learning_curve(folds, papers(rows), errors).round(3).to_string(index=False), "\n")


def main() -> None:
    """Print everything about the accuracy of one run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, required=True, help="home of a finished run")
    home = parser.parse_args().home
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as warehouse:
        print_choice(warehouse)
        print_scores(warehouse)
        print_learning_curve(warehouse)


if __name__ == "__main__":
    main()
