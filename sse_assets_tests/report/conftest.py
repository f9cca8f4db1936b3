"""The run in miniature, and what language models say of it."""

import pandas as pd
import pytest

from sse_assets_tests.miniature_run import Run, language_model_answers, miniature_run


@pytest.fixture(scope="session")
def run() -> Run:
    return miniature_run()


@pytest.fixture(scope="session")
def answers(run: Run) -> pd.DataFrame:
    return language_model_answers(run)
