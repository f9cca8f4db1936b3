"""The notebook of docs/ is run, so that it does not go out of date."""

import json
import subprocess
import sys
from pathlib import Path

from sse_assets_tests.command_line import environment_of
from sse_assets_tests.conftest import REPOSITORY


def test_the_cells_of_the_notebook_run_one_after_the_other(home: Path, tmp_path: Path) -> None:
    (tmp_path / ".sse").symlink_to(home)
    cells = json.loads((REPOSITORY / "docs" / "asking.ipynb").read_text())["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert len(code) == 5
    called = subprocess.run(
        [sys.executable, "-c", "\n".join(code)],
        cwd=tmp_path,
        env=environment_of(home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert called.returncode == 0, called.stderr
    assert "NaCl holds no Li" in called.stdout
