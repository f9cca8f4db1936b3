"""Gain of the small model by the number-token loss, in grouped cross-validation inside official-train.

    make run DATASET=obelix
    python benchmarks/language_models_number_loss.py [--home .sse] [--weights 0 0.5] [--seeds 3]

No row of OBELiX's test set is read. Prompts are those of case 2, labels follow the convention `bound`, and
folds are grouped by source and composition. A fit takes about 20 s on a quiet core.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold
from upath import UPath

from sse_assets.evaluation.metrics import METRICS
from sse_assets.language_models.fits import Fitter
from sse_assets.language_models.held_out import held_out
from sse_assets.language_models.prompts import measured_prompts
from sse_assets.language_models.settings import LoadSettings
from sse_assets.language_models.small import SMALL_TRAINING, small_base_model
from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets.splits.groups import merged_groups
from sse_assets.tables.names import PromptCase

FOLDS = 3


def main() -> None:
    """Print the errors of each weight and seed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, default=Path(".sse"), help="SSE_HOME of a run on OBELiX")
    parser.add_argument("--weights", type=float, nargs="+", default=[0.0, 0.5])
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()

    tables = TableStore(UPath(arguments.home) / "blobs")
    prompts = tables.read(TableKey("descriptors", "prompts"))
    electrolytes = tables.read(TableKey("curated", "electrolytes"))
    official = tables.read(TableKey("splits", "assignments")).query("protocol == 'official'")
    train = electrolytes["electrolyte_id"].isin(official.query("role == 'train'")["electrolyte_id"])
    rows = electrolytes[train].sort_values("electrolyte_id").set_index("electrolyte_id", drop=False)
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    folds = list(splitter.split(rows, rows["conductivity_class"], merged_groups(rows)))
    texts = measured_prompts(prompts[prompts["electrolyte_id"].isin(rows.index)]).dropna()

    for seed in range(arguments.seeds):
        with tempfile.TemporaryDirectory() as folder:
            base = small_base_model(Path(folder) / "base", texts, seed=seed)
            for weight in arguments.weights:
                settings = replace(SMALL_TRAINING, seed=seed, number_loss_weight=weight)
                fitter = Fitter(base, LoadSettings(), settings, Path(folder) / "fits")
                tested = pd.concat(
                    held_out(fitter, PromptCase.CASE_2, prompts, rows.index[train], rows.index[test])
                    for train, test in folds
                )
                true, predicted = (tested[name].to_numpy() for name in ("log10_sigma", "predicted"))
                scores = ", ".join(f"{name} {score(true, predicted):.3f}" for name, score in METRICS.items())
                print(f"seed {seed}, weight {weight:g}: {scores}", flush=True)


if __name__ == "__main__":
    main()
