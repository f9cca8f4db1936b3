"""How the model was chosen, what it scores, and what more papers would bring.

    python benchmarks/accuracy.py --home DIR

The home holds a finished run of the pipeline (`make run DATASET=obelix`) and is only read. The run has made
every comparison; this prints them in one place.
"""

import argparse
from pathlib import Path

import duckdb
import pandas as pd

from sse_assets.screening.nested_choice import EVERY_PAPER
from sse_assets.tables.names import Metric, ModelName, Role


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


def print_evidence(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Print what more papers would bring, what each factor of the process is worth, and the floor."""
    for name in ("learning_curve", "process_factors", "floor"):
        print(table(warehouse, f"metrics.{name}").round(3).to_string(index=False), "\n")


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
        print_evidence(warehouse)


if __name__ == "__main__":
    main()
