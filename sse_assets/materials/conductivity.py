"""Ionic conductivity as a label: its classes, its detection limits, and the two ways to use a bound.

Conductivities are in S/cm throughout; `log10_sigma` is log10(σ / (S/cm)).
"""

import math
import re
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

OBELIX_CENSORED_SIGMA = 1e-15
"""What OBELiX's own code puts in place of a value below the detection limit, in S/cm."""

_REPORTED = re.compile(r"^(?P<below><)?(?P<value>[+-]?\d*\.?\d+(?:[eE][+-]?\d+)?)$")


class LabelConvention(StrEnum):
    """How a measurement below the detection limit enters training and scoring."""

    OBELIX = "obelix"
    """Every censored row counts as 1e-15 S/cm, as in OBELiX's benchmark (arXiv 2502.14234)."""
    BOUND = "bound"
    """A censored row counts as its detection limit."""

    @property
    def words(self) -> str:
        """Name that people read in its place: `obelix` is the name of a data set too."""
        return {LabelConvention.OBELIX: "at 1e-15 S/cm", LabelConvention.BOUND: "at the limit"}[self]


class ConductivityClass(StrEnum):
    """Ranges of Figure 4(b): low < 1e-6 <= moderate < 1e-4 <= high < 1e-3 <= superionic (S/cm)."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"
    SUPERIONIC = "superionic"


class ConductivityError(ValueError):
    """A reported conductivity that is not a positive number or a bound."""


@dataclass(frozen=True)
class Conductivity:
    """A measured value in S/cm, or, if `censored`, the upper bound that it lies below."""

    sigma_s_cm: float
    censored: bool = False


def parse_conductivity(text: str | float) -> Conductivity:
    """Read a reported conductivity in S/cm; `<1E-10` is a bound.

    Raises:
        ConductivityError: for text, zero, a negative or a non-finite value.
    """
    found = _REPORTED.match(re.sub(r"\s", "", str(text)))
    if not found:
        raise ConductivityError(f"the conductivity {text!r} is not a number in S/cm")
    sigma = float(found["value"])
    if not sigma > 0 or math.isinf(sigma):
        raise ConductivityError(f"the conductivity {text!r} is not a positive number in S/cm")
    return Conductivity(sigma, censored=bool(found["below"]))


def log10_sigma(sigma_s_cm: float, censored: bool, convention: LabelConvention) -> float:
    """The regression label of one row under a convention."""
    if censored and convention is LabelConvention.OBELIX:
        return math.log10(OBELIX_CENSORED_SIGMA)
    return math.log10(sigma_s_cm)


def conductivity_class(sigma_s_cm: float) -> ConductivityClass:
    """The class of Figure 4(b) that a value, or a bound, falls in."""
    if sigma_s_cm < 1e-6:
        return ConductivityClass.LOW
    if sigma_s_cm < 1e-4:
        return ConductivityClass.MODERATE
    if sigma_s_cm < 1e-3:
        return ConductivityClass.HIGH
    return ConductivityClass.SUPERIONIC


def labels(electrolytes: pd.DataFrame) -> pd.DataFrame:
    """The regression labels of every row under each convention.

    Args:
        electrolytes: columns electrolyte_id, sigma_s_cm and censored.

    Returns:
        Index electrolyte_id; columns `obelix` and `bound`, in log10(σ / (S/cm)).
    """
    rows = list(zip(electrolytes["sigma_s_cm"], electrolytes["censored"], strict=True))
    return pd.DataFrame(
        {
            convention.value: [log10_sigma(sigma, censored, convention) for sigma, censored in rows]
            for convention in LabelConvention
        },
        index=pd.Index(electrolytes["electrolyte_id"], name="electrolyte_id"),
    )
