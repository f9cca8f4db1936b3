"""Predictions by chemistry: the error on each chemical group, and the numbers for well-known compounds."""

from collections.abc import Hashable

import pandas as pd

from sse_assets.evaluation.selection import rows_with
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.materials.formula import composition_key, parse_composition
from sse_assets.tables import metrics
from sse_assets.tables.names import SCORED_PROTOCOLS, FeatureSet, ModelName, Role, in_reading_order


def by_group_scores(
    predictions: pd.DataFrame, electrolytes: pd.DataFrame, published: pd.DataFrame
) -> pd.DataFrame:
    """Return the test MAE by chemical group, for every protocol, model, variant and label convention.

    Args:
        predictions: a frame as `tables.metrics.PREDICTIONS`.
        electrolytes: columns electrolyte_id and chemical_group.
        published: values to set beside ours, one row for each chemical_group (the paper's Table 8).

    Returns:
        A frame as `tables.metrics.BY_CHEMICAL_GROUP`. A group without test rows is absent.
    """
    test = rows_with(predictions, role=Role.TEST)
    test = test.assign(
        mae=(test["predicted"] - test["log10_sigma"]).abs(),
        chemical_group=test["electrolyte_id"].map(electrolytes.set_index("electrolyte_id")["chemical_group"]),
    )
    by = ["protocol", "model", "variant", "label_convention", "chemical_group"]
    table = test.groupby(by, sort=False).agg(n=("electrolyte_id", "nunique"), mae=("mae", "mean"))
    return metrics.BY_CHEMICAL_GROUP.frame(
        table.reset_index().merge(published, on="chemical_group", how="left")
    )


def representative_compounds(
    predictions: pd.DataFrame, electrolytes: pd.DataFrame, compounds: pd.DataFrame
) -> pd.DataFrame:
    """Return the predictions of the trees on all features for some compounds under each protocol.

    A compound is found by its composition. If there are several measurements, the one closest to
    `paper_measured` is taken, since that is most likely the paper's. If a protocol tests the compound in some
    fold, the prediction is from there and the role is `test`. Otherwise it is the mean over the folds that
    trained on it.

    Args:
        predictions: a frame as `tables.metrics.PREDICTIONS`.
        electrolytes: columns electrolyte_id, composition_key and log10_sigma.
        compounds: columns group, formula, paper_measured and any further ones (the paper's Table 9).

    Returns:
        A frame as `tables.metrics.REPRESENTATIVE_COMPOUNDS`, one row for each compound and protocol. The id
        is missing if we do not have the compound, protocol and role if it was never predicted.
    """
    ours = rows_with(
        predictions,
        model=ModelName.BOOSTED_TREES,
        variant=FeatureSet.ALL,
        label_convention=LabelConvention.BOUND,
    )
    rows = []
    for compound in compounds.to_dict("records"):
        key = composition_key(parse_composition(compound["formula"]))
        matches = electrolytes[electrolytes["composition_key"] == key]
        row: dict[Hashable, object] = compound | {"n_measurements": len(matches)}
        if matches.empty:
            rows.append(row)
            continue
        distance = (matches["log10_sigma"] - compound["paper_measured"]).abs()
        closest = matches.iloc[distance.argmin()]
        row |= {"electrolyte_id": closest["electrolyte_id"], "measured": closest["log10_sigma"]}
        predicted = ours[ours["electrolyte_id"] == closest["electrolyte_id"]]
        rows.extend(row | prediction for prediction in _one_for_each_protocol(predicted))
        if predicted.empty:
            rows.append(row)
    return metrics.REPRESENTATIVE_COMPOUNDS.frame(rows)


def _one_for_each_protocol(predicted: pd.DataFrame) -> list[dict[Hashable, object]]:
    """Return protocol, role and prediction of one electrolyte: of its test row, else of training."""
    found: list[dict[Hashable, object]] = []
    for protocol in in_reading_order(predicted["protocol"], SCORED_PROTOCOLS):
        rows = rows_with(predicted, protocol=protocol)
        role = Role.TEST if (rows["role"] == Role.TEST).any() else Role.TRAIN
        mean = rows_with(rows, role=role)["predicted"].mean()
        found.append({"protocol": protocol, "role": role, "predicted": mean})
    return found
