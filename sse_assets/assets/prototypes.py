"""Group `curated`, continued: structures from known structure types for compositions without atoms."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from sse_assets.assets.curated import GROUP as CURATED
from sse_assets.kept import versions
from sse_assets.orchestration.blobs import write_bytes
from sse_assets.orchestration.io import table_ins, table_outs, table_result
from sse_assets.orchestration.kept_files import kept_in
from sse_assets.orchestration.progress import report_progress
from sse_assets.orchestration.settings import Dataset, Settings
from sse_assets.prototypes.aflow import aflow_prototypes
from sse_assets.prototypes.left_out import left_out
from sse_assets.prototypes.library import Prototype
from sse_assets.prototypes.stored_library import Library
from sse_assets.prototypes.structures import prototype_structures, read_prototypes
from sse_assets.splits.groups import published
from sse_assets.tables import generated

SCHEMA = "generated"
_CODE_VERSION = "5"
"""4: the class of disorder of each structure; 5: volumes of elements to 1e-6 Å³."""
_LIBRARIES = versions("pymatgen", "spglib", "scipy", "numpy")


def prototype_assets(dataset: Dataset) -> list[dg.AssetsDefinition]:
    """Return the step that places compositions in known structure types."""
    references = ["raw.reference_structures"] if dataset is Dataset.OBELIX else []

    @dg.multi_asset(
        name="place_in_prototypes",
        ins=table_ins("curated.joined", "curated.structures", *references),
        outs=table_outs(
            SCHEMA,
            {
                "prototypes": "A structure from a known structure type for every composition without atoms: "
                "cost, parent and mapping, and whether it is to be trusted.",
                "prototype_library": "Known crystals as symmetry orbits, in which new formulas are placed.",
                "prototypes_left_out": "Known crystals, left out and made again: errors of cell and density.",
            },
            group=CURATED,
            code_version=_CODE_VERSION,
            kinds={"prototypes": "cif"},
        ),
    )
    def place_in_prototypes(
        context: dg.AssetExecutionContext,
        settings: dg.ResourceParam[Settings],
        joined: pd.DataFrame,
        structures: pd.DataFrame,
        **further: pd.DataFrame,
    ) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
        public = published(joined)
        own = joined.drop(index=public.index)
        crystals, own_crystals = (known_crystals(rows, structures) for rows in (public, own))
        of_public = structures[structures["electrolyte_id"].isin(public["electrolyte_id"])]
        computed = _references(further["reference_structures"], of_public) if further else structures.iloc[:0]

        def library(*measured: pd.DataFrame) -> tuple[list[Prototype], Library, dict[str, str]]:
            known, unusable = read_prototypes(pd.concat(measured, ignore_index=True))
            others, unusable_others = read_prototypes(computed)
            return known, Library.of([*known, *others, *aflow_prototypes()]), unusable | unusable_others

        def of_published_rows() -> list[pd.DataFrame]:
            known, types, unusable = library(crystals)
            placed = prototype_structures(
                public[public["structure_path"].isna()],
                types.chooser,
                types.volumes,
                progress=report_progress(context.log, "prototypes, compositions"),
            )
            reasons = pd.DataFrame(unusable.items(), columns=["structure_id", "reason"], dtype="str")
            return [placed, left_out(known, types.chooser), reasons, types.table()]

        # What a person left in the inbox is placed beside it: the published rows stay as they are.
        placed, made_again, unusable, stored = kept_in(settings.blob_root).frames(
            ["prototypes", _CODE_VERSION, _LIBRARIES, public, crystals, computed],
            ["placed", "left out", "unusable", "library"],
            of_published_rows,
        )
        lacking = own[own["structure_path"].isna()]
        if len(lacking):
            # What is stored makes the same library, and need not be read from CIFs.
            types = Library.read(stored) if own_crystals.empty else library(crystals, own_crystals)[1]
            of_own = prototype_structures(lacking, types.chooser, types.volumes)
            placed = pd.concat([placed, of_own], ignore_index=True)
        placed = generated.PROTOTYPES.frame(placed)
        for path, cif in placed[["structure_path", "cif"]].dropna().itertuples(index=False):
            write_bytes(settings.blob_root / path, cif.encode())
        reasons = placed["reason_code"].value_counts()
        yield table_result(
            placed,
            "generated.prototypes",
            metadata={
                "prototypes_in_the_library": len(stored),
                "unusable_crystals": dg.MetadataValue.json(dict(unusable.itertuples(index=False, name=None))),
                "with_a_structure": int(placed["cif"].notna().sum()),
                "trusted": int(placed["trusted"].sum()),
                **{f"not_trusted_{code}": int(count) for code, count in reasons.items()},
            },
        )
        yield table_result(generated.PROTOTYPE_LIBRARY.frame(stored), "generated.prototype_library")
        yield table_result(generated.PROTOTYPES_LEFT_OUT.frame(made_again), "generated.prototypes_left_out")

    return [place_in_prototypes]


def known_crystals(electrolytes: pd.DataFrame, structures: pd.DataFrame) -> pd.DataFrame:
    """Return the crystals of the electrolytes as `read_prototypes` takes them."""
    return structures.merge(electrolytes[["electrolyte_id", "formula", "doi", "family"]], on="electrolyte_id")


def _references(reference_structures: pd.DataFrame, structures: pd.DataFrame) -> pd.DataFrame:
    """Return the computed crystals that no electrolyte has for its own."""
    others = ~reference_structures["structure_id"].isin(structures["structure_id"])
    return reference_structures[others].assign(doi=None, family=None)
