"""Assets that say what the answers rest on, and on which no answer depends.

They take long. `make run` makes them after the answers, the scores and the report, and then the report again.
"""

from collections.abc import Mapping

EVIDENCE: Mapping[str, str] = {"sse_assets/evidence": "yes"}
"""Tag of an asset that is made after the answers."""


def is_evidence(tags: Mapping[str, str]) -> bool:
    """Return whether an asset with these tags is made after the answers."""
    return EVIDENCE.items() <= tags.items()
