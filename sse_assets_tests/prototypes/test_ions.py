import math
import subprocess
import sys

import pytest
from pymatgen.analysis.structure_prediction.substitution_probability import SubstitutionProbability
from pymatgen.core import Composition, Species

from sse_assets.prototypes.ions import Ion, _log_correlations, ions_of, substitution_cost
from sse_assets_tests.environment import plain_environment

TI, GE, LA, CA, LI, S, O = (  # noqa: E741 - the symbol of oxygen
    Ion("Ti", 4), Ion("Ge", 4), Ion("La", 3), Ion("Ca", 2), Ion("Li", 1), Ion("S", -2), Ion("O", -2),
)  # fmt: skip


def test_each_element_has_the_state_that_balances() -> None:
    ions = ions_of(Composition("Li1.3Al0.3Ti1.7P3O12"))
    assert ions is not None
    assert {symbol: ion.state for symbol, ion in ions.items()} == {"Li": 1, "Al": 3, "Ti": 4, "P": 5, "O": -2}


def test_an_alloy_has_no_ions() -> None:
    assert ions_of(Composition("LiAl")) is None


def test_an_element_in_its_own_place_costs_nothing() -> None:
    assert substitution_cost(TI, Ion("Ti", 3)) == 0.0


def test_sulfur_as_an_anion_is_no_sulfur_as_a_cation() -> None:
    assert substitution_cost(S, Ion("S", 6)) > 6


def test_like_ions_cost_less_than_unlike_ones() -> None:
    assert substitution_cost(GE, TI) < substitution_cost(GE, LA) < substitution_cost(O, TI)


def test_large_cations_share_their_sites() -> None:
    assert substitution_cost(CA, LA) <= 1.0
    assert substitution_cost(LI, LA) <= 1.5


def test_an_ion_that_the_statistics_lack_costs_much_and_no_error() -> None:
    assert substitution_cost(Ion("He", 4), TI) == pytest.approx(3.2 + 2.5)


def test_reversed_sites_take_ions_by_sign_and_charge_alone() -> None:
    calcium = Ion("Ca", -2, reversed=True)
    assert substitution_cost(S, calcium) == pytest.approx(0.4)
    assert substitution_cost(Ion("Cl", -1), calcium) == pytest.approx(0.75)
    assert substitution_cost(LI, calcium) == 10.0


def test_correlations_are_those_of_pymatgen() -> None:
    statistics = SubstitutionProbability()
    numbers, correlations = _log_correlations()
    assert {Species(symbol, state) for symbol, state in numbers} == statistics.species
    for (symbol, state), row in list(numbers.items())[::7]:
        for (other, its_state), column in numbers.items():
            expected = statistics.pair_corr(Species(symbol, state), Species(other, its_state))
            assert correlations[row, column] == pytest.approx(math.log(expected), abs=1e-9)


def test_a_cost_is_the_same_in_every_process() -> None:
    """A sum over a set has another order in each process, as in pymatgen's own statistics."""
    code = (
        "from sse_assets.prototypes.ions import Ion, substitution_cost\n"
        "print([substitution_cost(Ion('Li', 1), Ion(symbol, 1)).hex() for symbol in ('Na', 'Ag', 'Cu')])"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=plain_environment() | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(printed) == 1
