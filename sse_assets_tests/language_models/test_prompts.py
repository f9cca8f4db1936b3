import tarfile
from pathlib import Path

import pandas as pd
import pytest

from sse_assets.language_models.prompts import SYSTEM_PROMPT, label_text, prompt_table, user_prompt
from sse_assets.materials.crystal import read_cif
from sse_assets.materials.disorder import disorder_class
from sse_assets.materials.symmetry import detected_space_group
from sse_assets.tables.names import PromptCase

TABLE_3_SYSTEM_PROMPT = """\
You are a domain expert in materials science specializing in ionic transport. Your task is to predict the \
logarithm (base-10) of the ionic conductivity of a solid electrolyte. You will be given the material's \
chemical formula and property description. Output ONLY a single numeric value (the predicted \
log10(conductivity)) on one line. Do not print units, JSON, labels, extra spaces, or any additional text. \
Be as precise as possible (use sufficient decimal places)"""

# As Table 4 prints them, but for its blank before the last bracket of cases 3 and 4, which Table 3 has not.
TABLE_4 = {
    PromptCase.CASE_1: "formula: Li3YCl6",
    PromptCase.CASE_2: "<formula: Li3YCl6> <symmetry: P-3m1>",
    PromptCase.CASE_3: "<formula: Li3YCl6> <disorder: Li cation and Other atom disorder>",
    PromptCase.CASE_4: "<formula: Li3YCl6> <symmetry: P-3m1> <disorder: Li cation and Other atom disorder>",
}


def test_system_prompt_is_table_3() -> None:
    assert SYSTEM_PROMPT == TABLE_3_SYSTEM_PROMPT


@pytest.mark.parametrize("case", PromptCase)
def test_user_prompts_are_table_4(case: PromptCase) -> None:
    assert user_prompt(case, "Li3YCl6", "P-3m1", "Li cation and Other atom disorder") == TABLE_4[case]


def test_table_4_follows_from_its_cif(data_mirror: Path) -> None:
    with tarfile.open(data_mirror / "obelix" / "all_cifs.tar.gz") as archive:
        member = next(name for name in archive.getnames() if name.endswith("/ei3.cif"))
        crystal = read_cif(archive.extractfile(member).read().decode())
    symmetry, _ = detected_space_group(crystal)

    prompt = user_prompt(PromptCase.CASE_4, "Li3YCl6", symmetry, disorder_class(crystal))

    assert prompt == TABLE_4[PromptCase.CASE_4]


@pytest.mark.parametrize(
    ("value", "text"),
    [(-4.25, "-4.25"), (-4.254, "-4.25"), (-17.0, "-17.00"), (0.5, "0.50"), (-0.001, "0.00")],
)
def test_labels_have_two_decimals(value: float, text: str) -> None:
    assert label_text(value) == text


def test_a_case_without_its_metadata_is_refused() -> None:
    with pytest.raises(ValueError, match="case_3 for Li3N needs the disorder class"):
        user_prompt(PromptCase.CASE_3, "Li3N", symmetry="P6/mmm")


def test_every_electrolyte_has_four_rows_and_a_reason_for_each_missing_prompt() -> None:
    electrolytes = pd.DataFrame(
        {
            "electrolyte_id": ["sample:a", "sample:b", "sample:c"],
            "reduced_formula": ["Li3YCl6", "Li3N", "LiX"],
            "space_group": ["P-3m1", "P6/mmm", None],
            "disorder": ["No disorder", None, None],
            "sigma_s_cm": [1e-4, 1e-10, 1e-3],
            "censored": [False, True, False],
        }
    )

    table = prompt_table(electrolytes).set_index(["electrolyte_id", "case"])

    assert len(table) == 12
    assert table.loc[("sample:a", "case_4"), "prompt"] == (
        "<formula: Li3YCl6> <symmetry: P-3m1> <disorder: No disorder>"
    )
    assert table.loc["sample:b", "missing"].fillna("").to_dict() == {
        "case_1": "",
        "case_2": "",
        "case_3": "disorder class",
        "case_4": "disorder class",
    }
    assert table.loc[("sample:c", "case_4"), "missing"] == "space group and disorder class"
    assert table["prompt"].isna().equals(table["missing"].notna())
    assert table.loc["sample:b", ["label_obelix", "label_bound"]].drop_duplicates().to_numpy().tolist() == [
        ["-15.00", "-10.00"]
    ]


def test_a_trusted_prototype_completes_a_prompt_and_is_named_there() -> None:
    ids = ["measured", "placed", "in_part", "doubtful"]
    electrolytes = pd.DataFrame(
        {
            "electrolyte_id": ids,
            "reduced_formula": ["Li3YCl6", "Li3N", "Li2O", "Li2S"],
            "space_group": ["P-3m1", None, "Fm-3m", None],
            "disorder": ["No disorder", None, None, None],
            "sigma_s_cm": [1e-4, 1e-10, 1e-3, 1e-3],
            "censored": False,
        }
    )
    prototypes = pd.DataFrame(
        {
            "electrolyte_id": ids,
            "trusted": [True, True, True, False],
            "space_group": "R-3c",
            "disorder": "Li cation disorder",
        }
    )

    table = prompt_table(electrolytes, prototypes).set_index(["electrolyte_id", "case"])

    assert table.loc[("measured", "case_4"), "prompt"].endswith("<symmetry: P-3m1> <disorder: No disorder>")
    assert table.loc[("placed", "case_2"), "prompt"] == "<formula: Li3N> <symmetry: R-3c>"
    assert table.loc[("in_part", "case_4"), "prompt"] == (
        "<formula: Li2O> <symmetry: Fm-3m> <disorder: Li cation disorder>"
    )
    assert table["from_prototype"].dropna().to_dict() == {
        ("placed", "case_2"): "space group",
        ("placed", "case_3"): "disorder class",
        ("placed", "case_4"): "space group and disorder class",
        ("in_part", "case_3"): "disorder class",
        ("in_part", "case_4"): "disorder class",
    }
    assert table.loc[("doubtful", "case_2"), ["prompt", "missing"]].tolist()[1] == "space group"
    # Without prototypes, what was measured reads the same.
    alone = prompt_table(electrolytes).set_index(["electrolyte_id", "case"])
    measured = table["from_prototype"].isna()
    pd.testing.assert_frame_equal(table[measured], alone[measured])
