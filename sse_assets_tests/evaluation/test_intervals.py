"""Paired comparisons and resampling of groups."""

import numpy as np
import pandas as pd
import pytest

from sse_assets.evaluation.intervals import Bootstrap, comparisons
from sse_assets.tables import metrics


def _predictions(errors: dict[tuple[str, str], list[float]], protocol: str = "official") -> pd.DataFrame:
    """Test rows whose truth is 0 and whose predictions are the errors, by model and variant."""
    return pd.concat(
        pd.DataFrame(
            {
                "protocol": protocol,
                "fold": 0,
                "model": model,
                "variant": variant,
                "label_convention": "bound",
                "electrolyte_id": [f"e{position}" for position in range(len(values))],
                "role": "test",
                "log10_sigma": 0.0,
                "predicted": values,
                "low": -1.0,
                "high": 1.0,
            }
        )
        for (model, variant), values in errors.items()
    )


def test_a_model_does_not_differ_from_itself() -> None:
    errors = list(np.random.default_rng(0).normal(size=30))
    rows = _predictions({("boosted_trees", "geometric"): errors, ("nearest_neighbour", "geometric"): errors})
    only = comparisons(rows).iloc[0]
    assert (only["difference"], only["low"], only["high"], only["n"]) == (0, 0, 0, 30)


def test_a_constant_advantage_is_certain_however_noisy_the_rows() -> None:
    worse = np.random.default_rng(0).uniform(1, 9, size=30)
    rows = _predictions(
        {("boosted_trees", "all"): list(worse - 0.5), ("boosted_trees", "stoichiometric"): list(worse)}
    )
    only = comparisons(rows).iloc[0]
    assert (only["baseline"], only["baseline_variant"]) == ("boosted_trees", "stoichiometric")
    assert [only["difference"], only["low"], only["high"]] == pytest.approx([-0.5, -0.5, -0.5])


def test_the_process_is_compared_with_the_trees() -> None:
    rows = _predictions(
        {
            ("gaussian_process", "none"): [1.0] * 30,
            ("boosted_trees", "all"): [2.0] * 30,
            ("boosted_trees", "stoichiometric"): [3.0] * 30,
        }
    )
    found = comparisons(rows)
    of_process = found[found["model"] == "gaussian_process"].set_index("baseline_variant")["difference"]
    assert of_process.to_dict() == {"all": -1, "stoichiometric": -2}


def test_what_is_compared_with_what(run) -> None:
    pairs = run.comparisons[["variant", "baseline", "baseline_variant"]].drop_duplicates()
    assert {tuple(pair) for pair in pairs.to_numpy()} == {
        ("stoichiometric", "train_median", "none"),
        ("stoichiometric", "nearest_neighbour", "stoichiometric"),
        ("geometric", "train_median", "none"),
        ("geometric", "nearest_neighbour", "geometric"),
        ("all", "train_median", "none"),
        ("all", "nearest_neighbour", "all"),
        ("all", "boosted_trees", "stoichiometric"),
    }
    assert len(run.comparisons) == 7 * 4 * 2  # protocols and label conventions
    metrics.COMPARISONS.check(run.comparisons)


def test_rows_of_one_group_are_drawn_together() -> None:
    ids = pd.Series(["a", "b", "c", "d"])
    groups = pd.Series({"a": "x", "b": "y", "c": "x", "d": "y"})
    bootstrap = Bootstrap.of(ids, groups, n_bootstrap=200, seed=0)
    a, b, c, d = bootstrap.counts(ids).T
    assert np.array_equal(a, c)
    assert np.array_equal(b, d)
    assert set(a + b) == {2.0}


def test_an_electrolyte_without_a_group_is_named() -> None:
    with pytest.raises(ValueError, match="electrolyte b has no group"):
        Bootstrap.of(pd.Series(["a", "b"]), pd.Series({"a": "x"}), n_bootstrap=1, seed=0)


def test_a_resample_without_any_of_the_rows_is_left_out() -> None:
    """Of ten rows one is asked for: every resample that drew it gives its value."""
    bootstrap = Bootstrap.of(pd.Series([f"e{n}" for n in range(10)]), None, n_bootstrap=200, seed=0)
    assert bootstrap.mean_interval(pd.Index(["e3"]), pd.Series([2.0])) == (2.0, 2.0)


def test_language_models_are_compared_with_the_trees(run, answers) -> None:
    table = comparisons(pd.concat([run.predictions, answers]), n_bootstrap=50)
    of_case_2 = table.query("model == 'llama-3.1-8b' and variant == 'case_2' and protocol == 'grouped'")
    assert set(of_case_2["baseline"]) == {"train_median", "boosted_trees"}
    assert (of_case_2["difference"] < 0).all()
