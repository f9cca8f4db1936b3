"""Settings of relaxation and dynamics."""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum

ATMOSPHERE_GPA = 1.01325e-4


@dataclass(frozen=True)
class Conditions:
    """Conditions of dynamics at constant temperature and pressure, with a cell free in shape and volume."""

    temperature_k: float
    pressure_gpa: float
    duration_ps: float
    timestep_fs: float = 1.0
    thermostat_damping_ps: float = 0.1
    """Damping time; with the 1 ps of the paper, a fresh structure does not cool down within 1 ps."""
    barostat_damping_ps: float = 1.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if name != "pressure_gpa" and not value > 0:
                raise ValueError(f"{name} is {value}: it must be more than zero")

    @property
    def steps(self) -> int:
        """Number of time steps in the duration, at least one."""
        return max(1, round(1000 * self.duration_ps / self.timestep_fs))


SEARCH = Conditions(temperature_k=50.0, pressure_gpa=0.1, duration_ps=1.0)
"""Conditions under which candidates are compared: 50 K and 1000 bar for 1 ps (paper, II.B)."""
AMBIENT = Conditions(temperature_k=300.0, pressure_gpa=ATMOSPHERE_GPA, duration_ps=20.0)
"""Conditions under which a found structure must hold: 300 K and 1 atm for 20 ps (paper, III.B)."""


@dataclass(frozen=True)
class EvaluationSettings:
    """Steps before the enthalpy of a candidate is taken: relax, move, quench; each may be left out."""

    relaxation_steps: int = 400
    """Largest number of FIRE steps on atoms and cell before the dynamics; 0 leaves them out."""
    dynamics: Conditions | None = SEARCH
    quench_steps: int = 200
    """Largest number of FIRE steps after the dynamics; 0 leaves them out."""
    pressure_gpa: float = SEARCH.pressure_gpa
    """Pressure of the relaxation and of the enthalpy."""
    max_force_ev_a: float = 0.05
    """Force below which FIRE stops, on atoms and on the cell (its virial for each atom, in eV)."""
    time_limit_s: float = 1800.0
    """Longest time in s for one candidate, or for one batch of them."""

    def __post_init__(self) -> None:
        if min(self.relaxation_steps, self.quench_steps) < 0:
            raise ValueError("relaxation_steps and quench_steps count FIRE steps: they cannot be negative")
        if not (self.max_force_ev_a > 0 and self.time_limit_s > 0):
            raise ValueError("max_force_ev_a and time_limit_s must be more than zero")


class Profile(StrEnum):
    """Names of ways to evaluate a candidate; `EVALUATION` has their settings."""

    DEFAULT = "default"
    """FIRE, 1 ps of dynamics, FIRE: the enthalpy is that of a minimum, free of the heat of the start."""
    PAPER = "paper"
    """Protocol of the paper to the letter: 1 ps of dynamics from the raw structure, dampings of 1 ps. It runs
    hot, and the enthalpy is that of a moving crystal."""
    STATIC = "static"
    """FIRE alone, about ten times faster, to screen."""
    SMOKE = "smoke"
    """A few steps, which only show that all parts work: for the sample and the tests."""


EVALUATION = {
    Profile.DEFAULT: EvaluationSettings(),
    Profile.PAPER: EvaluationSettings(
        relaxation_steps=0, dynamics=replace(SEARCH, thermostat_damping_ps=1.0), quench_steps=0
    ),
    Profile.STATIC: EvaluationSettings(dynamics=None, quench_steps=0),
    Profile.SMOKE: EvaluationSettings(
        relaxation_steps=40, dynamics=replace(SEARCH, duration_ps=0.02), quench_steps=10, max_force_ev_a=0.2
    ),
}
