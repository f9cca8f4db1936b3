"""Python, packages, environment, GPU, and ports."""

import difflib
import re
import socket
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from sse_assets.atomistics.compiler import has_compiler
from sse_assets.doctor.findings import Finding, broken, good, limited
from sse_assets.orchestration.settings import VARIABLES

_PYTHONS = ((3, 11), (3, 12))
_PACKAGES = (
    "chgnet",
    "dagster",
    "dagster-webserver",
    "duckdb",
    "numpy",
    "pandas",
    "pyarrow",
    "pymatgen",
    "pyzeo",
    "scikit-learn",
    "torch",
    "xgboost",
)
"""Packages whose version decides whether a run works, and which numbers it gives."""
_GPU_DEVICES = (Path("/dev/nvidiactl"), Path("/dev/dxg"), Path("/dev/kfd"))
"""Devices of which a driver for a GPU makes one; without any, torch is not imported, which takes seconds."""
_WITHOUT_GPU = "all of `make run`, searches of small cells, and the small language model"


def python(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    """Look whether CHGNet has wheels for this Python."""
    name = ".".join(map(str, version))
    if version in _PYTHONS:
        return good(f"Python {name}")
    return broken(
        f"Python {name} is neither 3.11 nor 3.12", "nothing", "make clean, and make with PYTHON=python3.11"
    )


def packages(constraints: Path) -> list[Finding]:
    """Look for packages that are missing or of another version than the pinned one."""
    pinned = _pinned(constraints)
    remedy = "pip install -c constraints.txt -e ."
    findings = []
    for name in _PACKAGES:
        try:
            version = metadata.version(name).partition("+")[0]
        except metadata.PackageNotFoundError:
            findings.append(broken(f"{name} is not installed", "what does not import it", remedy))
            continue
        if version != pinned.get(name, version):
            findings.append(
                limited(
                    f"{name} is {version}, not {pinned[name]} as it was tested with",
                    "probably everything, with other numbers perhaps",
                    remedy,
                )
            )
    compared = "as pinned" if pinned else "installed; no constraints.txt to compare their versions with"
    return findings or [good(f"{len(_PACKAGES)} packages that matter are {compared}")]


def _pinned(constraints: Path) -> dict[str, str]:
    if not constraints.is_file():
        return {}
    lines = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;+]+)", constraints.read_text(), flags=re.MULTILINE)
    return {name.lower().replace("_", "-"): version for name, version in lines}


def misspelt_variables(environment: Mapping[str, str]) -> list[Finding]:
    """Look for variables with almost the name of one of the project's, which would be silently ignored."""
    findings = []
    for name in sorted(environment):
        if name in VARIABLES or not name.startswith("SSE"):
            continue
        if meant := difflib.get_close_matches(name, VARIABLES, n=1, cutoff=0.85):
            findings.append(limited(f"{name} is set and means nothing", "the default", f"set {meant[0]}"))
    return findings


def gpu(devices: tuple[Path, ...] = _GPU_DEVICES) -> Finding:
    """Look whether torch can use a GPU, and how much of its memory is free."""
    if not any(device.exists() for device in devices):
        return limited(
            "there is no GPU driver on this machine",
            _WITHOUT_GPU,
            "for 7-8B language models and many searches, run those steps on a machine with a GPU",
        )
    import torch

    if not torch.cuda.is_available():
        cuda = torch.version.cuda
        build = f"was built for CUDA {cuda}" if cuda else "is a build without CUDA"
        return limited(
            f"there is a GPU driver, and torch {torch.__version__}, which {build}, cannot use it",
            _WITHOUT_GPU,
            "install a build of torch for the driver's CUDA",
        )
    free, total = torch.cuda.mem_get_info()
    others = f", the first of {torch.cuda.device_count()}" if torch.cuda.device_count() > 1 else ""
    memory = f"{free / 1e9:.0f} of {total / 1e9:.0f} GB of memory free"
    found = f"GPU: {torch.cuda.get_device_name()}{others}, {memory}"
    if not has_compiler():
        return limited(
            f"{found}; there is no compiler of C",
            "everything, CHGNet at a third of its speed",
            "install gcc and the headers of Python",
        )
    return good(found)


def port(number: int = 3000) -> Finding:
    """Look whether the web UI can open at a port."""
    if is_free(number):
        return good(f"port {number} is free for the web UI")
    return limited(
        f"port {number} is taken, by a web UI that is open already or by something else",
        "everything but `make ui`",
        'make ui ARGS="--port 3001"',
    )


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Return whether a server could listen at a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as a server does
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
