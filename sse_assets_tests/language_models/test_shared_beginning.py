from collections.abc import Mapping
from dataclasses import asdict, replace

import pytest
import torch
from peft import LoraConfig, get_peft_model

from sse_assets.language_models.adapters import TrainingData
from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.encoding import IGNORED, example_ids
from sse_assets.language_models.losses import answer_loss
from sse_assets.language_models.number_loss import NumberTokenLoss
from sse_assets.language_models.number_trie import build_trie
from sse_assets.language_models.runtime import load
from sse_assets.language_models.settings import PROJECTIONS, LoadSettings
from sse_assets.language_models.shared_beginning import SideBySide, is_worth_sharing, shared_beginning
from sse_assets_tests.language_models.tiny import TinyFamily


@pytest.mark.parametrize("family", list(TinyFamily))
def test_loss_and_gradients_are_those_of_examples_one_by_one(
    family: TinyFamily, tiny_models: Mapping[TinyFamily, BaseModel], twelve: TrainingData
) -> None:
    base = tiny_models[family]
    model, tokenizer, _ = load(base, LoadSettings())
    torch.manual_seed(0)
    model = get_peft_model(model, LoraConfig(target_modules=list(PROJECTIONS), init_lora_weights=False))
    model.train()
    examples = replace(twelve, examples=twelve.examples[:5]).examples
    rows = [
        asdict(example_ids(tokenizer, example.prompt, example.answer, base.chat_template_kwargs))
        for example in examples
    ]
    n_tokens = sum(label != IGNORED for row in rows for label in row["labels"])
    answers = {
        tuple(label for label in row["labels"] if label != IGNORED): float(example.answer)
        for row, example in zip(rows, examples, strict=True)
    }
    number_loss = NumberTokenLoss(build_trie(tokenizer, base.chat_template_kwargs), answers, 0.5)
    beginning = shared_beginning([row["input_ids"][: row["labels"].count(IGNORED)] for row in rows])
    assert beginning > 50
    batch = SideBySide(beginning)(rows)
    assert batch["input_ids"].numel() == beginning + sum(len(row["input_ids"]) - beginning for row in rows)

    for loss in (answer_loss, number_loss):
        alone = [
            loss(
                model(input_ids=torch.tensor([row["input_ids"]])),
                torch.tensor([row["labels"]]),
                num_items_in_batch=n_tokens,
            )
            for row in rows
        ]
        model.zero_grad()
        torch.stack(alone).sum().backward()
        expected = {name: weight.grad.clone() for name, weight in trained(model).items()}
        model.zero_grad()
        inputs = dict(batch)
        together = loss(model(**{k: v for k, v in inputs.items() if k != "labels"}), inputs["labels"])
        together.backward()

        assert together.item() == pytest.approx(sum(one.item() for one in alone), rel=1e-5)
        largest = max(gradient.abs().max() for gradient in expected.values())
        for name, weight in trained(model).items():
            torch.testing.assert_close(weight.grad, expected[name], rtol=1e-4, atol=1e-4 * float(largest))


def trained(model: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}


def test_the_last_token_of_a_prompt_is_its_own() -> None:
    assert shared_beginning([[1, 2, 3, 4], [1, 2, 5]]) == 2
    assert shared_beginning([[1, 2, 3], [1, 2, 3]]) == 2
    assert shared_beginning([[1, 2], [1, 2, 3]]) == 1
    assert shared_beginning([[7]]) == 0


def test_a_short_beginning_is_read_again_each_time() -> None:
    assert is_worth_sharing(140, [175] * 8)
    assert not is_worth_sharing(1, [60] * 8)
