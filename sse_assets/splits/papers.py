"""The protocol for choosing: whole papers held out, as a new paper would be."""

import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from sse_assets.splits.groups import papers, sharing_nothing
from sse_assets.tables.names import Protocol, Role

PAPER_FOLDS = 6
Fold = tuple[pd.Index, pd.Index]
"""Ids of the rows that train, and of those that are tested."""


def for_choosing(electrolytes: pd.DataFrame) -> tuple[pd.DataFrame, pd.Index]:
    """Return what may be seen while a model is chosen, so that the official test stays unseen.

    Args:
        electrolytes: columns `doi`, `composition_key` and `official_role` ("train", "test" or missing);
            index electrolyte_id.

    Returns:
        The rows that share neither a DOI nor a composition with an official test row, and the ids of those
        to test: the official training rows among them. Without an official split, all rows are both.
    """
    official_test = electrolytes[electrolytes["official_role"] == Role.TEST]
    if official_test.empty:
        return electrolytes, electrolytes.index
    rows = electrolytes.loc[sharing_nothing(electrolytes, official_test)]
    return rows, rows.index[rows["official_role"] == Role.TRAIN]


def paper_folds(
    electrolytes: pd.DataFrame, *, folds: int = PAPER_FOLDS, seed: int = 0, tested: pd.Index | None = None
) -> pd.DataFrame:
    """Hold out whole papers in turn; those who share something with them do not train.

    A training row that shares a DOI or a composition with any row of the fold is dropped, but not what shares
    something with that row in turn. So a fold is as honest as OBELiX's official split, and, with hundreds of
    papers, gives many more independent looks than `grouped`, whose groups follow the links as far as they go.

    Args:
        electrolytes: columns `electrolyte_id`, `doi`, `composition_key` and `conductivity_class`. A row
            without a DOI is a paper of its own; one that names several belongs to the first, and shares all.
        folds: how many; their sizes and shares of each class are alike.
        seed: of the draw.
        tested: ids to test, all by default; the others only train.

    Returns:
        Columns `protocol` ("papers"), `fold`, `electrolyte_id`, `role` ("train" or "test"). The result does
        not depend on the order of the rows.

    Raises:
        ValueError: if there are fewer papers than folds.
    """
    every = electrolytes.sort_values("electrolyte_id").set_index("electrolyte_id", drop=False)
    rows = every if tested is None else every[every.index.isin(tested)]
    paper = papers(rows)
    if paper.nunique() < folds:
        raise ValueError(f"{paper.nunique()} papers cannot be held out in {folds} folds")
    draw = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    classes = rows["conductivity_class"]
    if classes.value_counts().max() < folds:  # too few rows of any class to have them alike in each fold
        classes = classes.mask(classes.notna(), "any")
    assigned = []
    for fold, (_, held_out) in enumerate(draw.split(rows, classes, paper)):
        test = rows.iloc[held_out]
        for role, ids in ((Role.TRAIN, sharing_nothing(every, test)), (Role.TEST, test.index)):
            assigned.append(
                pd.DataFrame(
                    {
                        "protocol": Protocol.PAPERS.value,
                        "fold": fold,
                        "electrolyte_id": ids,
                        "role": role.value,
                    }
                )
            )
    return pd.concat(assigned, ignore_index=True)


def as_folds(assigned: pd.DataFrame) -> list[Fold]:
    """Return the folds of one protocol as pairs of ids.

    Args:
        assigned: columns `fold`, `electrolyte_id` and `role`.
    """
    return [
        (
            pd.Index(fold.loc[fold["role"] == Role.TRAIN, "electrolyte_id"]),
            pd.Index(fold.loc[fold["role"] == Role.TEST, "electrolyte_id"]),
        )
        for _, fold in assigned.groupby("fold")
    ]
