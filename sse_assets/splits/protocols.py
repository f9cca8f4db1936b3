"""The protocols, from flattering to honest: each names the rows that train and that test."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedGroupKFold

from sse_assets.splits.diversity import max_min_selection
from sse_assets.splits.groups import merged_groups, papers, published, sources_in_common
from sse_assets.splits.papers import PAPER_FOLDS, for_choosing, paper_folds
from sse_assets.splits.settings import SplitSettings
from sse_assets.tables import splits
from sse_assets.tables.names import Protocol, Role

Fold = tuple[np.ndarray, np.ndarray]
"""Row numbers that train, and row numbers that test."""


def assign(electrolytes: pd.DataFrame, features: pd.DataFrame, settings: SplitSettings) -> pd.DataFrame:
    """Assign every row a role under every protocol that the data allow.

    Rows of the inbox train and are tested under `grouped`, and train the models for new materials. The other
    protocols are about the published rows alone: their scores stay what they are, whatever a person measures,
    beside the paper's and beside those of somebody else's model. So does the choice of a model on `papers`.

    `official` is left out where no row has an official role, and `papers` where there are too few papers.
    The result does not depend on the order of the rows.

    Args:
        electrolytes: columns `electrolyte_id`, `source`, `doi`, `composition_key`, `conductivity_class` and
            `official_role` ("train", "test" or missing).
        features: the matrix in which `diversity` measures distance; index electrolyte_id.

    Returns:
        A frame as `tables.splits.ASSIGNMENTS`; each fold lists its rows, train and test.

    Raises:
        ValueError: if a row has no features, an id occurs twice, or there are fewer rows than folds.
    """
    rows = electrolytes.sort_values("electrolyte_id", ignore_index=True)
    _check(rows, features, settings)
    public = published(rows).reset_index(drop=True)
    folds = {
        Protocol.DIVERSITY: (public, _diversity(public, features, settings)),
        Protocol.RANDOM: (public, _random(public, settings)),
        Protocol.PAPERS: (public, _papers(public, settings)),
        Protocol.OFFICIAL: (public, _official(public)),
        Protocol.GROUPED: (rows, _grouped(rows, settings)),
    }
    assigned = [
        pd.DataFrame(
            {
                "protocol": protocol.value,
                "fold": fold,
                "electrolyte_id": among["electrolyte_id"].iloc[np.concatenate([train, test])].to_numpy(),
                "role": np.repeat([Role.TRAIN.value, Role.TEST.value], [len(train), len(test)]),
            }
        )
        for protocol, (among, folds_of_protocol) in folds.items()
        for fold, (train, test) in enumerate(folds_of_protocol)
    ]
    return splits.ASSIGNMENTS.frame(pd.concat(assigned))


def _diversity(rows: pd.DataFrame, features: pd.DataFrame, settings: SplitSettings) -> Iterator[Fold]:
    matrix = features.loc[rows["electrolyte_id"]].to_numpy(dtype=float)
    n_train = len(rows) - round(settings.test_share * len(rows))
    train = np.sort(max_min_selection(matrix, n_train))
    yield train, np.setdiff1d(np.arange(len(rows)), train)


def _random(rows: pd.DataFrame, settings: SplitSettings) -> Iterator[Fold]:
    return KFold(settings.folds, shuffle=True, random_state=settings.seed).split(rows)


def _papers(rows: pd.DataFrame, settings: SplitSettings) -> Iterator[Fold]:
    """Yield folds of whole papers, clear of the official test, on which models and features are chosen.

    A fold that leaves nothing to train on says nothing, and is left out.
    """
    seen, tested = for_choosing(rows.set_index("electrolyte_id", drop=False).rename_axis(None))
    if papers(seen.loc[tested]).nunique() < PAPER_FOLDS:
        return
    place = pd.Series(rows.index, index=rows["electrolyte_id"])
    for _, fold in paper_folds(seen, seed=settings.seed, tested=tested).groupby("fold"):
        train, test = (
            place.loc[fold.loc[fold["role"] == role, "electrolyte_id"]].to_numpy() for role in Role
        )
        if len(train):
            yield train, test


def _official(rows: pd.DataFrame) -> Iterator[Fold]:
    """Yield OBELiX's test rows, and for training every row that shares no DOI and no composition with one.

    Rows of other sources train too. Rows that share something are left out of the protocol, two of
    OBELiX's own training rows among them: `52b` and `8po` are LGPS, and as compositions they equal the
    test rows `2yl` and `mvq`, whose formulas count other formula units (Li10.2Ge1.2P1.8S12 is three times
    Li3.4Ge0.4P0.6S4).
    """
    is_test = (rows["official_role"] == Role.TEST).to_numpy()
    if is_test.any():
        others = rows[~is_test]
        shared = sources_in_common(others, rows[is_test]).any(axis="columns")
        yield others.index[~shared].to_numpy(), np.flatnonzero(is_test)


def _grouped(rows: pd.DataFrame, settings: SplitSettings) -> Iterator[Fold]:
    """Return folds of whole groups, chosen so that folds have like sizes and a like share of each class.

    Some groups are large (the largest of OBELiX holds 107 of 599 rows), and sources differ in what they
    measure. Balancing the conductivity class as well keeps a fold from being all argyrodites.
    """
    folds = StratifiedGroupKFold(settings.folds, shuffle=True, random_state=settings.seed)
    return folds.split(rows, rows["conductivity_class"], merged_groups(rows))


def _check(rows: pd.DataFrame, features: pd.DataFrame, settings: SplitSettings) -> None:
    ids = rows["electrolyte_id"]
    if (n_rows := len(published(rows))) < settings.folds:
        raise ValueError(f"{n_rows} electrolytes cannot be split into {settings.folds} folds")
    if ids.duplicated().any():
        raise ValueError(f"the electrolyte {ids[ids.duplicated()].iloc[0]} occurs twice; ids must be unique")
    unknown = ids[~ids.isin(features.index)]
    if len(unknown):
        raise ValueError(
            f"the electrolyte {unknown.iloc[0]} has no features ({len(unknown)} of {len(ids)} lack them)"
        )
