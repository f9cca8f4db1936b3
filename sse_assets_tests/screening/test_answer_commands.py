"""`sse-assets predict` and `structure`: the command line as another door to the same answers."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from rich.console import Console
from upath import UPath

from sse_assets.cli import main
from sse_assets.materials.formula import composition_key, parse_composition
from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets.screening import Predictor
from sse_assets.screening.terminal import print_answers
from sse_assets.tables import curated, generated
from sse_assets_tests.command_line import environment_of, sse_assets
from sse_assets_tests.screening.stored import ROCK_SALT


def call(home: Path, *arguments: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=stdin, env={"SSE_HOME": str(home)})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.cif").write_text(ROCK_SALT)
    (tmp_path / "bad.cif").write_text("no crystal")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["LiCl"], 0),
        (["--formula", "LiCl"], 0),
        (["--formula", "LiCl", "--cif", "good.cif"], 0),
        (["LiCl", "good.cif", "Li2O"], 0),
        (["LiCl", "NaCl"], 1),
        (["."], 1),
        (["NaCl"], 2),
        (["NaCl", "--anyway"], 0),
        (["bad.cif", "--anyway"], 2),
        ([], 2),
        (["LiCl", "--model", "nobody"], 2),
        (["LiCl", "--output", "x.txt"], 2),
        (["--input", "nothing.csv"], 2),
    ],
)
def test_the_exit_code_says_what_was_answered(
    home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], exit_code: int
) -> None:
    monkeypatch.chdir(folder)
    result = call(home, "predict", *arguments)
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output


def test_every_door_gives_the_same_number(home: Path, folder: Path) -> None:
    cif = folder / "good.cif"
    frame = Predictor.load(home).predict(["LiCl", cif]).to_frame()
    printed = call(home, "predict", "LiCl", str(cif), "--json")
    of_json = [json.loads(line)["prediction"] for line in printed.output.splitlines()]
    assert [one["log10_sigma"] for one in of_json] == pytest.approx(list(frame["log10_sigma"]), abs=1e-9)
    table = folder / "candidates.csv"
    pd.DataFrame({"formula": ["LiCl", ""], "structure": ["", "good.cif"]}).to_csv(table, index=False)
    result = call(home, "predict", "--input", str(table), "--output", str(folder / "out.parquet"))
    assert result.exit_code == 0, result.output
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "out.parquet"), frame, rtol=0, atol=1e-9)
    piped = call(home, "predict", "--input", "-", "--output", "-", stdin="formula\nLiCl\n")
    assert piped.stdout.splitlines()[1].startswith("LiCl,LiCl,")


def test_plain_lines_where_they_are_piped_and_a_panel_in_a_terminal(home: Path) -> None:
    piped = sse_assets(home, "predict", "LiCl", "NaCl", COLUMNS="40")
    first = piped.output.splitlines()[0]
    assert first.startswith("LiCl: log10(σ / (S/cm)) = -")
    assert "NaCl: not answered: NaCl holds no Li" in piped.output
    assert "\x1b" not in piped.output
    answers = Predictor.load(home).predict(["LiCl", "NaCl"])
    for shown in (answers[:1], answers, answers[1:]):
        console = Console(force_terminal=True, width=150, record=True, file=io.StringIO())
        print_answers(shown, console)
        text = console.export_text()
        assert ("mS/cm" in text) == (shown[0].prediction is not None)
        assert ("not answered: NaCl holds no Li" in text) == any(one.refused for one in shown)
        assert ("told the composition alone" in " ".join(text.split())) == (len(shown) == 2)


def test_markup_in_a_name_is_text(home: Path, folder: Path) -> None:
    (folder / "[red]x[_red].cif").write_text(ROCK_SALT)
    (answer,) = Predictor.load(home).predict(folder / "[red]x[_red].cif")
    console = Console(force_terminal=True, width=150, record=True, file=io.StringIO())
    print_answers([answer, answer], console)
    print_answers([answer], console)
    assert console.export_text().count("[red]x[_red].cif") == 3


def test_an_answer_needs_none_of_the_slow_packages(home: Path) -> None:
    code = (
        "import sys; from click.testing import CliRunner; from sse_assets.cli import main\n"
        "result = CliRunner().invoke(main, ['predict', 'LiCl'])\n"
        "slow = 'dagster sklearn xgboost torch matplotlib pandera duckdb scipy.stats'\n"
        "print(result.exit_code, *[name for name in slow.split() if name in sys.modules])"
    )
    called = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment_of(home)
    )
    assert called.stdout.split() == ["0"]


def test_the_structure_that_would_be_used_is_the_measured_one(home: Path, tmp_path: Path) -> None:
    own = tmp_path / "home"
    store = TableStore(UPath(own / "blobs"))
    original = TableStore(UPath(home / "blobs"))
    store.write(TableKey("curated", "electrolytes"), original.read(TableKey("curated", "electrolytes")))
    known = [
        {
            "electrolyte_id": "x:LiCl",
            "structure_origin": "obelix",
            "structure_id": "obelix:1",
            "cif": ROCK_SALT,
        }
    ]
    store.write(TableKey("curated", "structures"), curated.STRUCTURES.frame(known))
    computed = {"origin": "oqmd", "structure_id": "oqmd:7", "formula": "LiCl", "cif": "computed"}
    store.write(
        TableKey("raw", "reference_structures"), pd.DataFrame([computed, computed | {"formula": "x"}])
    )
    prototype = {
        "formula": "LiCl",
        "structure_origin": "prototype",
        "structure_id": "prototype:1",
        "cif": "inferred",
        "trusted": False,
        "parent_formula": "NaCl",
        "cost_per_anion": 1.234,
        "reason": "it costs too much",
    }
    table = generated.PROTOTYPES.frame([prototype])
    store.write(TableKey("generated", "prototypes"), table)
    key = composition_key(parse_composition("LiCl"))
    searched = {
        "composition_key": key,
        "measured_formula": "LiCl",
        "formula": "LiCl",
        "valid": True,
        "cif": "s",
    }
    lost = searched | {"formula": "Li2Cl2", "valid": False, "cif": None}
    store.write(TableKey("generated", "structures"), generated.STRUCTURES.frame([searched, lost]))
    result = call(own, "structure", "Cl2Li2", "--output", str(tmp_path / "x.cif"))
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0].startswith("used: obelix:1 (LiCl); measured: ")
    assert lines[1].startswith("also known: oqmd:7 (LiCl); computed: ")
    assert lines[2].startswith("also known: generated:LiCl (LiCl); guessed: ")
    assert lines[3].startswith("also known: prototype:1 (LiCl); inferred: ")
    assert lines[3].endswith(", that of NaCl, at a cost of 1.23; not trusted, it costs too much")
    assert (tmp_path / "x.cif").read_text() == ROCK_SALT
    for formula, words in (("Li2O", "no structure of Li2O is stored"), ("pasta", "cannot read the formula")):
        refused = call(own, "structure", formula)
        assert refused.exit_code == 2
        assert words in refused.output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_of_a_shell_names_the_command(home: Path, shell: str) -> None:
    result = call(home, "completion", shell)
    assert result.exit_code == 0, result.output
    assert "_SSE_ASSETS_COMPLETE" in result.output


def test_a_long_list_shows_its_progress_to_a_person_alone(home: Path, tmp_path: Path) -> None:
    (tmp_path / "many.csv").write_text("formula\n" + "NaCl\n" * 300)
    command = [
        sys.executable,
        "-m",
        "sse_assets.cli",
        "predict",
        "--input",
        "many.csv",
        "--output",
        "said.csv",
    ]
    ours, theirs = os.openpty()
    environment = environment_of(home, TERM="xterm", COLUMNS="100")
    seen = subprocess.run(command, env=environment, cwd=tmp_path, stderr=theirs, check=False)
    os.close(theirs)
    assert seen.returncode == 2
    assert "materials answered" in os.read(ours, 100_000).decode()
    os.close(ours)
    piped = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert piped.stderr == "0 of 300 materials were answered; see said.csv\n"
    assert piped.stdout == ""
