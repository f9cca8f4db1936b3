"""Predictions of a language model for rows that it has not trained on, whichever rows these are."""

from dataclasses import replace

import pandas as pd

from sse_assets.language_models.answers import SamplingSettings
from sse_assets.language_models.fits import Fit, Fitter
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.tables.names import NumberMode, PromptCase, Role, Task


def held_out(
    fitter: Fitter, case: PromptCase, prompts: pd.DataFrame, train: pd.Index, test: pd.Index
) -> pd.DataFrame:
    """Train on some rows and predict others, by the distribution over numbers.

    Labels follow the convention `bound`. A fit that is in the fitter's folder is read back.

    Args:
        fitter: base model and recipe.
        prompts: prompts of every electrolyte, from `prompts.prompt_table`.
        train: electrolyte_ids that train; one without a prompt is left out.
        test: electrolyte_ids to predict; one without a prompt gets the median of the training labels.

    Returns:
        Columns `log10_sigma` (label, to two decimals) and `predicted`, in log10(σ / (S/cm)); index
        electrolyte_id, as in `test`.

    Raises:
        LanguageModelError: as `Fit.of`, `Fitter.train` and `Fitter.ask`.
    """
    roles = [*(Role.TRAIN for _ in train), *(Role.TEST for _ in test)]
    fold = pd.DataFrame({"electrolyte_id": [*train, *test], "role": roles})
    fold = fold.assign(protocol="held_out", fold=0)
    fit = Fit.of(Task.TEXT, case, prompts, fold, LabelConvention.BOUND, "held_out")
    fit = replace(fit, rows=fit.rows[fit.rows["role"] == Role.TEST])
    run, _ = fitter.train(fit)
    answers = fitter.ask(fit, [NumberMode.DISTRIBUTION], SamplingSettings())[NumberMode.DISTRIBUTION]
    tested = fit.rows.set_index("electrolyte_id")[["log10_sigma"]]
    tested["predicted"] = answers.set_index("electrolyte_id")["predicted"]
    return tested.fillna({"predicted": run.data.label_median})
