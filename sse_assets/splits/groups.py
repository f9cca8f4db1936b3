"""Rows that belong together: measured in one paper, or of one composition."""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sse_assets.tables.names import Protocol, Source


def published(electrolytes: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of published sources, and not of the inbox; all rows, if there are no others."""
    is_published = electrolytes["source"] != Source.INBOX
    return electrolytes[is_published] if is_published.any() else electrolytes


def comparable_dois(dois: pd.Series) -> pd.Series:
    """Return DOIs so that equal ones are equal texts: lower case, no blanks around, NaN for an empty one.

    A row that names several papers, joined by `|`, is repeated for each of them; the index says which row.
    """
    plain = dois.astype("str").str.lower().str.split("|").explode().astype("str").str.strip()
    return plain.mask(plain == "")


def papers(electrolytes: pd.DataFrame) -> pd.Series:
    """Return the paper of each row: the first DOI that it names, or its own id where it names none.

    Args:
        electrolytes: columns `electrolyte_id` and `doi`.

    Returns:
        Index `electrolyte_id`.
    """
    rows = electrolytes.set_index("electrolyte_id", drop=False)
    first_doi = comparable_dois(rows["doi"]).groupby(level=0).first()
    return first_doi.reindex(rows.index).fillna(rows["electrolyte_id"]).rename("paper")


def resampled_whole(electrolytes: pd.DataFrame) -> dict[str, pd.Series]:
    """Return what a bootstrap draws as a whole, by protocol: the units that its folds hold out.

    Args:
        electrolytes: columns `electrolyte_id`, `doi` and `composition_key`.
    """
    return {Protocol.PAPERS: papers(electrolytes), Protocol.GROUPED: merged_groups(electrolytes)}


def merged_groups(electrolytes: pd.DataFrame) -> pd.Series:
    """Number the groups of rows that must stay on one side of an honest split.

    Two rows are linked by an equal DOI or an equal composition, and groups follow the links as far as they
    go: if A and B share a paper, and B and C a composition, then all three are one group. A missing DOI
    links nothing; a row that names several is linked by each.

    Args:
        electrolytes: columns `electrolyte_id`, `doi` and `composition_key`.

    Returns:
        Group numbers from 0, in order of first appearance; index `electrolyte_id`.
    """
    n_rows = len(electrolytes)
    numbered = electrolytes.reset_index(drop=True)
    edges = []
    n_nodes = n_rows
    # Every DOI and every composition is a node of its own, to which its rows are tied.
    for values in (comparable_dois(numbered["doi"]), numbered["composition_key"]):
        codes, unique = pd.factorize(values)
        known = codes >= 0
        edges.append(np.column_stack([values.index[known], codes[known] + n_nodes]))
        n_nodes += len(unique)
    rows, values_of_rows = np.concatenate(edges).T
    links = coo_array((np.ones(len(rows), dtype=bool), (rows, values_of_rows)), shape=(n_nodes, n_nodes))
    _, labels = connected_components(links, directed=False)
    groups, _ = pd.factorize(labels[:n_rows])
    index = pd.Index(electrolytes["electrolyte_id"], name="electrolyte_id")
    return pd.Series(groups, index=index, name="group")


def sources_in_common(rows: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Tell whether each row shares a DOI, or its composition, with any of the other rows.

    Args:
        rows: columns `doi` and `composition_key`, and a unique index.
        others: rows with the same columns.

    Returns:
        Boolean columns `doi` and `composition`, indexed as `rows`.
    """
    shares_a_doi = comparable_dois(rows["doi"]).isin(comparable_dois(others["doi"]).dropna())
    return pd.DataFrame(
        {
            "doi": shares_a_doi.groupby(level=0).any(),
            "composition": rows["composition_key"].isin(others["composition_key"]),
        },
        index=rows.index,
    )


def sharing_nothing(rows: pd.DataFrame, others: pd.DataFrame) -> pd.Index:
    """Return the rows that are none of the others, and share neither a DOI nor a composition with one.

    If the others are whole groups of a table, all rows of that table outside those groups are such rows.
    For rows that the table no longer holds, this tells which of them may train beside the others.

    Args:
        rows: columns `doi` and `composition_key`; index electrolyte_id.
        others: rows with the same columns and index.

    Returns:
        The electrolyte_ids of these rows.
    """
    shared = sources_in_common(rows, others).any(axis="columns")
    return rows.index[~shared & ~rows.index.isin(others.index)]
