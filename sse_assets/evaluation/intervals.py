"""Bootstrap intervals, and paired comparisons of models."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sse_assets.evaluation.selection import rows_with
from sse_assets.tables import metrics
from sse_assets.tables.names import LANGUAGE_MODELS, NO_VARIANT, FeatureSet, Metric, ModelName, Role

Predictor = tuple[str, str]
"""Model and variant."""
Clusters = Mapping[str, pd.Series]
"""Groups of electrolyte_ids that a bootstrap draws as a whole, by protocol."""
_INTERVAL = (0.025, 0.975)


@dataclass(frozen=True)
class Bootstrap:
    """Resamples of a set of electrolytes, drawn once so that all models are compared on the same ones.

    Attributes:
        electrolytes: The distinct ids, sorted.
        resamples: How often each id was drawn, shape (resamples, ids).
    """

    electrolytes: pd.Index
    resamples: NDArray[np.float64]

    @classmethod
    def of(
        cls, electrolyte_ids: pd.Series, clusters: pd.Series | None, *, n_bootstrap: int, seed: int
    ) -> "Bootstrap":
        """Draw electrolytes with replacement, or whole clusters (Series by electrolyte_id).

        Raises:
            ValueError: if an electrolyte has no cluster.
        """
        electrolytes = pd.Index(electrolyte_ids.unique()).sort_values()
        if clusters is None:
            codes = np.arange(len(electrolytes))
        else:
            assigned = clusters.reindex(electrolytes)
            if assigned.isna().any():
                missing = assigned.index[assigned.isna()][0]
                raise ValueError(f"electrolyte {missing} has no group; pass one for every electrolyte")
            codes = pd.factorize(assigned)[0]
        n_clusters = int(codes.max()) + 1
        drawn = np.random.default_rng(seed).multinomial(
            n_clusters, np.full(n_clusters, 1 / n_clusters), size=n_bootstrap
        )
        return cls(electrolytes, drawn[:, codes].astype(float))

    def mean_interval(self, electrolyte_ids: pd.Series | pd.Index, values: pd.Series) -> tuple[float, float]:
        """Return the 95 % interval of the mean of values, one for each given row.

        A resample that drew none of the rows is left out.
        """
        counts = self.counts(electrolyte_ids)
        drawn = counts.sum(axis=1) > 0
        return percentile_interval(counts[drawn] @ values.to_numpy() / counts[drawn].sum(axis=1))

    def counts(self, electrolyte_ids: pd.Series | pd.Index) -> NDArray[np.float64]:
        """Return how often each given row counts in each resample, shape (resamples, rows)."""
        return np.take(self.resamples, self.electrolytes.get_indexer(pd.Index(electrolyte_ids)), axis=1)


def clusters_for(protocol: Hashable, clusters: Clusters | None) -> pd.Series | None:
    """Return the groups that a protocol resamples whole; None if it resamples single rows."""
    return (clusters or {}).get(str(protocol))


def percentile_interval(resampled: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95 % interval of resampled values; undefined ones are left out, NaN if all are."""
    defined = resampled[~np.isnan(resampled)]
    if not len(defined):
        return np.nan, np.nan
    low, high = np.quantile(defined, _INTERVAL)
    return float(low), float(high)


def comparisons(
    predictions: pd.DataFrame,
    clusters: Clusters | None = None,
    *,
    against: Callable[[str, str], list[Predictor]] | None = None,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Return paired differences in test MAE: boosted trees and language models minus what they have to beat.

    Each feature set of the trees is set against the train median and against the nearest neighbour in the
    same features; `all` also against `stoichiometric`, which is what structure adds. A language model is set
    against the train median and against the trees on all features: whether descriptors can be skipped.
    Negative means that the model errs less. The 95 % interval comes from resampling as in `metrics.scores`.

    Args:
        predictions: A frame as `tables.metrics.PREDICTIONS`.
        clusters: What is resampled whole under which protocol.
        against: What a model and its variant are set against, if not those named above.
        n_bootstrap: Number of resamples.
        seed: Seed of the resamples.

    Returns:
        A frame as `tables.metrics.COMPARISONS`.
    """
    test = rows_with(predictions, role=Role.TEST)
    test = test.assign(error=(test["predicted"] - test["log10_sigma"]).abs())
    rows = []
    for (protocol, convention), part in test.groupby(["protocol", "label_convention"], sort=False):
        bootstrap = Bootstrap.of(
            part["electrolyte_id"], clusters_for(protocol, clusters), n_bootstrap=n_bootstrap, seed=seed
        )
        errors = {
            (str(model), str(variant)): block.set_index(["fold", "electrolyte_id"])["error"]
            for (model, variant), block in part.groupby(["model", "variant"])
        }
        for model, variant in errors:
            for baseline in (against or _baselines)(model, variant):
                if baseline not in errors:
                    continue
                paired = (errors[model, variant] - errors[baseline]).dropna()
                ids = paired.index.get_level_values("electrolyte_id")
                low, high = bootstrap.mean_interval(ids, paired)
                rows.append(
                    {
                        "protocol": protocol,
                        "label_convention": convention,
                        "model": model,
                        "variant": variant,
                        "baseline": baseline[0],
                        "baseline_variant": baseline[1],
                        "metric": Metric.MAE,
                        "difference": paired.mean(),
                        "low": low,
                        "high": high,
                        "n": ids.nunique(),
                    }
                )
    return metrics.COMPARISONS.frame(rows)


def _baselines(model: str, variant: str) -> list[Predictor]:
    """Return model and variant of each predictor that a model is compared with."""
    if model in LANGUAGE_MODELS:
        return [(ModelName.TRAIN_MEDIAN, NO_VARIANT), (ModelName.BOOSTED_TREES, FeatureSet.ALL)]
    composition_alone = (ModelName.BOOSTED_TREES, FeatureSet.STOICHIOMETRIC)
    if model == ModelName.GAUSSIAN_PROCESS:
        return [
            (ModelName.TRAIN_MEDIAN, NO_VARIANT),
            (ModelName.BOOSTED_TREES, FeatureSet.ALL),
            composition_alone,
        ]
    if model != ModelName.BOOSTED_TREES:
        return []
    return [
        (ModelName.TRAIN_MEDIAN, NO_VARIANT),
        (ModelName.NEAREST_NEIGHBOUR, variant),
        *([composition_alone] if variant == FeatureSet.ALL else []),
    ]
