"""Examples side by side in one sequence, after the beginning that all their prompts share.

The instructions are some four fifths of each prompt, and the same in all. In one sequence they are read once,
and nothing is padding. Each example sees the beginning and itself, at the positions that it has alone, so the
loss and its gradients are those of examples that are read one by one. One thing differs: dropout in the
beginning is drawn once for all examples of a pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from sse_assets.language_models.encoding import IGNORED


@dataclass(frozen=True)
class SideBySide:
    """Collator of the Trainer that puts examples into one sequence."""

    beginning: int
    """Number of tokens that all examples begin with."""

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Return one sequence with its mask, which is true where a row of the attention sees a column.

        Args:
            rows: `input_ids` and `labels` of each example.
        """
        ids = list(rows[0]["input_ids"][: self.beginning])
        labels = [IGNORED] * self.beginning
        positions = list(range(self.beginning))
        examples = [0] * self.beginning
        for number, row in enumerate(rows, start=1):
            own = row["input_ids"][self.beginning :]
            ids += own
            labels += row["labels"][self.beginning :]
            positions += range(self.beginning, self.beginning + len(own))
            examples += [number] * len(own)
        example, place = torch.tensor(examples), torch.arange(len(ids))
        sees = (example == 0) | (example[:, None] == example)
        return {
            "input_ids": torch.tensor([ids]),
            "labels": torch.tensor([labels]),
            "position_ids": torch.tensor([positions]),
            "attention_mask": (sees & (place <= place[:, None]))[None, None],
        }


def shared_beginning(prompts: Sequence[Sequence[int]]) -> int:
    """Count the tokens that all prompts begin with; at least the last token of each is its own.

    What follows a prompt is predicted from its last token, which must not be shared.
    """
    first, last = min(map(tuple, prompts)), max(map(tuple, prompts))
    most = min(len(prompt) for prompt in prompts) - 1
    same = (number for number, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return min(next(same, most), most)


def is_worth_sharing(beginning: int, lengths: Sequence[int]) -> bool:
    """Return whether one sequence has no more pairs of tokens than the examples one by one.

    Args:
        beginning: number of tokens that all examples begin with.
        lengths: number of tokens of each example of a pass.
    """
    together = beginning + sum(length - beginning for length in lengths)
    return together**2 <= sum(length**2 for length in lengths)
