"""What may lie in an inbox, and what becomes of it."""

import csv
import io
import stat
import zipfile
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sse_assets.curation.electrolytes import curate_electrolytes
from sse_assets.curation.measurements import curate_measurements
from sse_assets.materials.plain_text import has_control_characters, is_command
from sse_assets.sources import archives
from sse_assets.sources.inbox import MAX_CIF_BYTES, InboxContent, InboxFile, read_inbox
from sse_assets.tables import raw
from sse_assets_tests.memory import measured

SAMPLE = files("sse_assets.sources") / "sample_data"
CIF = (SAMPLE / "structures" / "lgps.cif").read_bytes()
CELL = "a,b,c,alpha,beta,gamma"
GOOD = "id,formula,conductivity_s_cm,structure\nours,Li10GeP2S12,1.2E-02,lgps.cif\n"


def inbox(**contents: str | bytes) -> InboxContent:
    """Read files by name; `__` stands for a dot, `___` for a slash."""
    return read_inbox(
        InboxFile(name.replace("___", "/").replace("__", "."), c.encode() if isinstance(c, str) else c)
        for name, c in contents.items()
    )


def reasons(content: InboxContent) -> str:
    return "\n".join(content.refused["reason"])


def zipped(**members: str | bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return packed.getvalue()


def test_a_row_with_its_crystal_becomes_an_electrolyte() -> None:
    content = inbox(lab__csv=GOOD, lgps__cif=CIF)
    assert content.refused.empty
    accepted, rejected = curate_measurements(content.measurements)
    assert rejected.empty
    curated = curate_electrolytes(accepted, content.structures, {})
    (row,) = curated.electrolytes.to_dict("records")
    assert (row["electrolyte_id"], row["structure_origin"]) == ("inbox:ours", "inbox")
    assert row["sigma_s_cm"] == 1.2e-2
    assert row["a"] > 8  # from the CIF, as the table gives no cell


def test_the_samples_own_table_is_accepted_row_by_row() -> None:
    folder = {f"structures/{f.name}": f.read_bytes() for f in (SAMPLE / "structures").iterdir()}
    table = (SAMPLE / "electrolytes.csv").read_text()
    content = read_inbox(
        [InboxFile("t.csv", table.encode())] + [InboxFile(path[11:], data) for path, data in folder.items()]
    )
    assert content.refused.empty, reasons(content)
    assert len(content.measurements) == len(table.splitlines()) - 1
    assert len(content.structures) == len(folder)


def test_an_empty_inbox_gives_empty_tables() -> None:
    content = inbox()
    assert list(content.measurements.columns) == raw.INBOX_MEASUREMENTS.names
    assert list(content.structures.columns) == raw.INBOX_STRUCTURES.names
    assert content.measurements.empty
    assert content.refused.empty


def test_a_zip_is_a_folder() -> None:
    content = inbox(lab__zip=zipped(lab__csv=GOOD, lgps__cif=CIF, __DS_Store=b"x"))
    assert content.measurements["source_id"].tolist() == ["ours"]
    assert content.structures["source_id"].tolist() == ["ours"]
    assert content.refused.empty


def test_what_a_spreadsheet_writes_is_read() -> None:
    content = inbox(lab__csv=b"\xef\xbb\xbf" + b'"id","formula","conductivity_s_cm"\r\nx,Li3PS4,<1E-10\r\n')
    assert content.measurements["reported_conductivity"].tolist() == ["<1E-10"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",Li3PS4,1E-4,,", "lab.csv, line 2: id is blank"),
        ("x,,1E-4,,", "formula is blank"),
        ("x,Li3PS4,,,", "conductivity_s_cm is blank"),
        ("x,Li3PS4,1E-4,25,,a,b", "there are 7 cells under 5 columns"),
        ("x,Li3PS4,1E-4,warm,", "temperature_c is 'warm' and should be a number or blank"),
        ("x,Li3PS4,1E-4,inf,", "temperature_c is 'inf'"),
        ('x,"=HYPERLINK(""http://evil"",""x"")",1E-4,,', "a spreadsheet would take for a command"),
        ("\"=cmd|' /C calc'!A0\",Li3PS4,1E-4,,", "a spreadsheet would take for a command"),
        ("x,@SUM(1),1E-4,,", "a spreadsheet would take for a command"),
        ("x,Li3PS4,=1+1,,", 'conductivity_s_cm is "\'=1+1"'),
        ('"x\ny",Li3PS4,1E-4,,', "id is 'x y' and holds a line break"),
        (f"{'x' * 101},Li3PS4,1E-4,,", "the id has 101 characters"),
        (f"{'µ' * 90},Li3PS4,1E-4,,", "is too long for the name of a file"),
        ("x,\t=1+1,1E-4,,", "holds a line break or control character"),
        ("x,＝1+1,1E-4,,", "a spreadsheet would take for a command"),
        ("x,Li3PS4,1E-4,,absent.cif", "there is no absent.cif: add it, or leave its cell `structure` empty"),
        ("x,Li3PS4,1E-4,,../secret.cif", "leads out of the folder"),
        ("x,Li3PS4,1E-4,,/etc/passwd", "leads out of the folder"),
        ("x,Li3PS4,1E-4,,lab.csv", "lab.csv is not a .cif file"),
        ("x,Li3PS4,1E-4,,huge.cif", f"huge.cif has {MAX_CIF_BYTES + 1} bytes"),
    ],
)
def test_a_row_that_cannot_be_used_costs_itself_and_says_why(row: str, reason: str) -> None:
    table = f"id,formula,conductivity_s_cm,temperature_c,structure\n{row}\nfine,Li3PS4,1E-4,25,\n"
    content = inbox(lab__csv=table, huge__cif=b"x" * (MAX_CIF_BYTES + 1))
    assert content.measurements["source_id"].tolist() == ["fine"]
    assert content.structures.empty
    assert reason in reasons(content)
    for text in (content.refused["source_id"], content.refused["formula"]):
        assert not text.str.startswith(("=", "+", "-", "@")).any()


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (b"", "lab.csv lacks the column 'id'"),
        (b'id,formula,conductivity_s_cm\n"x,Li3PS4,1\n', "is not a CSV table in UTF-8 (unexpected end"),
        (b"id,id,formula,conductivity_s_cm\nx,y,Li3PS4,1\n", "has the column 'id' twice"),
        (b"id;formula;conductivity_s_cm\nx;Li3PS4;1\n", "lacks the column 'id': the columns are id, formula"),
        (b"id,formula\nx,Li3PS4\n", "lacks the column 'conductivity_s_cm'"),
        (b"id,formula,conductivity_s_cm,temperture_c\nx,Li3PS4,1,300\n", "has a column 'temperture_c'"),
        ("id,formula,conductivity_s_cm\nµ,Li3PS4,1\n".encode("latin-1"), "is not a CSV table in UTF-8"),
        (b"\x00\x01\x02", "lab.csv"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_costs_no_other(file: bytes, reason: str) -> None:
    content = inbox(lab__csv=file, other__csv="id,formula,conductivity_s_cm\nfine,Li3PS4,1E-4\n")
    assert content.measurements["source_id"].tolist() == ["fine"]
    assert reason in reasons(content)


def test_a_space_group_is_kept_as_its_standard_symbol_or_costs_its_row() -> None:
    written = {
        "one": "P 1 21/n 1",
        "two": "216.0",
        "three": "R -3 c H",
        "four": "Fd-3mZ",
        "five": "cubic",
        "six": "",
    }
    lines = "".join(f"{name},Li3PS4,1E-4,{text}\n" for name, text in written.items())
    content = inbox(lab__csv=f"id,formula,conductivity_s_cm,space_group\n{lines}")
    found = content.measurements.set_index("source_id")["space_group"]
    assert found.dropna().to_dict() == {"one": "P21/c", "two": "F-43m", "three": "R-3c", "four": "Fd-3m"}
    assert "six" in found.index
    assert "line 6: space_group: 'cubic' names no space group: write" in reasons(content)


def test_an_id_stands_for_one_measurement_in_the_whole_inbox() -> None:
    table = "id,formula,conductivity_s_cm\nx,Li3PS4,{}\n"
    content = inbox(b__csv=table.format("2e-4"), a__csv=table.format("1e-4"))
    assert content.measurements["reported_conductivity"].tolist() == ["1e-4"]
    assert reasons(content) == "b.csv, line 2: the id 'x' is already in a.csv, line 2"


def test_what_nobody_asked_for_is_named() -> None:
    content = inbox(lost__cif=CIF, notes__docx=b"PK")
    assert "lost.cif: no row names it" in reasons(content)
    assert "notes.docx is neither CSV, CIF nor zip" in reasons(content)


def test_what_must_not_be_read_is_refused_with_the_reason_it_came_with() -> None:
    content = read_inbox([InboxFile("link.csv", None, "is a link: put the file itself here")])
    assert reasons(content) == "link.csv is a link: put the file itself here"


def evil_zip(
    name: str, mode: int = stat.S_IFREG, size: int = 1, times: int = 1, method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("lab.csv", GOOD)
        for _ in range(times):
            member = zipfile.ZipInfo(name)
            member.external_attr = (mode | 0o644) << 16
            archive.writestr(member, b"x" * size, method)
    return packed.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (evil_zip("../../lgps.cif"), "points outside the archive"),
        (evil_zip("/etc/lgps.cif"), "points outside the archive"),
        (evil_zip("..\\..\\lgps.cif"), "is a link or a device"),
        (evil_zip("lgps.cif", stat.S_IFLNK), "is a link or a device"),
        (evil_zip("lgps.cif", times=2), "comes twice"),
        (evil_zip("lgps.cif", size=archives.MAX_MEMBER_BYTES + 1), "more than"),
        (evil_zip("lgps.cif", method=zipfile.ZIP_LZMA), "is packed by another method than deflate"),
        (evil_zip("lgps.cif", method=zipfile.ZIP_BZIP2), "is packed by another method than deflate"),
        (evil_zip("lgps.cif")[:-30], "is not a zip archive that can be read"),
        (b"PK\x03\x04 no archive", "is not a zip archive that can be read"),
    ],
)
def test_an_unsafe_archive_is_refused_as_a_whole(archive: bytes, reason: str) -> None:
    content = read_inbox([InboxFile("lab.zip", archive)])
    assert content.measurements.empty
    assert "lab.zip" in reasons(content)
    assert reason in reasons(content)


def test_a_bomb_of_many_members_is_not_unpacked_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_TOTAL_BYTES", 3 * archives.MAX_MEMBER_BYTES)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            archive.writestr(f"{number}.cif", bytes(archives.MAX_MEMBER_BYTES))
    bomb = packed.getvalue()
    assert len(bomb) < 1e6
    content, peak = measured(lambda: read_inbox([InboxFile("lab.zip", bomb)]))
    assert "brings the contents over" in reasons(content)
    assert peak < 5e6


def test_no_more_is_unpacked_of_a_member_than_the_size_that_it_states() -> None:
    bomb = evil_zip("lgps.cif", size=2**22)
    lying = bomb.replace((2**22).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert lying != bomb
    content, peak = measured(lambda: read_inbox([InboxFile("lab.zip", lying)]))
    assert "is not a zip archive that can be read (Bad CRC-32" in reasons(content)
    assert peak < 1e6


_CELLS = st.one_of(
    st.text(max_size=20),
    st.text("LiNaPSO()[]0123456789.*·eE-+=@<>%\t\r\n'\"\\/", max_size=40),
    st.sampled_from(["Li3PS4", "1E-4", "25", "lgps.cif", "../lgps.cif", "", "=1+1", "x" * 5000]),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(_CELLS, min_size=5, max_size=5), min_size=4, max_size=8))
def test_no_cell_stops_the_inbox_or_reaches_a_table_as_a_command(lines: list[list[str]]) -> None:
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerows([["id", "formula", "conductivity_s_cm", "temperature_c", "structure"], *lines])
    content = read_inbox([InboxFile("lab.csv", table.getvalue().encode()), InboxFile("lgps.cif", CIF)])
    accepted, rejected = curate_measurements(content.measurements)
    curated = curate_electrolytes(accepted, content.structures, {})
    for frame in (content.measurements, content.refused, rejected, curated.electrolytes):
        for text in frame.select_dtypes("str").stack().dropna():
            assert not is_command(text), text
            assert not has_control_characters(text), text
    for path in curated.structures["structure_path"]:
        folder, origin, name = path.split("/")
        assert (folder, origin) == ("structures", "inbox")
        assert len(name.encode()) < 255


def test_a_zip_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_TOTAL_BYTES", 1000)
    content = read_inbox([InboxFile("lab.zip", evil_zip("lgps.cif", size=2000))])
    assert "brings the contents over 1000 bytes" in reasons(content)


def test_a_cif_in_utf_16_is_decoded_and_one_that_is_no_text_refused() -> None:
    wide = inbox(lab__csv=GOOD, lgps__cif=CIF.decode().encode("utf-16"))
    assert wide.structures["cif"].item() == CIF.decode()
    packed = inbox(lab__csv=GOOD, lgps__cif=b"\x1f\x8b\x08\x00" + bytes(100))
    assert packed.measurements.empty
    assert "lgps.cif: the CIF is no text but binary" in reasons(packed)
