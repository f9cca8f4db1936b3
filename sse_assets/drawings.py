"""PNGs of figures, each drawn once for its data.

Ground floor. A figure takes a tenth to a third of a second, and after a small change most of them show what
they showed before.
"""

import hashlib
import sys
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from sse_assets.kept import NOTHING_KEPT, Kept, versions


def png(
    draw: "partial[Figure]", save: Callable[[Figure], bytes], name: str, kept: Kept = NOTHING_KEPT
) -> bytes:
    """Return a figure as a PNG: the one that is kept under its name if it shows the same data, or a new one.

    The code counts as another if any module beside the function that draws, or the one that saves, changes.

    Args:
        draw: the function that draws, with its data as arguments; `sse_assets.kept` says what they may be.
        save: function from a figure to its PNG.
        name: name of the figure, which no other figure that is saved by `save` has.
        kept: store of the last PNG of each name.
    """
    saved_by = f"{save.__module__}.{save.__qualname__}"
    question = [
        versions("matplotlib", "numpy", "pandas"),
        [_code_beside(draw.func.__module__), draw.func.__qualname__, _code_beside(save.__module__)],
        [*draw.args],
        draw.keywords,
    ]
    drawn = kept.latest([saved_by, name], question, lambda: pd.DataFrame({"png": [save(draw())]}))
    return bytes(drawn["png"].item())


@cache
def _code_beside(module: str) -> str:
    """Return the hash of the sources in the folder of a module."""
    file = sys.modules[module].__file__
    assert file is not None  # it holds a function of ours
    sources = sorted(Path(file).parent.glob("*.py"))
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()
