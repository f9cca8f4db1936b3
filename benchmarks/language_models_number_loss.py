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
from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.fits import Fit
from sse_assets.language_models.prediction import predict
from sse_assets.language_models.runtime import load
from sse_assets.language_models.settings import LoadSettings, TrainingSettings
from sse_assets.language_models.small import SMALL_TRAINING, small_base_model
from sse_assets.language_models.training import fine_tune
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets.splits.groups import merged_groups
from sse_assets.tables.names import PromptCase, Task

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
    folds = _folds(electrolytes[train].sort_values("electrolyte_id", ignore_index=True))
    texts = prompts.loc[prompts["electrolyte_id"].isin(folds["electrolyte_id"]), "prompt"].dropna()

    for seed in range(arguments.seeds):
        with tempfile.TemporaryDirectory() as folder:
            base = small_base_model(Path(folder) / "base", texts, seed=seed)
            for weight in arguments.weights:
                settings = replace(SMALL_TRAINING, seed=seed, number_loss_weight=weight)
                tested = _tested(base, prompts, folds, settings, Path(folder) / str(weight))
                true, predicted = (tested[name].to_numpy() for name in ("log10_sigma", "predicted"))
                scores = ", ".join(f"{name} {score(true, predicted):.3f}" for name, score in METRICS.items())
                print(f"seed {seed}, weight {weight:g}: {scores}", flush=True)


def _folds(electrolytes: pd.DataFrame) -> pd.DataFrame:
    """Return assignments of a further protocol."""
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    parts = splitter.split(electrolytes, electrolytes["conductivity_class"], merged_groups(electrolytes))
    return pd.concat(
        [
            electrolytes[["electrolyte_id"]].assign(
                protocol="inner",
                fold=fold,
                role=["test" if row in set(test) else "train" for row in range(len(electrolytes))],
            )
            for fold, (_, test) in enumerate(parts)
        ],
        ignore_index=True,
    )


def _tested(
    base: BaseModel, prompts: pd.DataFrame, folds: pd.DataFrame, settings: TrainingSettings, folder: Path
) -> pd.DataFrame:
    """Return labels and predictions of all rows, each from the fit that has not seen the row."""
    tested = []
    for number, fold in folds.groupby("fold"):
        fit = Fit.of(Task.TEXT, PromptCase.CASE_2, prompts, fold, LabelConvention.BOUND, "benchmark")
        loaded = load(base, LoadSettings())
        tuned = fine_tune(loaded, base, fit.data, settings, folder / str(number))
        test = fit.asked[fit.asked["role"] == "test"]
        answers = predict(
            tuned.model,
            loaded.tokenizer,
            test,
            chat_kwargs=base.chat_template_kwargs,
            train_median=tuned.run.data.label_median,
        )
        tested.append(test.merge(answers, on="electrolyte_id"))
    return pd.concat(tested, ignore_index=True)


if __name__ == "__main__":
    main()
