"""Pages that a run writes, and the addresses at which the web UI shows them."""

import dagster as dg

ADDRESS = "/pages"
"""Path of the web server below which the pages stand."""
REPORT, SCREENING = "report.html", "screening.html"
"""Names of the pages, in the folder of the report."""


def page_link(name: str) -> dg.UrlMetadataValue:
    """Return a link from an asset to its page, on whatever host and port the UI is open."""
    return dg.MetadataValue.url(f"{ADDRESS}/{name}")
