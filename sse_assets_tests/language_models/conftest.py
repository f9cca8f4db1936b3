"""Tiny models with random weights, built once a session; nothing here may reach the network."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"  # read when huggingface_hub is imported
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

from sse_assets.language_models.adapters import Example, TrainingData
from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.prompts import label_text, user_prompt
from sse_assets.language_models.runtime import load
from sse_assets.language_models.settings import LoadSettings, LoraSettings, TrainingSettings
from sse_assets.language_models.training import FineTuned, fine_tune
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.tables.names import PromptCase
from sse_assets_tests.language_models.tiny import TinyFamily, tiny_base_model


class Killed(BaseException):
    """Ends a run as a signal would: nothing catches it."""


def kill_at(step: int) -> Callable[[int, int], None]:
    """Return a progress that kills a run at one of its steps."""

    def progress(done: int, total: int) -> None:
        if done == step:
            raise Killed

    return progress


SPACE_GROUPS = ("P-3m1", "Fm-3m", "Pnma", "Ia-3d", "R-3c", "I41/acd")
ANIONS = ("O", "S", "Cl", "Br", "N")
CATIONS = ("La", "Zr", "Ti", "P", "Ge", "Si", "Al", "Y", "In")


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def fifty() -> TrainingData:
    """Fifty invented electrolytes of case 2, all different."""
    draw = random.Random(0)
    examples = []
    for number in range(50):
        cation, anion = draw.choice(CATIONS), draw.choice(ANIONS)
        formula = f"Li{draw.randint(2, 9)}{cation}{draw.randint(2, 4)}{anion}{draw.randint(3, 12)}"
        examples.append(
            Example(
                electrolyte_id=f"invented:{number}",
                prompt=user_prompt(PromptCase.CASE_2, formula, symmetry=draw.choice(SPACE_GROUPS)),
                answer=label_text(draw.uniform(-12, -2)),
            )
        )
    assert len({example.prompt for example in examples}) == 50
    return TrainingData(
        examples=tuple(examples),
        case=PromptCase.CASE_2,
        protocol="official",
        fold=0,
        label_convention=LabelConvention.BOUND,
        data_version="invented",
    )


@pytest.fixture(scope="session")
def twelve(fifty: TrainingData) -> TrainingData:
    """The first twelve of them: two updates an epoch."""
    return replace(fifty, examples=fifty.examples[:12])


@pytest.fixture(scope="session")
def tiny_models(
    tmp_path_factory: pytest.TempPathFactory, fifty: TrainingData
) -> Mapping[TinyFamily, BaseModel]:
    """A tiny model of each family."""
    prompts = [example.prompt for example in fifty.examples]
    return {
        family: tiny_base_model(family, tmp_path_factory.mktemp(family), prompts) for family in TinyFamily
    }


@pytest.fixture(scope="session")
def base(tiny_models: Mapping[TinyFamily, BaseModel]) -> BaseModel:
    """Mistral's, as its prompts are the shortest."""
    return tiny_models[TinyFamily.MISTRAL]


LEARNING = TrainingSettings(learning_rate=3e-3, epochs=60, lora=LoraSettings(dropout=0.0))
"""With these a tiny model learns fifty prompts by heart."""


@dataclass(frozen=True)
class Learnt:
    """A tiny model that has learnt `fifty`."""

    base: BaseModel
    tuned: FineTuned
    folder: Path


@pytest.fixture(scope="session")
def learnt(tmp_path_factory: pytest.TempPathFactory, fifty: TrainingData, base: BaseModel) -> Learnt:
    folder = tmp_path_factory.mktemp("learnt")
    tuned = fine_tune(load(base, LoadSettings()), base, fifty, LEARNING, folder)
    return Learnt(base, tuned, folder)
