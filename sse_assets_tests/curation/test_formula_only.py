"""Every sound measurement trains something: the rows that only lack a cell are labelled too."""

import pandas as pd

from sse_assets.curation.electrolytes import curate_electrolytes
from sse_assets.curation.formula_only import formula_only
from sse_assets.curation.measurements import curate_measurements
from sse_assets.tables import curated
from sse_assets_tests.curation.rows import formula_only as row
from sse_assets_tests.curation.rows import frame, measurement, structure


def test_rows_that_only_lack_a_cell_are_labelled() -> None:
    reported = frame(
        measurement(),
        row(source_id="alone", formula="Li2O"),
        row(source_id="repeat", formula="Li3PS4"),
        row(source_id="glass", formula="Li3BO3", reported_family="glass"),
        row(source_id="hot", formula="LiF", temperature_c=300.0),
        row(source_id="unbalanced", formula="Li5O"),
        row(source_id="warm", formula="Li2O", temperature_c=30.0),
    )
    measurements, refused = curate_measurements(reported)
    joined = curate_electrolytes(measurements, pd.DataFrame(columns=list(structure())), {})
    rejected = pd.concat([refused, joined.rejected], ignore_index=True)
    labelled = formula_only(reported, rejected)
    curated.FORMULA_ONLY.check(labelled)
    assert labelled["source_id"].tolist() == ["alone", "repeat", "glass"]
    assert not set(labelled["electrolyte_id"]) & set(joined.electrolytes["electrolyte_id"])
    told = rejected.set_index("source_id").loc[["alone", "glass"], "reason"]
    assert told.str.endswith("it trains the models that need no cell").all()
