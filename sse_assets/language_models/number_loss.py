"""A loss by the distance of a wrong number, for training beside the cross-entropy.

For cross-entropy all wrong tokens are equally wrong. The number-token loss of Zausinger et al. (arXiv
2411.02083) sums, over the tokens, the probability of a token times the distance of its number from the right
one. They take the numbers of single tokens, so that -10, which begins with a 1, is far from -9. Here the
distance of a token is that of the nearest number that can still be written after it, in log10(σ / (S/cm)). It
depends neither on the place of the digit nor on how the tokenizer splits numbers.

It is off by default, as its gain is within the scatter of seeds: with the small model, mean absolute errors
by grouped cross-validation inside official-train are (`benchmarks/language_models_number_loss.py`)

| weight | seed 0 | seed 1 | seed 2 | mean |
|---|---|---|---|---|
| 0 | 1.690 | 1.634 | 1.784 | 1.703 |
| 0.5 | 1.615 | 1.636 | 1.711 | 1.654 |
"""

from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from sse_assets.language_models.encoding import IGNORED
from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.number_trie import NumberTrie


class NumberTokenLoss:
    """Cross-entropy plus the weighted distance of the tokens that could stand in an answer's place.

    The Trainer calls it as its `compute_loss_func`.
    """

    def __init__(self, trie: NumberTrie, answers: Mapping[tuple[int, ...], float], weight: float) -> None:
        """Look up the distances of all tokens along every answer.

        Args:
            answers: number of every answer to be trained on, by its token ids, end of turn included.
            weight: weight of the distance, in the unit of the numbers, against the cross-entropy in nats.

        Raises:
            LanguageModelError: if an answer is not among the trie's numbers.
        """
        self._weight = weight
        self._choices = {ids: choices(trie, ids, number) for ids, number in answers.items()}

    def __call__(
        self, outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        """Return the loss per answer token.

        Args:
            outputs: outputs of the model, with `logits` of shape (n_sequences, n_tokens, n_vocabulary).
            labels: shape (n_sequences, n_tokens), `IGNORED` outside the answers, of which a sequence may hold
                several.
            num_items_in_batch: answer tokens of the whole update; None if this batch is all of it.
        """
        # What a token is judged by stands one place before it.
        logits, labels = outputs.logits[:, :-1].float(), labels[:, 1:]
        counted = labels != IGNORED
        judged = logits[counted]
        n_tokens = len(judged) if num_items_in_batch is None else num_items_in_batch
        entropy = cross_entropy(judged, labels[counted], reduction="sum")
        levels = [
            level
            for row, own in zip(labels.tolist(), counted.tolist(), strict=True)
            for is_answer, part in groupby(zip(own, row, strict=True), key=itemgetter(0))
            if is_answer
            for level in self._choices[tuple(label for _, label in part)]
        ]
        breadth = max(len(tokens) for tokens, _ in levels)
        tokens = np.zeros((len(levels), breadth), dtype=int)
        distances = np.zeros((len(levels), breadth), dtype=np.float32)
        absent = np.ones((len(levels), breadth), dtype=bool)
        for position, (own_tokens, own_distances) in enumerate(levels):
            tokens[position, : len(own_tokens)] = own_tokens
            distances[position, : len(own_tokens)] = own_distances
            absent[position, : len(own_tokens)] = False
        device = judged.device
        scores = judged.gather(1, torch.from_numpy(tokens).to(device))
        held = scores.masked_fill(torch.from_numpy(absent).to(device), -torch.inf).softmax(dim=1)
        distance = (held * torch.from_numpy(distances).to(device)).sum()
        return (entropy + self._weight * distance) / n_tokens


def choices(trie: NumberTrie, ids: tuple[int, ...], number: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the tokens that could stand in place of each token of an answer, with their distances.

    Args:
        ids: token ids of the answer, end of turn included.
        number: number of the answer.

    Returns:
        For each token of the answer, all tokens that continue what precedes it to a number, and the distance
        from `number` to the nearest number that is then still within reach.

    Raises:
        LanguageModelError: if the answer is not among the trie's numbers.
    """
    nearest: list[np.ndarray] = []
    for depth in reversed(range(len(trie.levels))):
        level = trie.levels[depth]
        within_reach = np.full(len(level.tokens), np.inf)
        ends = level.numbers >= 0
        within_reach[ends] = np.abs(trie.values[level.numbers[ends]] - number)
        if nearest:
            np.minimum.at(within_reach, trie.levels[depth + 1].parents, nearest[0])
        nearest.insert(0, within_reach)
    found, node = [], 0
    for token, level, distances in zip(ids, trie.levels, nearest, strict=False):
        children = np.flatnonzero(level.parents == node)
        found.append((level.tokens[children], distances[children]))
        own = children[level.tokens[children] == token]
        if not len(own):
            break
        node = int(own[0])
    if len(found) < len(ids) or found[-1][1].min() > 0:
        raise LanguageModelError(
            f"the answer {number} is none of the numbers from {trie.values[0]} to {trie.values[-1]}: "
            "correct the label, or set number_loss_weight to 0"
        )
    return found
