"""One fit: its training rows, the rows that it predicts, and the folder that holds all of it.

The name of the folder follows from all that decides the outcome: the weights at the start, their precision,
the settings and the examples. A finished fit is read back. A killed fit goes on. Changed data or settings get
a new folder.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Self

import pandas as pd
from peft import PeftModel
from transformers import PreTrainedModel

from sse_assets.language_models.adapters import (
    RUN_FILE,
    Example,
    FineTuningRun,
    TrainingData,
    load_adapter,
    put_on,
    read_run,
)
from sse_assets.language_models.answers import SamplingSettings
from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.checkpoints import content_hash
from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.hub import weights_identity
from sse_assets.language_models.prediction import predict
from sse_assets.language_models.runtime import Loaded, free_memory, load, plan
from sse_assets.language_models.settings import LoadSettings, TrainingSettings
from sse_assets.language_models.training import LOSSES_FILE, fine_tune
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.tables.names import NumberMode, PromptCase, Role, Task

Progress = Callable[[int, int], None]
"""Function that is called with (done, in all)."""

_DIGITS = 12
"""Digits of the hash in a folder's or file's name."""


@dataclass(frozen=True)
class Fit:
    """The training rows of one fold, and all rows of the fold to ask about."""

    task: Task
    data: TrainingData
    rows: pd.DataFrame
    """Columns `electrolyte_id`, `role`, `log10_sigma` (as trained on) and `prompt`, which is missing if the
    case needs something that is not known, and for a test row also if only a prototype tells it."""

    @property
    def asked(self) -> pd.DataFrame:
        """Rows that have a prompt."""
        return self.rows[self.rows["prompt"].notna()]

    @classmethod
    def of(
        cls,
        task: Task,
        case: PromptCase,
        prompts: pd.DataFrame,
        fold: pd.DataFrame,
        convention: LabelConvention,
        data_version: str,
        further: Iterable[str] = (),
    ) -> Self:
        """Return the fit of one fold under one label convention.

        Args:
            prompts: prompts of every electrolyte, from `prompts.prompt_table`.
            fold: assignments of one protocol and fold.
            further: electrolyte_ids that train as well and are asked for nothing, as those with a formula
                alone do; one without a prompt is left out.

        Raises:
            LanguageModelError: if an electrolyte of the fold is not in the table of prompts.
        """
        of_case = prompts[prompts["case"] == case].set_index("electrolyte_id")
        ids = pd.Index([*fold["electrolyte_id"], *further])
        unknown = ids.difference(of_case.index)
        if len(unknown):
            raise LanguageModelError(
                f"{unknown[0]} is assigned to a fold and has no row in the table of prompts: "
                "make both from the same electrolytes"
            )
        known = of_case.loc[ids]
        rows = pd.DataFrame(
            {
                "electrolyte_id": ids,
                "role": [*fold["role"], *(Role.TRAIN for _ in ids[len(fold) :])],
                "prompt": known["prompt"].to_numpy(),
                "answer": known[f"label_{convention}"].to_numpy(),
                "from_prototype": known["from_prototype"].notna().to_numpy(),
                "log10_sigma": known[f"label_{convention}"].to_numpy(dtype=float),
            }
        )
        # A test row is asked by what was measured of it, so that the test set is the same for every model.
        rows["prompt"] = rows["prompt"].mask(rows["from_prototype"] & (rows["role"] == Role.TEST))
        trained = rows[(rows["role"] == Role.TRAIN) & rows["prompt"].notna()]
        columns = ["electrolyte_id", "prompt", "answer", "from_prototype"]
        data = TrainingData(
            examples=tuple(Example(*row) for row in trained[columns].itertuples(index=False, name=None)),
            case=case,
            protocol=str(fold["protocol"].iloc[0]),
            fold=int(fold["fold"].iloc[0]),
            label_convention=convention,
            data_version=data_version,
        )
        return cls(task, data, rows.iloc[: len(fold)].drop(columns=["answer", "from_prototype"]))


class Fitter:
    """One base model to train and ask; it is read from the disk at most once for each task.

    An adapter is taken out again after its use. A model that was trained as a whole is read anew.
    """

    def __init__(
        self, base: BaseModel, load_settings: LoadSettings, training: TrainingSettings, folder: Path
    ) -> None:
        """Plan device and precision of the model; nothing is loaded yet.

        Args:
            folder: folder of all fits; each has a folder of its own in it.

        Raises:
            LanguageModelError: as `runtime.plan`.
        """
        self._base = base
        self._load_settings = load_settings
        self._training = training
        self._folder = folder
        # One plan for all fits: how much of the GPU is free changes once a model lies in it.
        self._plan = plan(base, load_settings)
        self._start = {
            "weights": weights_identity(base, load_settings),
            "chat_template_kwargs": dict(base.chat_template_kwargs),
            "placement": self._plan.placement.identity,
            "settings": asdict(training),
        }
        self._clean: Loaded | None = None
        self._clean_for: Task | None = None

    def folder(self, fit: Fit) -> Path:
        """Return the folder of a fit."""
        data = fit.data
        identity = self._start | {
            "task": fit.task,
            "examples": [asdict(example) for example in data.examples],
        }
        name = f"{data.protocol}-{data.fold}-{data.label_convention}-{fit.task}"
        return self._folder / f"{name}-{content_hash(identity)[:_DIGITS]}"

    def train(
        self,
        fit: Fit,
        progress: Progress = lambda done, total: None,
        on_losses: Callable[[pd.DataFrame], None] = lambda losses: None,
    ) -> tuple[FineTuningRun, pd.DataFrame]:
        """Train, or read what an earlier call has trained.

        Returns:
            The run and its losses (`losses.LOSS_COLUMNS`).

        Raises:
            LanguageModelError: as `runtime.load` and `training.fine_tune`.
        """
        own = self.folder(fit)
        if not (own / RUN_FILE).is_file():
            tuned = fine_tune(
                self._clean_base(fit.task),
                self._base,
                fit.data,
                self._training,
                own,
                task=fit.task,
                progress=progress,
                on_losses=on_losses,
            )
            self._clear(tuned.model)
        progress(1, 1)
        return read_run(own), pd.read_csv(own / LOSSES_FILE)

    def ask(
        self,
        fit: Fit,
        modes: Sequence[NumberMode],
        sampling: SamplingSettings,
        progress: Progress = lambda done, total: None,
    ) -> dict[NumberMode, pd.DataFrame]:
        """Return the answers of a trained fit to its prompts, asked now or read from an earlier call.

        The model is always the one on the disk, so that a killed call changes nothing.

        Args:
            sampling: settings of the draws for test rows; a training row is asked for one draw.
            progress: called with (answers given, answers in all) over all modes.

        Returns:
            By mode, `prediction.PREDICTION_COLUMNS`, a row for each of `Fit.asked` in this order.

        Raises:
            LanguageModelError: as `runtime.load` and `prediction.predict`.
        """
        files = {mode: self.folder(fit) / _answers_file(fit, mode, sampling) for mode in modes}
        missing = [mode for mode in modes if not files[mode].is_file()]
        if missing:
            trained = self._trained(fit)
            for number, mode in enumerate(missing):
                part = partial(_part_of, progress, number, len(missing))
                _write_whole(self._answers(fit, mode, trained, sampling, part), files[mode])
            self._clear(trained.model)
        progress(1, 1)
        return {mode: pd.read_parquet(file) for mode, file in files.items()}

    def close(self) -> None:
        """Give the model's memory back."""
        self._clean = None
        free_memory()

    def _clean_base(self, task: Task) -> Loaded:
        """Return the base model as the disk has it."""
        if self._clean is None or self._clean_for is not task:
            self.close()
            regression = task is Task.REGRESSION
            self._clean = load(self._base, self._load_settings, regression=regression, planned=self._plan)
            self._clean_for = task
        return self._clean

    def _trained(self, fit: Fit) -> Loaded:
        if self._training.lora is None:
            return load_adapter(self.folder(fit), self._load_settings)
        return put_on(self._clean_base(fit.task), self.folder(fit))

    def _clear(self, model: PreTrainedModel | PeftModel) -> None:
        """Remove a fit from the model that is held."""
        if isinstance(model, PeftModel):
            model.unload()
        else:
            self._clean = None

    def _answers(
        self, fit: Fit, mode: NumberMode, trained: Loaded, sampling: SamplingSettings, progress: Progress
    ) -> pd.DataFrame:
        run = read_run(self.folder(fit))
        ask = partial(
            predict,
            trained.model,
            trained.tokenizer,
            mode=mode,
            chat_kwargs=self._base.chat_template_kwargs,
            train_median=run.data.label_median,
            label_scale=run.label_scale,
        )
        if mode is not NumberMode.SAMPLE:
            return ask(fit.asked, progress=progress)
        is_test = fit.asked["role"] == Role.TEST
        answers = [
            ask(rows, sampling=settings, progress=partial(_part_of, progress, part, 2))
            for part, (rows, settings) in enumerate(
                [(fit.asked[~is_test], replace(sampling, draws=1)), (fit.asked[is_test], sampling)]
            )
            if len(rows)
        ]
        return pd.concat(answers).set_index("electrolyte_id").loc[fit.asked["electrolyte_id"]].reset_index()


def _answers_file(fit: Fit, mode: NumberMode, sampling: SamplingSettings) -> str:
    """Return the name of the file with the answers; it follows from rows, prompts and settings."""
    asked = fit.asked[["electrolyte_id", "role", "prompt"]].to_dict("list")
    identity = {"asked": asked, "sampling": asdict(sampling) if mode is NumberMode.SAMPLE else None}
    return f"{mode}-{content_hash(identity)[:_DIGITS]}.parquet"


def _write_whole(frame: pd.DataFrame, file: Path) -> None:
    """Write a file as a whole or not at all."""
    half = file.with_suffix(".half")
    frame.to_parquet(half, index=False)
    half.rename(file)


def _part_of(progress: Progress, part: int, parts: int, done: int, total: int) -> None:
    """Report the progress of one of several parts of like length as progress of the whole."""
    progress(part * total + done, parts * total)
