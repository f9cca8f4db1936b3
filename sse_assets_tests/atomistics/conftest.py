"""One thread on any machine, for two test processes on two cores."""

import os

import pytest

os.environ["OMP_NUM_THREADS"] = "1"  # for the processes that the tests start

torch = pytest.importorskip("torch", reason="needs torch and CHGNet")
pytest.importorskip("chgnet", reason="needs torch and CHGNet")

from sse_assets.atomistics.potential import ChgnetPotential  # noqa: E402


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="package")
def chgnet() -> ChgnetPotential:
    return ChgnetPotential()
