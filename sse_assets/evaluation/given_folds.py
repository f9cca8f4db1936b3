"""What the author of another model gets: the folds, and what may be known of each row."""

import pandas as pd

from sse_assets.materials.conductivity import LabelConvention, labels
from sse_assets.tables.names import ModelName, Role

_KNOWN = [
    "electrolyte_id",
    "formula",
    "reduced_formula",
    "composition_key",
    "family",
    "disorder",
    "space_group",
    "space_group_number",
    "a",
    "b",
    "c",
    "alpha",
    "beta",
    "gamma",
    "z",
    "temperature_c",
    "structure_origin",
    "structure_path",
    "cost_per_anion",
    "parent_id",
    "doi",
    "source",
    "licence",
    "censored",
    "formula_only",
]
README = """# Folds of sse_assets

1. `folds.csv` says what each electrolyte does (`role`: train or test) in each `fold` of each `protocol`.
2. `electrolytes.csv` has formula, cell, space group and DOI; `structure_path` is its CIF, if there is one. A
   structure of origin prototype was not measured: it is made from the crystal `parent_id`, and from no label.
3. Labels are log10(σ / (S/cm)). For a row below the detection limit (`censored`), `label_bound` is the limit
   and `label_obelix` is -15. All labels are given, because a row that one fold tests trains in another.
   Rows marked `formula_only` have no cell and are never tested. They may train where `folds.csv` lists them.
4. For each fold, train a new model on the rows with role train. Use no label of a test row: not to fit, not
   to scale, not to choose settings. Do not predict from the DOI.
5. Write predictions.csv with the columns protocol, fold, electrolyte_id, predicted: a line for each test row.
   Optional columns: low and high (a 90 % interval), and label_convention (bound or obelix; bound if absent).
6. You may leave out a whole protocol, but not a row. `example.csv` is such a file, with the train median.
7. Score it: `sse-assets score predictions.csv --name "my model"`. With `--add` it joins the leaderboard.
"""


def given_folds(
    electrolytes: pd.DataFrame, assignments: pd.DataFrame, further: pd.DataFrame, predictions: pd.DataFrame
) -> dict[str, str]:
    """Return the content of README.md, folds.csv, electrolytes.csv and example.csv by file name.

    What follows from the label, such as its class, is left out.

    Args:
        electrolytes: a frame as `tables.curated.ELECTROLYTES`.
        assignments: a frame as `tables.splits.ASSIGNMENTS`.
        further: a frame as `tables.splits.FORMULA_ONLY`.
        predictions: a frame as `tables.metrics.PREDICTIONS`; the train median makes the example.
    """
    known = electrolytes[_KNOWN].join(labels(electrolytes).add_prefix("label_"), on="electrolyte_id")
    example = predictions[
        (predictions["model"] == ModelName.TRAIN_MEDIAN)
        & (predictions["role"] == Role.TEST)
        & (predictions["label_convention"] == LabelConvention.BOUND)
    ]
    columns = ["protocol", "fold", "electrolyte_id", "predicted", "low", "high"]
    return {
        "README.md": README,
        "folds.csv": pd.concat([assignments, further]).to_csv(index=False),
        "electrolytes.csv": known.to_csv(index=False),
        "example.csv": example[columns].to_csv(index=False),
    }
