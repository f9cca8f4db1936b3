"""Many small changes one after another: whether a home grows with its age, and a run with its home.

    python -m benchmarks.many_changes --changes 30
    python -m benchmarks.many_changes --changes 30 --home FOLDER --first 31    # goes on with a home

Each change adds, corrects or withdraws a row in the inbox of a home with the embedded sample, and a run with
small trees brings the home up to date. Models and kept answers are made older then, as if a day had passed: a
home forgets none of the last hour. What is printed should stay flat: processor time, most files that the run
has open at a time, number of files in the home, and room of its parts. The last two lines are means: of the
first tenth of the changes, and of the last.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import psutil

from sse_assets_tests.command_line import environment_of, small_run_config

_FORMULAS = ("Li6PS5Cl", "Li10GeP2S12", "Li3YCl6", "Li7La3Zr2O12", "Li3PS4")
_PARTS = ("blobs/tables", "blobs/models", "blobs/kept", "blobs", "dagster", ".")
_SECONDS_BETWEEN_LOOKS = 0.2
_DAY_S = 86_400.0


def main() -> None:
    """Print a line for the first run, and one for each change."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--changes", type=int, default=30)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--first", type=int, default=0, help="number of the first change; 0: none yet")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = given.home or Path(folder) / "home"
        (home / "inbox").mkdir(parents=True, exist_ok=True)
        config = small_run_config(Path(folder) / "small.yaml")
        print("change  CPU s  open  files" + "".join(f"{part:>13}" for part in _PARTS) + "  (MB)")
        measured = []
        for number in range(given.first, given.first + given.changes + 1):
            if number:
                _change(home / "inbox" / "lab.csv", number)
            seconds, most_open = _run(home, config)
            _a_day_passes(home / "blobs")
            n_files = sum(file.is_file() for file in home.rglob("*"))
            measured.append([seconds, most_open, n_files, *(_megabytes(home / part) for part in _PARTS)])
            print(_line(str(number), measured[-1]), flush=True)
        of_changes = measured[1:]
        tenth = max(1, len(of_changes) // 10)
        for name, part in (("first", of_changes[:tenth]), ("last", of_changes[-tenth:])):
            print(_line(name, [fmean(column) for column in zip(*part, strict=True)]))


def _change(file: Path, number: int) -> None:
    """Leave one to three rows: each is corrected, and one is new or gone since the last change."""
    rows = [
        f"row{n},{_FORMULAS[n]},{1e-4 * (1 + n + number / 1000):.4e},10.1/lab{n}"
        for n in range(number % 3 + 1)
    ]
    file.write_text("\n".join(["id,formula,conductivity_s_cm,conductivity_doi", *rows, ""]))


def _a_day_passes(blobs: Path) -> None:
    for file in (file for part in ("models", "kept") for file in (blobs / part).rglob("*")):
        used = file.stat().st_mtime - _DAY_S
        os.utime(file, (used, used))


def _run(home: Path, config: Path) -> tuple[float, int]:
    """Bring the home up to date; return the processor time in s, and the most files that were open."""
    command = [sys.executable, "-m", "sse_assets.cli", "run", "--config", str(config)]
    log = home.with_name("run.log")
    with log.open("w") as output:
        run = subprocess.Popen(command, env=environment_of(home), stdout=output, stderr=subprocess.STDOUT)
    process, seconds, most_open = psutil.Process(run.pid), 0.0, 0
    while run.poll() is None:
        try:
            used, n_open = process.cpu_times(), process.num_fds()
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            break
        seconds = used.user + used.system + used.children_user + used.children_system
        most_open = max(most_open, n_open)
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    if run.wait() or "inbox_rows_are_used" in log.read_text():  # each row should count
        raise SystemExit(log.read_text())
    return seconds, most_open


def _line(name: str, figures: Sequence[float]) -> str:
    seconds, most_open, n_files, *sizes = figures
    return f"{name:>6} {seconds:6.1f} {most_open:5.0f} {n_files:6.0f}" + "".join(f"{s:13.1f}" for s in sizes)


def _megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


if __name__ == "__main__":
    main()
