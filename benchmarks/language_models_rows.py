"""What formula-only measurements bring to the small language model, and what more papers would.

    make run DATASET=obelix
    python benchmarks/language_models_rows.py [--home .sse] [--protocols official grouped papers]

Prompts are those of case 1, the formula alone, and labels follow the convention `bound`. The same test rows
are predicted by a model that trains on the rows with a structure or cell, and by one that trains on the
formula-only rows too. Differences are paired, and their 95 % intervals resample whole papers. The learning
curve trains on shares of the papers. A fit takes about 20 s on a quiet core, and there are some sixty.
"""

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from upath import UPath

from sse_assets.evaluation.floor import learning_curve
from sse_assets.evaluation.intervals import Bootstrap
from sse_assets.evaluation.other_papers import main_papers
from sse_assets.evaluation.selection import rows_with
from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.fits import Fit
from sse_assets.language_models.prediction import predict
from sse_assets.language_models.runtime import free_memory, load
from sse_assets.language_models.settings import LoadSettings
from sse_assets.language_models.small import SMALL_TRAINING, small_base_model
from sse_assets.language_models.training import fine_tune
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets.splits.groups import papers
from sse_assets.splits.papers import as_folds
from sse_assets.tables.names import PromptCase, Protocol, Role, Task

PROTOCOLS = (Protocol.DIVERSITY, Protocol.RANDOM, Protocol.OFFICIAL, Protocol.GROUPED, Protocol.PAPERS)
SHARES = (0.125, 0.25, 0.5, 1.0)


def main() -> None:
    """Print the errors under each protocol, and the learning curve on `papers`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, default=Path(".sse"), help="SSE_HOME of a run on OBELiX")
    parser.add_argument("--protocols", nargs="+", default=[str(name) for name in PROTOCOLS])
    arguments = parser.parse_args()

    store = TableStore(UPath(arguments.home) / "blobs")
    tables = {
        name: store.read(TableKey(*name.split(".")))
        for name in (
            "curated.electrolytes",
            "splits.assignments",
            "splits.formula_only",
            "descriptors.prompts",
        )
    }
    prompts, electrolytes = tables["descriptors.prompts"], tables["curated.electrolytes"]
    paper = papers(electrolytes)
    with tempfile.TemporaryDirectory() as folder:
        base = small_base_model(Path(folder), prompts["prompt"].dropna())
        for protocol in arguments.protocols:
            assigned, further = (
                rows_with(tables[name], protocol=protocol)
                for name in ("splits.assignments", "splits.formula_only")
            )
            without = _errors(base, prompts, assigned, {})
            trains = further[further["role"] == Role.TRAIN]
            ids_of = trains.groupby("fold")["electrolyte_id"].agg(list).to_dict()
            with_them = _errors(base, prompts, assigned, ids_of)
            difference = with_them - without
            clusters = main_papers(difference.index, paper)
            ids = difference.index.to_series()
            resamples = Bootstrap.of(ids, clusters, n_bootstrap=1000, seed=0)
            low, high = resamples.mean_interval(ids, difference)
            print(
                f"{protocol}, {len(difference)} rows: MAE {without.mean():.3f} without formula-only rows, "
                f"{with_them.mean():.3f} with; "
                f"difference {difference.mean():+.3f} ({low:+.3f} to {high:+.3f})",
                flush=True,
            )
        every = pd.concat([tables["splits.assignments"], tables["splits.formula_only"]])
        folds = as_folds(every[every["protocol"] == Protocol.PAPERS])

        def errors(train: pd.Index, test: pd.Index) -> pd.Series:
            parts = ((train, Role.TRAIN), (test, Role.TEST))
            fold = pd.concat(pd.DataFrame({"electrolyte_id": ids, "role": role}) for ids, role in parts)
            return _errors(base, prompts, fold.assign(protocol=Protocol.PAPERS, fold=0), {})

        print("learning curve on papers, all rows")
        print(learning_curve(folds, paper, errors, shares=SHARES).round(3).to_string(index=False))


def _errors(
    base: BaseModel, prompts: pd.DataFrame, assigned: pd.DataFrame, further: Mapping[int, list[str]]
) -> pd.Series:
    """Return the absolute errors of the test rows, by electrolyte_id."""
    errors = []
    for number, fold in assigned.groupby("fold"):
        own = further.get(number, ())
        fit = Fit.of(
            Task.TEXT, PromptCase.CASE_1, prompts, fold, LabelConvention.BOUND, "benchmark", further=own
        )
        loaded = load(base, LoadSettings())
        with tempfile.TemporaryDirectory() as folder:
            tuned = fine_tune(loaded, base, fit.data, SMALL_TRAINING, Path(folder))
        test = fit.asked[fit.asked["role"] == Role.TEST]
        answers = predict(
            tuned.model,
            loaded.tokenizer,
            test,
            chat_kwargs=base.chat_template_kwargs,
            train_median=tuned.run.data.label_median,
        )
        tested = test.merge(answers, on="electrolyte_id").set_index("electrolyte_id")
        errors.append((tested["predicted"] - tested["log10_sigma"]).abs())
        free_memory()
    return pd.concat(errors)


if __name__ == "__main__":
    main()
