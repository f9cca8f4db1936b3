"""Group `curated`, continued: structures from known structure types for compositions without atoms."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from sse_assets.assets.curated import GROUP as CURATED
from sse_assets.orchestration.blobs import write_bytes
from sse_assets.orchestration.io import table_ins, table_outs, table_result
from sse_assets.orchestration.progress import report_progress
from sse_assets.orchestration.settings import Dataset, Settings
from sse_assets.prototypes.aflow import aflow_prototypes
from sse_assets.prototypes.left_out import left_out
from sse_assets.prototypes.stored_library import Library
from sse_assets.prototypes.structures import prototype_structures, read_prototypes

SCHEMA = "generated"
_CODE_VERSION = "2"
"""2: the library is stored, for formulas that are asked about."""


def prototype_assets(dataset: Dataset) -> list[dg.AssetsDefinition]:
    """Return the step that places compositions in known structure types."""
    references = ["raw.reference_structures"] if dataset is Dataset.OBELIX else []

    @dg.multi_asset(
        name="place_in_prototypes",
        ins=table_ins("curated.electrolytes", "curated.structures", *references),
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
        electrolytes: pd.DataFrame,
        structures: pd.DataFrame,
        **further: pd.DataFrame,
    ) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
        measured, unusable = read_prototypes(known_crystals(electrolytes, structures))
        references, unusable_references = read_prototypes(
            _references(further["reference_structures"], structures) if further else structures.iloc[:0]
        )
        unusable |= unusable_references
        library = Library.of([*measured, *references, *aflow_prototypes()])
        placed = prototype_structures(
            electrolytes[electrolytes["structure_path"].isna()],
            library.chooser,
            library.volumes,
            progress=report_progress(context.log, "prototypes, compositions"),
        )
        for path, cif in placed[["structure_path", "cif"]].dropna().itertuples(index=False):
            write_bytes(settings.blob_root / path, cif.encode())
        reasons = placed["reason_code"].value_counts()
        yield table_result(
            placed,
            "generated.prototypes",
            metadata={
                "prototypes_in_the_library": len(library.chooser.prototypes),
                "unusable_crystals": dg.MetadataValue.json(unusable),
                "with_a_structure": int(placed["cif"].notna().sum()),
                "trusted": int(placed["trusted"].sum()),
                **{f"not_trusted_{code}": int(count) for code, count in reasons.items()},
            },
        )
        yield table_result(library.table(), "generated.prototype_library")
        yield table_result(left_out(measured, library.chooser), "generated.prototypes_left_out")

    return [place_in_prototypes]


def known_crystals(electrolytes: pd.DataFrame, structures: pd.DataFrame) -> pd.DataFrame:
    """Return the crystals of the electrolytes as `read_prototypes` takes them."""
    return structures.merge(electrolytes[["electrolyte_id", "formula", "doi", "family"]], on="electrolyte_id")


def _references(reference_structures: pd.DataFrame, structures: pd.DataFrame) -> pd.DataFrame:
    """Return the computed crystals that no electrolyte has for its own."""
    others = ~reference_structures["structure_id"].isin(structures["structure_id"])
    return reference_structures[others].assign(doi=None, family=None)
