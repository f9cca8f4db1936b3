"""One thread, whatever the machine: two test processes on two cores."""

import os

import pytest

os.environ["OMP_NUM_THREADS"] = "1"  # for the processes that the tests start

torch = pytest.importorskip("torch", reason="needs torch and CHGNet")
for needed in ("chgnet", "ase_ga", "pyxtal"):
    pytest.importorskip(needed, reason="needs torch and CHGNet")


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
