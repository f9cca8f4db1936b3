"""Answers are found by the whole of their question, and by nothing less."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from sse_assets.kept import NOTHING_KEPT, Kept, content_key


@dataclass(frozen=True)
class Settings:
    rounds: int = 3


ROWS = pd.DataFrame({"x": [1.0, np.nan], "name": ["a", None]}, index=["e1", "e2"])
QUESTION = ["fit", {"library": "1"}, Settings(), ROWS, [1, None, True], ROWS["x"].to_numpy()]


def in_memory() -> tuple[Kept, dict[str, bytes]]:
    files: dict[str, bytes] = {}
    return Kept(files.get, files.__setitem__), files


@pytest.mark.parametrize(
    ("place", "other"),
    [
        (0, "fit 2"),
        (1, {"library": "2"}),
        (1, {"librar": "1"}),
        (2, Settings(4)),
        (3, ROWS.assign(x=[1.0, 0.0])),
        (3, ROWS.assign(name=["a", "b"])),
        (3, ROWS.set_axis(["e1", "e3"])),
        (3, ROWS.rename(columns={"x": "y"})),
        (3, ROWS.iloc[::-1]),
        (3, ROWS.head(1)),
        (4, [1, None, 1]),
        (4, [[1], None, True]),
        (4, [1.0, None, True]),
        (5, np.array([1.0, np.nan], dtype="float32")),
        (5, np.array([[1.0], [np.nan]])),
    ],
)
def test_another_part_is_another_question(place: int, other: object) -> None:
    question = [*QUESTION]
    assert content_key(question) == content_key([*QUESTION])
    question[place] = other
    assert content_key(question) != content_key(QUESTION)


def test_parts_do_not_run_into_one() -> None:
    assert content_key(["ab", "c"]) != content_key(["a", "bc"])
    assert content_key([["a"], "b"]) != content_key([["a", "b"]])


def test_what_has_no_known_content_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot hold object"):
        content_key([object()])


def test_an_answer_is_made_once_and_comes_back_as_it_was() -> None:
    kept, files = in_memory()
    answer = pd.DataFrame({"x": [0.1 + 0.2, np.nan], "name": ["ä", None], "n": [1, 2]})
    assert kept.get(QUESTION) is None
    pd.testing.assert_frame_equal(kept.frame(QUESTION, lambda: answer), answer)
    pd.testing.assert_frame_equal(kept.frame(QUESTION, pd.DataFrame), answer, check_exact=True)
    assert len(files) == 1


def test_answers_of_one_question_are_told_apart_by_name() -> None:
    kept, files = in_memory()
    two = [pd.DataFrame({"n": [number]}) for number in range(2)]
    for make in (lambda: two, list):
        found = kept.frames(QUESTION, ["one", "two"], make)
        assert [frame["n"].item() for frame in found] == [0, 1]
    files.popitem()
    assert [frame["n"].item() for frame in kept.frames(QUESTION, ["one", "two"], lambda: two)] == [0, 1]


def test_of_the_answers_under_a_name_the_last_is_kept() -> None:
    kept, files = in_memory()

    def ask(question: str, answer: int) -> int:
        return int(kept.latest(["a name"], [question], lambda: pd.DataFrame({"n": [answer]}))["n"].item())

    assert [ask("one", 1), ask("one", 2), ask("two", 3), ask("two", 4), ask("one", 5)] == [1, 1, 3, 3, 5]
    assert len(files) == 1
    assert kept.latest(["another"], ["one"], lambda: pd.DataFrame({"n": [6]})).columns.tolist() == ["n"]
    assert len(files) == 2


def test_a_store_that_keeps_nothing_asks_each_time() -> None:
    asked = [NOTHING_KEPT.frame(QUESTION, lambda n=n: pd.DataFrame({"n": [n]}))["n"].item() for n in (1, 2)]
    assert asked == [1, 2]
