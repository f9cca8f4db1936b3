from dataclasses import asdict

from sse_assets.boosted_trees.settings import BoostedTreesSettings


def test_the_defaults_are_table_1() -> None:
    assert asdict(BoostedTreesSettings()) == {
        "n_estimators": 242,
        "reg_lambda": 24.922,
        "reg_alpha": 2.345,
        "max_depth": 8,
        "num_parallel_tree": 8,
        "min_child_weight": 1,
        "subsample": 0.659,
        "learning_rate": 0.084,
        "gamma": 0.015,
        "seed": 0,
    }
