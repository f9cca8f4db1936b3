"""Zeo++ itself, for a process that it may crash, hang or print in (`sse_assets.processes`).

Nothing here imports the rest of the project: a replacement for a process that was lost should start at once.
"""

import os
import re
from pathlib import Path

from pyzeo.extension import AtomNetwork, volume

_FIELD = re.compile(r"(\S+): +(\S+)")


def sampled_void(cif: str, probe_radius_a: float, n_samples: int, folder: str) -> tuple[float, float] | None:
    """Drop a probe's centre at random points of a cell.

    Args:
        cif: P1, without occupancies.
        probe_radius_a: radius of the probe in Å.
        n_samples: random points.
        folder: gets the CIF, which Zeo++ wants on disk.

    Returns:
        The accessible and the inaccessible void as fractions of the cell's volume; None if Zeo++ cannot read
        the CIF.
    """
    path = Path(folder, f"{os.getpid()}.cif")
    path.write_text(cif)
    try:
        atoms = AtomNetwork.read_from_CIF(str(path))
    except OSError:
        return None
    report = volume(
        atoms, channel_radius=probe_radius_a, probe_radius=probe_radius_a, mc_sampling_no=n_samples
    )
    fields = dict(_FIELD.findall(report.decode()))
    return float(fields["AV_Volume_fraction"]), float(fields["NAV_Volume_fraction"])
