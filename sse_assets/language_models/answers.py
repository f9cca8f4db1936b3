"""Answers of a language model: their settings, their reading, and the median in place of no number."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
from annotated_types import Ge, Gt

from sse_assets.ranges import check_ranges

LOWEST_ANSWER = -20.0
HIGHEST_ANSWER = 2.0
"""Range of log10(σ / (S/cm)) outside which an answer is a slip of the model, not a conductivity."""

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True)
class SamplingSettings:
    """Settings of the draws; temperature, top-k and length are those of the paper's Table 2."""

    temperature: Annotated[float, Gt(0)] = 0.7
    top_k: Annotated[int, Ge(1)] = 10
    """Number of likeliest tokens that a token is drawn from."""
    max_new_tokens: Annotated[int, Ge(1)] = 12
    draws: Annotated[int, Ge(1)] = 5
    """Independent answers to each prompt. The first is the prediction; the others show its spread."""
    attempts: Annotated[int, Ge(1)] = 3
    """Largest number of attempts at a draw, until it is a number; the paper gives none."""
    seed: Annotated[int, Ge(0)] = 0

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True)
class AnswerScores:
    """Errors of predictions, and the number of them that are the model's own."""

    n_total: int
    n_valid: int
    """Predictions whose first answer is a number."""
    mae_valid: float
    """Mean absolute error of the valid predictions; NaN if there are none."""
    mae_all: float
    """Mean absolute error of all, retried and imputed ones included; NaN without any."""


def parse_answer(text: str) -> float | None:
    """Return the number that an answer is; None if it is anything but one plain decimal number.

    Blanks around it are allowed. Units, exponents, a second point and text before or after are not: a
    reader that takes what it can would read `-5.5.0` as -5.5, and `1e-4` as 1.
    """
    stripped = text.strip()
    if not _NUMBER.fullmatch(stripped):
        return None
    value = float(stripped)
    return value if LOWEST_ANSWER <= value <= HIGHEST_ANSWER else None


def impute(values: Sequence[float | None], train_median: float) -> pd.DataFrame:
    """Put the training median in place of each missing number, and mark these places.

    Returns:
        Columns `predicted` and `imputed` (bool), in the order of the values.
    """
    numbers = np.array([math.nan if value is None else value for value in values], dtype=float)
    imputed = np.isnan(numbers)
    return pd.DataFrame({"predicted": np.where(imputed, train_median, numbers), "imputed": imputed})


def answer_scores(predictions: pd.DataFrame, log10_sigma: pd.Series) -> AnswerScores:
    """Count the predictions that are the model's own, and score the valid ones and all of them.

    Args:
        predictions: columns `electrolyte_id`, `predicted`, `valid`.
        log10_sigma: labels; index electrolyte_id.

    Raises:
        KeyError: if an electrolyte has no label.
    """
    truth = log10_sigma.loc[predictions["electrolyte_id"]].to_numpy(dtype=float)
    errors = np.abs(predictions["predicted"].to_numpy(dtype=float) - truth)
    valid = predictions["valid"].to_numpy(dtype=bool)
    return AnswerScores(
        n_total=len(errors),
        n_valid=int(valid.sum()),
        mae_valid=float(errors[valid].mean()) if valid.any() else math.nan,
        mae_all=float(errors.mean()) if len(errors) else math.nan,
    )
