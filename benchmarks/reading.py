"""How long the crystals of a folder or an archive of CIFs take to read.

    python benchmarks/reading.py ../shared/data/obelix/all_cifs.tar.gz

Runs in any version of the project. The times of two versions tell something only on the same quiet machine.
"""

import argparse
import time
from pathlib import Path

from sse_assets.materials.crystal import CifError, read_cif
from sse_assets.sources.archives import read_members

REPEATS = 3


def main() -> None:
    """Print the CPU seconds of the fastest of several readings, and of the first, which fills caches."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cifs", type=Path, help="folder with CIFs, or tar archive of them")
    cifs = _texts(parser.parse_args().cifs)
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        refused = _read_all(cifs)
        seconds.append(time.process_time() - start)
    print(
        f"{len(cifs)} CIFs, {refused} refused: {min(seconds):.2f} s, "
        f"{1000 * min(seconds) / len(cifs):.1f} ms each; the first reading {seconds[0]:.2f} s"
    )


def _texts(place: Path) -> list[str]:
    if place.is_dir():
        contents = [file.read_bytes() for file in sorted(place.glob("*.cif"))]
    else:
        contents = [content for name, content in read_members(place).items() if name.endswith(".cif")]
    return [content.decode("utf-8", errors="replace") for content in contents]


def _read_all(cifs: list[str]) -> int:
    """Read them all, and return how many are refused."""
    refused = 0
    for cif in cifs:
        try:
            read_cif(cif)
        except CifError:
            refused += 1
    return refused


if __name__ == "__main__":
    main()
