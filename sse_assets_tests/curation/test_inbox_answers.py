"""What became of each row of the inbox, whichever step decided it."""

import pandas as pd

from sse_assets.curation.electrolytes import curate_electrolytes
from sse_assets.curation.inbox_answers import inbox_answers, own_first, summaries
from sse_assets.curation.measurements import curate_measurements
from sse_assets.sources.inbox import InboxFile, read_inbox
from sse_assets.tables import curated

HEADER = "id,formula,conductivity_s_cm,a,b,c,alpha,beta,gamma,z,space_group\n"
CELL = ",10.0,10.0,10.0,90,90,90,4,F-43m\n"


def answers(**files: str) -> pd.DataFrame:
    """Take the files through every step that may refuse a row."""
    dropped = [InboxFile(f"{name}.csv", text.encode()) for name, text in files.items()]
    content = read_inbox(dropped)
    measurements, rejected = curate_measurements(content.measurements)
    made = curate_electrolytes(measurements, content.structures, {})
    everything = curated.REJECTED.frame(pd.concat([content.refused, rejected, made.rejected]))
    found = inbox_answers(content.measurements, content.refused, made.electrolytes, everything)
    curated.INBOX.check(found)
    return found


def test_each_file_is_answered_in_a_sentence() -> None:
    told = summaries(
        answers(
            good=HEADER + "a,Li6PS5Cl,1e-3" + CELL,
            mixed=HEADER + "b,Li6PS5Br,1e-3" + CELL + "c,NaCl,1e-5,,,,,,,,\n" + "d,Li6PS5I,0.5" + CELL,
            broken="id,formula\n",
        )
    )
    assert told[0].startswith("broken.csv: 1 refused: broken.csv lacks the column 'conductivity_s_cm'")
    assert told[1] == "good.csv: 1 accepted"
    assert told[2].startswith("mixed.csv: 1 accepted, 1 refused, 1 held back: c: NaCl holds no Li; d: ")


def test_of_two_rows_with_one_id_the_second_is_refused_and_the_first_is_not() -> None:
    row = "same,Li6PS5Cl,1e-3" + CELL
    found = answers(one=HEADER + row, two=HEADER + row)
    assert found[["file", "line", "outcome"]].to_numpy().tolist() == [
        ["one.csv", 2, "accepted"],
        ["two.csv", 2, "refused"],
    ]


def test_many_refusals_of_a_file_are_counted() -> None:
    rows = "".join(f"n{number},NaCl,1e-5,,,,,,,,\n" for number in range(9))
    (told,) = summaries(answers(many=HEADER + rows))
    assert told.startswith("many.csv: 9 refused: n0: ")
    assert told.endswith("; and 4 more, in curated.inbox")


def test_an_empty_inbox_has_no_answer() -> None:
    assert summaries(answers()) == []


def test_rows_of_ones_own_come_first() -> None:
    rejected = pd.DataFrame({"source": ["liion", "inbox", "obelix", "inbox"], "source_id": list("wxyz")})
    assert own_first(rejected)["source_id"].tolist() == ["x", "z", "w", "y"]
