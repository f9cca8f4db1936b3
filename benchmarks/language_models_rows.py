"""What measurements without a measured crystal bring to the small language model.

    make run DATASET=obelix
    python benchmarks/language_models_rows.py [--home .sse] [--case case_1] [--protocols official papers]

The same test rows are predicted by a model that trains on the rows of the fold, as far as what their prompts
tell was measured, and by one that trains on the formula-only rows and on what trusted prototypes tell too.
Labels follow the convention `bound`. Differences are paired, and their 95 % intervals resample whole papers.
A fit takes about 20 s on a quiet core, and there are two for each of 18 folds.
"""

import argparse
import tempfile
from pathlib import Path

import pandas as pd
from upath import UPath

from sse_assets.evaluation.intervals import Bootstrap
from sse_assets.evaluation.other_papers import main_papers
from sse_assets.evaluation.selection import rows_with
from sse_assets.language_models.fits import Fitter
from sse_assets.language_models.held_out import held_out
from sse_assets.language_models.prompts import measured_prompts
from sse_assets.language_models.settings import LoadSettings
from sse_assets.language_models.small import SMALL_TRAINING, small_base_model
from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets.splits.groups import papers
from sse_assets.splits.papers import as_folds
from sse_assets.tables.names import PromptCase, Protocol

PROTOCOLS = (Protocol.DIVERSITY, Protocol.RANDOM, Protocol.OFFICIAL, Protocol.GROUPED, Protocol.PAPERS)


def main() -> None:
    """Print the errors under each protocol."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, default=Path(".sse"), help="SSE_HOME of a run on OBELiX")
    parser.add_argument("--case", type=PromptCase, choices=list(PromptCase), default=PromptCase.CASE_1)
    parser.add_argument("--protocols", nargs="+", default=[str(name) for name in PROTOCOLS])
    arguments = parser.parse_args()

    store = TableStore(UPath(arguments.home) / "blobs")
    electrolytes, assignments, formula_only, prompts = (
        store.read(TableKey(*name.split(".")))
        for name in (
            "curated.electrolytes",
            "splits.assignments",
            "splits.formula_only",
            "descriptors.prompts",
        )
    )
    paper = papers(electrolytes)
    measured = measured_prompts(prompts)
    with tempfile.TemporaryDirectory() as folder:
        base = small_base_model(Path(folder) / "base", measured.dropna())
        fitter = Fitter(base, LoadSettings(), SMALL_TRAINING, Path(folder) / "fits")

        def errors(known: pd.DataFrame, folds: pd.DataFrame) -> pd.Series:
            tested = pd.concat(
                held_out(fitter, arguments.case, known, train, test) for train, test in as_folds(folds)
            )
            return (tested["predicted"] - tested["log10_sigma"]).abs()

        for protocol in arguments.protocols:
            folds, further = (rows_with(table, protocol=protocol) for table in (assignments, formula_only))
            without = errors(prompts.assign(prompt=measured), folds)
            with_them = errors(prompts, pd.concat([folds, further]))
            difference = with_them - without
            ids = difference.index.to_series()
            resamples = Bootstrap.of(ids, main_papers(ids.index, paper), n_bootstrap=1000, seed=0)
            low, high = resamples.mean_interval(ids, difference)
            print(
                f"{protocol}, {len(ids)} rows: MAE {without.mean():.3f} without, {with_them.mean():.3f} "
                f"with; difference {difference.mean():+.3f} ({low:+.3f} to {high:+.3f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
