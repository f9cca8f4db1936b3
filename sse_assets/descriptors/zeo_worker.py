"""The process that Zeo++ runs in, so that its crash, endless loop or printing harms nobody else.

`python -m sse_assets.descriptors.zeo_worker FOLDER` says `{}` when it is ready, then reads one request a line
from standard input and answers each with one line on standard output, all of them JSON. A request holds `cif`
(a P1 CIF without occupancies), `probe_radius_a` (Å), `n_samples` and `time_limit_s`; an answer holds
`accessible` and `inaccessible`, the sampled fractions of the cell's volume, or `error`. The CIF that Zeo++
wants on disk is written to FOLDER.

Nothing here may import the rest of the project: a replacement for a killed worker should start at once.
"""

import json
import os
import re
import signal
import sys
from pathlib import Path

from pyzeo.extension import AtomNetwork, volume

_FIELD = re.compile(r"(\S+): +(\S+)")


def main(folder: Path) -> None:
    """Answer requests until standard input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    _silence_c_output()
    cif_path = folder / f"{os.getpid()}.cif"
    print("{}", file=answers)
    for line in sys.stdin:
        request = json.loads(line)
        # Unhandled, SIGALRM ends the process even inside Zeo++'s C code, and even if nobody waits any more.
        signal.setitimer(signal.ITIMER_REAL, request["time_limit_s"])
        answer = _sample(request, cif_path)
        signal.setitimer(signal.ITIMER_REAL, 0)
        print(json.dumps(answer), file=answers)


def _sample(request: dict, cif_path: Path) -> dict[str, float | str]:
    cif_path.write_text(request["cif"])
    try:
        atoms = AtomNetwork.read_from_CIF(str(cif_path))
    except OSError:
        return {"error": "Zeo++ cannot read the P1 copy of the structure"}
    radius = request["probe_radius_a"]
    report = volume(atoms, channel_radius=radius, probe_radius=radius, mc_sampling_no=request["n_samples"])
    fields = dict(_FIELD.findall(report.decode()))
    return {
        "accessible": float(fields["AV_Volume_fraction"]),
        "inaccessible": float(fields["NAV_Volume_fraction"]),
    }


def _silence_c_output() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.dup2(nowhere, sys.stderr.fileno())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
