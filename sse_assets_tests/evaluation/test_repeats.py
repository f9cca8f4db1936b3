"""Differences between measurements of one material, on a run small enough to count by hand."""

import pytest

from sse_assets.evaluation.repeats import repeat_measurements


def test_repeat_measurements_are_pairs_of_one_composition_and_space_group(run) -> None:
    noise = repeat_measurements(run.electrolytes)
    assert (noise.n_pairs, noise.median, noise.mean) == (1, pytest.approx(1.3), pytest.approx(1.3))
