"""One model and one prompt case under the protocols, trained and scored on every fold."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from sse_assets.language_models.adapters import FineTuningRun
from sse_assets.language_models.answers import SamplingSettings, answer_scores
from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.fits import Fit, Fitter, Progress
from sse_assets.language_models.model_card import write_model_card
from sse_assets.language_models.settings import LoadSettings, TrainingSettings
from sse_assets.language_models.training import updates
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.tables import models
from sse_assets.tables.names import NumberMode, PromptCase, Protocol, Role, Task

_MODES_OF = {
    Task.TEXT: (NumberMode.DISTRIBUTION, NumberMode.SAMPLE),
    Task.REGRESSION: (NumberMode.REGRESSION,),
}


@dataclass(frozen=True)
class CaseSettings:
    """Settings of the training, its folds and the answers."""

    load: LoadSettings = field(default_factory=LoadSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    """Draws for test rows; a training row is asked for one draw."""
    protocols: tuple[str, ...] = (Protocol.DIVERSITY, Protocol.OFFICIAL, Protocol.GROUPED)
    """Protocols to train under; those without assignments are left out."""
    label_conventions: tuple[LabelConvention, ...] = tuple(LabelConvention)
    modes: tuple[NumberMode, ...] = tuple(NumberMode)
    """Ways to get a number; `regression` trains a second model on each fold."""

    def modes_of(self, task: Task) -> tuple[NumberMode, ...]:
        """Return the modes that a model trained for this task answers in."""
        return tuple(mode for mode in _MODES_OF[task] if mode in self.modes)


@dataclass(frozen=True)
class CaseOutcome:
    """All fits of one model and case."""

    runs: pd.DataFrame
    """Table `models.LANGUAGE_MODELS`, a row for each fit.

    - `n_without_prompt` counts rows of both roles.
    - `n_valid`, `n_total`, `mae_valid` and `mae_all` come from the mode `sample` on test rows with a prompt;
      they are missing without that mode.
    - `model_path` is relative to the case's folder, and every fit has one.
    """
    predictions: pd.DataFrame
    """Table `models.LANGUAGE_MODELS_PREDICTIONS`, a row for each mode and row of a fold.

    - `variant`: the case, such as `case_2`, for the distribution; `case_2_sample`, `case_2_regression`.
    - `log10_sigma`: the label as trained on, to two decimals.
    - A test row without a prompt is predicted by the training median, `imputed` and not `valid`; a training
      row without one is left out.
    """
    losses: pd.DataFrame
    """Table `models.LANGUAGE_MODELS_LOSSES`, a row for each update."""


def run_case(
    base: BaseModel,
    case: PromptCase,
    prompts: pd.DataFrame,
    assignments: pd.DataFrame,
    settings: CaseSettings,
    folder: Path,
    *,
    data_version: str,
    split_and_leakage: Mapping[str, str],
    further: pd.DataFrame | None = None,
    progress: Progress = lambda done, total: None,
    on_losses: Callable[[pd.DataFrame], None] = lambda losses: None,
) -> CaseOutcome:
    """Train and score one model on one prompt case, under every protocol, fold and label convention.

    After a kill, the next call goes on at the last epoch of the fit that was killed. This example fine-tunes
    the paper's Qwen3-8B on formulas and scores it on OBELiX's own test rows::

        outcome = run_case(
            BASE_MODELS[ModelName.QWEN],
            PromptCase.CASE_1,
            prompt_table(electrolytes),
            assignments,
            CaseSettings(protocols=(Protocol.OFFICIAL,), modes=(NumberMode.DISTRIBUTION,)),
            Path("fits"),
            data_version="mine",
            split_and_leakage={Protocol.OFFICIAL: "OBELiX's own train and test rows."},
        )
        outcome.predictions[["electrolyte_id", "log10_sigma", "predicted"]]

    Args:
        prompts: prompts of every electrolyte, from `prompts.prompt_table`.
        assignments: columns `protocol`, `fold`, `electrolyte_id`, `role`.
        folder: folder of all fits; each has one in it, with adapter, run, losses, answers and model card.
        data_version: version of the table of prompts, for `run.json` and the card of a new fit.
        split_and_leakage: text of the model card, by protocol: the choice of the test rows, and the part of
            them that the model may have seen.
        further: rows that only train, in the columns of the assignments; by default none.
        progress: called with (steps done, steps in all); a step is an update, or a row asked in one mode.
        on_losses: called after each epoch with the losses so far, as `CaseOutcome.losses`.

    Raises:
        LanguageModelError: if there is nothing to train, or an electrolyte has no row of prompts; as
            `runtime.load` and `training.fine_tune`.
    """
    fits = _fits(case, prompts, assignments, further, settings, data_version)
    fitter = Fitter(base, settings.load, settings.training, folder)
    steps = _Steps([length for fit in fits for length in _lengths(fit, settings)], progress)
    runs: list[dict[str, Any]] = []
    predictions: list[pd.DataFrame] = []
    losses: list[pd.DataFrame] = []
    for fit in fits:
        key = _key(fit)

        def tell(so_far: pd.DataFrame, key: Mapping[str, Any] = key) -> None:
            table = pd.concat([*losses, so_far.assign(**key)])
            on_losses(models.LANGUAGE_MODELS_LOSSES.frame(table))

        run, losses_of_fit = fitter.train(fit, steps.next_part(), tell)
        answers = fitter.ask(fit, settings.modes_of(fit.task), settings.sampling, steps.next_part())
        scored = [_scored(fit, mode, table, run) for mode, table in answers.items()]
        own = fitter.folder(fit)
        runs.append({**key, **_row(fit, run, answers), "model_path": str(own.relative_to(folder))})
        predictions.extend(scored)
        losses.append(losses_of_fit.assign(**key))
        _write_card(own, run, runs[-1], scored, split_and_leakage[fit.data.protocol])
    fitter.close()
    return CaseOutcome(
        runs=models.LANGUAGE_MODELS.frame(runs),
        predictions=models.LANGUAGE_MODELS_PREDICTIONS.frame(pd.concat(predictions)),
        losses=models.LANGUAGE_MODELS_LOSSES.frame(pd.concat(losses)),
    )


def _fits(
    case: PromptCase,
    prompts: pd.DataFrame,
    assignments: pd.DataFrame,
    further: pd.DataFrame | None,
    settings: CaseSettings,
    data_version: str,
) -> list[Fit]:
    """Return all fits, those of one task together, so that its model is loaded once."""
    only_train = (
        {} if further is None else dict(iter(further.groupby(["protocol", "fold"])["electrolyte_id"]))
    )
    fits = [
        Fit.of(task, case, prompts, fold, convention, data_version, only_train.get((protocol, number), ()))
        for task in Task
        if settings.modes_of(task)
        for protocol in settings.protocols
        for number, fold in assignments[assignments["protocol"] == protocol].groupby("fold")
        for convention in settings.label_conventions
    ]
    if not fits:
        raise LanguageModelError(
            "there is nothing to train: choose a number mode, a label convention and a protocol that the "
            f"assignments have, one of {', '.join(assignments['protocol'].unique())}"
        )
    return fits


class _Steps:
    """Progress of several parts of known lengths."""

    def __init__(self, lengths: list[int], progress: Progress) -> None:
        self._lengths = iter(lengths)
        self._total = sum(lengths)
        self._begun = 0
        self._progress = progress

    def next_part(self) -> Progress:
        """Return the progress of the next part, which may count in units of its own."""
        start, length = self._begun, next(self._lengths)
        self._begun += length

        def tell(done: int, total: int) -> None:
            self._progress(start + length * done // total, self._total)

        return tell


def _lengths(fit: Fit, settings: CaseSettings) -> tuple[int, int]:
    """Return the steps of training and those of asking."""
    asked = len(fit.asked) * len(settings.modes_of(fit.task))
    return updates(len(fit.data.examples), settings.training), asked


def _key(fit: Fit) -> dict[str, Any]:
    """Return the columns that tell the fits of one case apart."""
    data = fit.data
    return {
        "protocol": data.protocol,
        "fold": data.fold,
        "label_convention": data.label_convention,
        "kind": fit.task,
    }


def _scored(fit: Fit, mode: NumberMode, answers: pd.DataFrame, run: FineTuningRun) -> pd.DataFrame:
    """Put answers beside labels, and the training median for test rows that could not be asked."""
    case = fit.data.case
    kept = fit.rows[(fit.rows["role"] == Role.TEST) | fit.rows["prompt"].notna()]
    table = kept.merge(answers, on="electrolyte_id", how="left", validate="one_to_one")
    unasked = table["prompt"].isna()
    return table.assign(
        **_key(fit),
        model=run.base.name,
        variant=case if mode is NumberMode.DISTRIBUTION else f"{case}_{mode}",
        mode=mode,
        predicted=table["predicted"].mask(unasked, run.data.label_median),
        valid=table["valid"].eq(True),
        imputed=table["imputed"].eq(True) | unasked,
        n_draws=table["n_draws"].fillna(0).astype(int),
    )


def _row(fit: Fit, run: FineTuningRun, answers: Mapping[NumberMode, pd.DataFrame]) -> dict[str, Any]:
    """Return a row of `CaseOutcome.runs`, but for what `_key` has and the folder."""
    per_epoch = len(run.losses) // run.settings.epochs
    row: dict[str, Any] = {
        "case": run.data.case,
        "base_model": run.base.name,
        "placement": run.placement.why,
        "quantisation": "4-bit" if run.placement.four_bit else run.placement.dtype,
        "n_train": run.data.n_examples,
        "n_from_prototype": run.data.n_from_prototype,
        "n_without_prompt": int(fit.rows["prompt"].isna().sum()),
        "epochs": run.settings.epochs,
        "first_loss": run.losses[0],
        "final_loss": math.fsum(run.losses[-per_epoch:]) / per_epoch,
        "seconds": run.seconds,
        "tokens_per_second": run.tokens_per_second,
        "peak_memory_gb": run.peak_memory_gb,
        "resumed_at_step": run.resumed_at_step,
    }
    if NumberMode.SAMPLE in answers:
        labels = fit.asked.loc[fit.asked["role"] == Role.TEST].set_index("electrolyte_id")["log10_sigma"]
        drawn = answers[NumberMode.SAMPLE]
        scores = answer_scores(drawn[drawn["electrolyte_id"].isin(labels.index)], labels)
        row |= {name: value for name, value in asdict(scores).items() if name in models.LANGUAGE_MODELS.names}
    return row


def _write_card(
    own: Path,
    run: FineTuningRun,
    row: Mapping[str, Any],
    scored: list[pd.DataFrame],
    split_and_leakage: str,
) -> None:
    """Write the model card, with the test error of every mode."""
    test_metrics = {}
    for table in scored:
        test = table[table["role"] == Role.TEST]
        for mode, errors in (test["predicted"] - test["log10_sigma"]).abs().groupby(test["mode"]):
            test_metrics[f"mean absolute error, mode `{mode}`"] = float(errors.mean())
    write_model_card(
        own,
        run,
        split_and_leakage=split_and_leakage,
        n_valid=row.get("n_valid"),
        n_total=row.get("n_total"),
        test_metrics=test_metrics,
    )
