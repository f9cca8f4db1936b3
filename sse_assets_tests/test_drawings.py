"""A figure is drawn again for other data, other code and another look, and for nothing less."""

import sys
from functools import partial
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
from matplotlib.figure import Figure

from sse_assets import drawings
from sse_assets.drawings import png
from sse_assets.kept import Kept

ROWS = pd.DataFrame({"x": [1.0, 2.0]})
MODULE = """
from matplotlib.figure import Figure

drawn = []

def draw(rows, title=""):
    drawn.append(title)
    figure = Figure()
    figure.add_subplot(title=title).plot(rows["x"])
    return figure
"""


def save(figure: Figure) -> bytes:
    return f"{len(figure.axes)} axes".encode()


def save_larger(figure: Figure) -> bytes:
    return f"{len(figure.axes)} large axes".encode()


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    (tmp_path / "figures_of_a_test.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "figures_of_a_test", raising=False)
    return __import__("figures_of_a_test")


def test_a_figure_is_drawn_once_for_its_data(module: ModuleType) -> None:
    files: dict[str, bytes] = {}
    kept = Kept(files.get, files.__setitem__)
    draws = [partial(module.draw, ROWS), partial(module.draw, ROWS.copy())]
    draws += [partial(module.draw, ROWS.head(1)), partial(module.draw, ROWS.head(1), title="titled")]
    assert {png(draw, save, "a name", kept) for draw in draws} == {b"1 axes"}
    assert len(module.drawn) == 3
    assert png(draws[-1], save_larger, "a name", kept) == b"1 large axes"
    png(draws[-1], save, "another name", kept)
    assert len(module.drawn) == 5
    assert len(files) == 3


def test_a_change_of_the_code_beside_it_draws_it_again(module: ModuleType, tmp_path: Path) -> None:
    files: dict[str, bytes] = {}
    kept = Kept(files.get, files.__setitem__)
    draw = partial(module.draw, ROWS)
    png(draw, save, "a name", kept)
    (tmp_path / "colours.py").write_text("RED = 1")
    drawings._code_beside.cache_clear()  # it is read once in a process
    png(draw, save, "a name", kept)
    assert len(module.drawn) == 2


def test_without_a_store_it_is_drawn_each_time(module: ModuleType) -> None:
    assert png(partial(module.draw, ROWS), save, "a name") == png(partial(module.draw, ROWS), save, "a name")
    assert len(module.drawn) == 2
