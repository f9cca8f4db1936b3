"""Compiler of C, without which Triton makes no operations for a GPU; this module imports no torch."""

import shutil


def has_compiler() -> bool:
    """Return whether one is on the path, by the names that Triton looks for."""
    return any(map(shutil.which, ("cc", "gcc", "clang")))
