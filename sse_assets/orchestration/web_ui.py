"""Dagster's web UI and daemon, with the pages of a run beside the UI.

`python -m sse_assets.orchestration.web_ui` takes the arguments of `dagster dev`.
"""

import sys

from sse_assets.orchestration.dagster_internals import dev_with_web_server

if __name__ == "__main__":
    dev_with_web_server("sse_assets.orchestration.web_server", sys.argv[1:])
