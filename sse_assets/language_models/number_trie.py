"""The probability that a model gives to every number.

A model writes a number token by token. All numbers of two decimals from -18.00 to 1.00, as the tokenizer
splits them after the chat template, form a trie; one pass of the model over each of its levels gives the
probability of every branch, hence of every number. Nothing is drawn and no text is read, so a prompt
always has an answer, and always the same one.
"""

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from peft import PeftModel
from transformers import DynamicCache, PreTrainedModel, PreTrainedTokenizerBase

from sse_assets.language_models.encoding import answer_ids
from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.prompts import label_text
from sse_assets.language_models.shared_beginning import shared_beginning

LOWEST_HUNDREDTHS, HIGHEST_HUNDREDTHS = -1800, 100
"""First and last number of the trie, times 100. OBELiX's labels lie between -15 (censored) and -1."""

_LAST_BREADTH = 128
"""Number of nodes of each prompt that the last pass reads at a time."""

_ANY_PROMPT = "formula: Li3PS4"
"""Prompt for splitting answers; tokens of the template part the two, so the ids do not depend on it."""


@dataclass(frozen=True)
class TrieLevel:
    """All trie nodes of one depth; arrays of shape (n_nodes,)."""

    tokens: np.ndarray
    parents: np.ndarray
    """Index among the nodes of the level above; 0, the root, at the first level."""
    numbers: np.ndarray
    """Index of the number that ends here; -1 for a node that has children. No node is both: every answer ends
    by the end-of-turn token."""


@dataclass(frozen=True)
class NumberTrie:
    """Every answer of two decimals, as a model would write it."""

    values: np.ndarray
    """The numbers, ascending, shape (n_values,)."""
    levels: tuple[TrieLevel, ...]


@dataclass(frozen=True)
class NumberDistribution:
    """Probability of every number, prompt by prompt."""

    values: np.ndarray
    """The numbers, ascending, shape (n_values,)."""
    log_probabilities: np.ndarray
    """Natural logarithm of the probability that the model writes this number and ends its turn; -inf for a
    number whose branch was cut. Shape (n_prompts, n_values)."""

    @property
    def mass(self) -> np.ndarray:
        """Probability that the model answers by any of the numbers, shape (n_prompts,)."""
        return np.exp(self._log_mass)

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Probabilities given that the answer is one of the numbers; each row sums to one."""
        return np.exp(self.log_probabilities - self._log_mass[:, None])

    @property
    def _log_mass(self) -> np.ndarray:
        return np.logaddexp.reduce(self.log_probabilities, axis=1)

    def mean(self) -> np.ndarray:
        """Return the mean, shape (n_prompts,)."""
        return self.probabilities @ self.values

    def std(self) -> np.ndarray:
        """Return the standard deviation, shape (n_prompts,)."""
        deviations = self.values - self.mean()[:, None]
        return np.sqrt((self.probabilities * deviations**2).sum(axis=1))

    def median(self) -> np.ndarray:
        """Return the median, shape (n_prompts,)."""
        return self.quantile(0.5)

    def quantile(self, share: float) -> np.ndarray:
        """Return the smallest number that the answer does not exceed with at least this probability.

        Args:
            share: 0 < share < 1.

        Returns:
            Shape (n_prompts,).
        """
        cumulated = np.cumsum(self.probabilities, axis=1)
        # Relative to the last sum, which rounding leaves a little off one.
        reached = cumulated >= share * cumulated[:, -1:]
        return self.values[reached.argmax(axis=1)]


def build_trie(tokenizer: PreTrainedTokenizerBase, chat_kwargs: Mapping[str, Any]) -> NumberTrie:
    """Build the trie of all numbers, split as the tokenizer splits them in an answer.

    Raises:
        LanguageModelError: if the tokenizer cannot frame an answer (see `encoding.answer_ids`), or writes two
            numbers alike.
    """
    hundredths = range(LOWEST_HUNDREDTHS, HIGHEST_HUNDREDTHS + 1)
    texts = [label_text(hundredth / 100) for hundredth in hundredths]
    nodes: list[dict[tuple[int, ...], int]] = []  # by depth: ids from the root -> index in the level
    ends: dict[tuple[int, ...], int] = {}
    for number, text in enumerate(texts):
        ids = tuple(answer_ids(tokenizer, _ANY_PROMPT, text, chat_kwargs))
        if ids in ends:
            raise LanguageModelError(
                f"the tokenizer of {tokenizer.name_or_path} writes {texts[ends[ids]]} and {text} alike: "
                "use one that knows every digit"
            )
        ends[ids] = number
        for depth in range(len(ids)):
            if depth == len(nodes):
                nodes.append({})
            nodes[depth].setdefault(ids[: depth + 1], len(nodes[depth]))
    levels = tuple(
        TrieLevel(
            tokens=np.array([path[-1] for path in level]),
            parents=np.array([nodes[depth - 1][path[:-1]] if depth else 0 for path in level]),
            numbers=np.array([ends.get(path, -1) for path in level]),
        )
        for depth, level in enumerate(nodes)
    )
    return NumberTrie(values=np.array(hundredths) / 100, levels=levels)


def distribution(
    model: PreTrainedModel | PeftModel,
    trie: NumberTrie,
    prompts: list[list[int]],
    *,
    cut: float = 1e-5,
    batch_size: int = 8,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> NumberDistribution:
    """Return the probability of every number after each prompt.

    All nodes of a level are read in one pass: side by side in one sequence, each seeing the prompt, its own
    ancestors and itself. The keys and values of the prompt are thus held once, and not once a branch. Those
    of the tokens that all prompts begin with are computed once for all batches.

    Args:
        model: a causal language model, with or without an adapter.
        prompts: token ids of each prompt, from `encoding.prompt_ids`.
        cut: a branch is not followed if its probability is below this share of all branches of its depth;
            0 follows all. A number that is cut off counts as impossible.
        batch_size: prompts read at a time.
        progress: called with (prompts done, prompts in all).

    Raises:
        LanguageModelError: if the model was not loaded with PyTorch's own attention, `sdpa`.
    """
    if model.config._attn_implementation != "sdpa":
        raise LanguageModelError(
            "the number distribution needs PyTorch's attention, and this model was loaded with "
            f"{model.config._attn_implementation!r}: load it with attn_implementation='sdpa'"
        )
    # Prompts of like length share a batch, so that little of it is padding.
    by_length = sorted(range(len(prompts)), key=lambda row: len(prompts[row]))
    log_probabilities = np.empty((len(prompts), len(trie.values)))
    model.eval()
    with torch.inference_mode():
        beginning = prompts[0][: shared_beginning(prompts)] if prompts else []
        read = _read(model, beginning) if beginning else None
        for start in range(0, len(prompts), batch_size):
            rows = by_length[start : start + batch_size]
            own = [prompts[row][len(beginning) :] for row in rows]
            log_probabilities[rows] = _batch(model, trie, own, cut, len(beginning), read)
            progress(start + len(rows), len(prompts))
    return NumberDistribution(trie.values, log_probabilities)


def _read(model: PreTrainedModel | PeftModel, ids: list[int]) -> DynamicCache:
    """Return the keys and values of some tokens."""
    return model(
        input_ids=torch.tensor([ids], device=model.device), use_cache=True, logits_to_keep=1
    ).past_key_values


def _batch(
    model: PreTrainedModel | PeftModel,
    trie: NumberTrie,
    prompts: list[list[int]],
    cut: float,
    n_read: int,
    read: DynamicCache | None,
) -> np.ndarray:
    """Return the log-probabilities of every number, shape (n_prompts, n_values).

    Args:
        prompts: token ids of each prompt after those that are read.
        n_read: number of tokens before them that are read.
        read: keys and values of those; None if there are none.
    """
    found = np.full((len(prompts), len(trie.values)), -np.inf)
    own_lengths = torch.tensor([len(ids) for ids in prompts], device=model.device)
    width, lengths = int(own_lengths.max()), n_read + own_lengths
    ids = torch.zeros((len(prompts), width), dtype=torch.long)
    for row, prompt in enumerate(prompts):
        ids[row, width - len(prompt) :] = torch.tensor(prompt)
    columns = torch.arange(n_read + width, device=model.device)
    padding = width - own_lengths[:, None]
    # What each query sees of the columns read so far, shape (n_prompts, n_queries, n_columns).
    visible = ((columns < n_read) | (columns >= n_read + padding))[:, None, :]
    cache = copy.deepcopy(read)
    if cache is not None:
        cache.batch_repeat_interleave(len(prompts))
    output = model(
        input_ids=ids.to(model.device),
        attention_mask=visible[:, 0, :].long(),
        position_ids=(columns[n_read:] - padding).clamp(min=n_read),
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    logits, cache = output.logits, output.past_key_values
    fronts = [_Front(np.zeros(1, dtype=int), np.zeros(1)) for _ in prompts]
    for depth, level in enumerate(trie.levels):
        grown = [
            _grow(front, level, of_prompt, cut, row_found)
            for front, of_prompt, row_found in zip(fronts, logits, found, strict=True)
        ]
        fronts = [front for front, _ in grown]
        breadth = max(len(front.nodes) for front in fronts)
        if breadth == 0:
            break
        # A prompt with fewer branches than others repeats its first one; what follows from that is not read.
        tokens = torch.zeros((len(prompts), breadth), dtype=torch.long)
        parents = torch.zeros((len(prompts), breadth), dtype=torch.long)
        for row, (front, parent_rows) in enumerate(grown):
            tokens[row, : len(front.nodes)] = torch.from_numpy(level.tokens[front.nodes])
            parents[row, : len(front.nodes)] = torch.from_numpy(parent_rows)
        inherited = visible.gather(1, parents.to(model.device)[:, :, None].expand(-1, -1, visible.shape[2]))
        # Nothing follows the nodes of the last pass, and none sees another: they are read a few at a time, as
        # the cost of a pass grows with the square of its breadth.
        last = depth == len(trie.levels) - 2
        at_a_time = _LAST_BREADTH if last else breadth
        pieces = []
        for own_tokens, own_inherited in zip(
            tokens.split(at_a_time, dim=1), inherited.split(at_a_time, dim=1), strict=True
        ):
            itself = torch.eye(own_tokens.shape[1], dtype=torch.bool, device=model.device)
            visible = torch.cat([own_inherited, itself.expand(len(prompts), -1, -1)], dim=2)
            output = model(
                input_ids=own_tokens.to(model.device),
                attention_mask=visible[:, None],
                position_ids=(lengths + depth)[:, None].expand(-1, own_tokens.shape[1]),
                past_key_values=cache,
                use_cache=True,
            )
            pieces.append(output.logits)
            if last:
                cache.crop(-own_tokens.shape[1])
        logits = torch.cat(pieces, dim=1)
    return found


@dataclass(frozen=True)
class _Front:
    """The branches of one prompt that are still followed; arrays of shape (n_branches,)."""

    nodes: np.ndarray
    """Index of each branch among the nodes of its level."""
    log_probabilities: np.ndarray


def _grow(
    front: _Front, level: TrieLevel, logits: torch.Tensor, cut: float, found: np.ndarray
) -> tuple[_Front, np.ndarray]:
    """Follow a front by one level, and write the numbers that end there to `found`.

    Args:
        logits: after each branch, shape (at least n_branches, n_vocabulary).
        found: log-probability of every number, shape (n_values,); changed in place.

    Returns:
        The new front, and for each of its branches the index of the branch that it continues.
    """
    row_of_node = {node: row for row, node in enumerate(front.nodes)}
    children = np.flatnonzero(np.isin(level.parents, front.nodes))
    rows = np.array([row_of_node[parent] for parent in level.parents[children]], dtype=int)
    scores = logits[: len(front.nodes)].log_softmax(dim=-1, dtype=torch.float32)
    steps = scores[torch.from_numpy(rows), torch.from_numpy(level.tokens[children])]
    log_probabilities = front.log_probabilities[rows] + steps.cpu().numpy()
    numbers = level.numbers[children]
    ends = numbers >= 0
    found[numbers[ends]] = log_probabilities[ends]
    all_branches = np.logaddexp.reduce(np.concatenate([log_probabilities[~ends], found]))
    kept = ~ends & (log_probabilities >= all_branches + (math.log(cut) if cut else -math.inf))
    return _Front(children[kept], log_probabilities[kept]), rows[kept]
