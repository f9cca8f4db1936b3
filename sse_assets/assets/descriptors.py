"""Group `descriptors`: what the models see of a composition and its crystal."""

import os
from collections.abc import Iterator

import dagster as dg
import pandas as pd
from pydantic import Field

from sse_assets.descriptors.geometric import geometric
from sse_assets.descriptors.pores import PoreSettings
from sse_assets.descriptors.stoichiometric import stoichiometric
from sse_assets.descriptors.symmetry_and_disorder import symmetry_and_disorder
from sse_assets.language_models.prompts import SYSTEM_PROMPT, prompt_table
from sse_assets.orchestration.io import table_out, table_result
from sse_assets.orchestration.progress import report_progress

GROUP = "descriptors"
_CODE_VERSION = "2"
_DEFAULTS = PoreSettings()
_ELECTROLYTES = dg.AssetIn(["curated", "electrolytes"])


class PoreConfig(dg.Config):
    """How Zeo++ probes the void of a crystal; the paper gives no radius."""

    probe_radius_a: float = Field(_DEFAULTS.probe_radius_a, description="Radius of the probe in Å.")
    lithium_removed: bool = Field(
        _DEFAULTS.lithium_removed, description="Probe the framework alone, without the mobile Li."
    )
    n_samples: int = Field(_DEFAULTS.n_samples, description="Random points in each cell.")
    time_limit_s: float = Field(_DEFAULTS.time_limit_s, description="Longest run of Zeo++ in seconds.")


@dg.asset(
    key=[GROUP, "stoichiometric"],
    ins={"electrolytes": _ELECTROLYTES},
    group_name=GROUP,
    description="Atomic fraction of each element.",
    kinds={"table"},
    code_version=_CODE_VERSION,
)
def stoichiometric_descriptors(electrolytes: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
    """One column an element."""
    return table_result(stoichiometric(electrolytes))


@dg.multi_asset(
    name="describe_crystals",
    ins={"electrolytes": _ELECTROLYTES, "structures": dg.AssetIn(["curated", "structures"])},
    outs={
        name: table_out(GROUP, name, description, code_version=_CODE_VERSION, kind=kind)
        for name, kind, description in [
            ("geometric", "zeo", "Unit cell (Å), density (g/cm³) and void volumes (cm³/g, Zeo++)."),
            ("symmetry_and_disorder", "table", "Space group, point group and shared or partly empty sites."),
            ("failures", "table", "Descriptors that could not be computed, each with its reason."),
        ]
    },
)
def crystal_descriptors(
    context: dg.AssetExecutionContext,
    config: PoreConfig,
    electrolytes: pd.DataFrame,
    structures: pd.DataFrame,
) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
    """Describe every crystal; one that cannot be described costs its own values and a line in `failures`."""
    geometry, geometric_failures = geometric(
        electrolytes,
        structures,
        PoreSettings(**config.model_dump()),
        workers=os.cpu_count() or 1,
        progress=report_progress(context.log, "pore volumes, runs of Zeo++"),
    )
    yield table_result(
        geometry,
        key=dg.AssetKey([GROUP, "geometric"]),
        metadata={"with_pore_volume": int(geometry["poav_cm3_g"].notna().sum())},
    )
    symmetry, symmetry_failures = symmetry_and_disorder(electrolytes, structures)
    yield table_result(symmetry, key=dg.AssetKey([GROUP, "symmetry_and_disorder"]))
    failures = pd.concat([geometric_failures, symmetry_failures], ignore_index=True).drop_duplicates()
    yield table_result(failures, key=dg.AssetKey([GROUP, "failures"]))


@dg.asset(
    key=[GROUP, "prompts"],
    ins={"electrolytes": _ELECTROLYTES},
    group_name=GROUP,
    description="What a language model reads and should answer, in the paper's four cases (Tables 3 and 4).",
    kinds={"text"},
    code_version=_CODE_VERSION,
)
def language_model_prompts(electrolytes: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
    """Every prompt beside its labels, or what is missing for it."""
    table = prompt_table(electrolytes)
    written = table.dropna(subset="prompt").groupby("case").size()
    return table_result(
        table,
        metadata={
            "system_prompt": SYSTEM_PROMPT,
            **{f"prompts_{case}": int(count) for case, count in written.items()},
        },
    )


descriptor_assets = [stoichiometric_descriptors, crystal_descriptors, language_model_prompts]
