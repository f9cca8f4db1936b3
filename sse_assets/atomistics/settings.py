"""How a crystal is relaxed, and under which conditions it moves."""

from dataclasses import dataclass, replace
from enum import StrEnum

ATMOSPHERE_GPA = 1.01325e-4


@dataclass(frozen=True)
class Conditions:
    """Of molecular dynamics at constant temperature and pressure, the cell free in shape and volume."""

    temperature_k: float
    pressure_gpa: float
    duration_ps: float
    timestep_fs: float = 1.0
    thermostat_damping_ps: float = 0.1
    """The paper takes 1 ps: too slow to cool within 1 ps what a fresh structure releases."""
    barostat_damping_ps: float = 1.0

    def __post_init__(self) -> None:
        for name in (
            "temperature_k",
            "duration_ps",
            "timestep_fs",
            "thermostat_damping_ps",
            "barostat_damping_ps",
        ):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be more than zero")

    @property
    def steps(self) -> int:
        """How many time steps the duration holds, at least one."""
        return max(1, round(1000 * self.duration_ps / self.timestep_fs))


SEARCH = Conditions(temperature_k=50.0, pressure_gpa=0.1, duration_ps=1.0)
"""Under which candidates are compared: 50 K and 1000 bar for 1 ps (paper, II.B)."""
AMBIENT = Conditions(temperature_k=300.0, pressure_gpa=ATMOSPHERE_GPA, duration_ps=20.0)
"""Under which a found structure must hold: 300 K and 1 atm for 20 ps (paper, III.B)."""


@dataclass(frozen=True)
class EvaluationSettings:
    """What is done to a candidate before its enthalpy is read: relax, move, quench; each may be left out."""

    relaxation_steps: int = 400
    """Most FIRE steps on atoms and cell before the dynamics; 0 leaves them out."""
    dynamics: Conditions | None = SEARCH
    quench_steps: int = 200
    """Most FIRE steps after the dynamics; 0 leaves the last moment as it is."""
    pressure_gpa: float = SEARCH.pressure_gpa
    """At which FIRE relaxes and the enthalpy is taken."""
    max_force_ev_a: float = 0.05
    """FIRE stops when no atom feels more, nor the cell (its virial per atom, in eV)."""
    time_limit_s: float = 1800.0
    """Longest that one candidate may take, or one batch of them."""

    def __post_init__(self) -> None:
        if min(self.relaxation_steps, self.quench_steps) < 0:
            raise ValueError("relaxation_steps and quench_steps count FIRE steps: they cannot be negative")
        if not (self.max_force_ev_a > 0 and self.time_limit_s > 0):
            raise ValueError("max_force_ev_a and time_limit_s must be more than zero")


class Profile(StrEnum):
    """Named ways to evaluate a candidate; `EVALUATION` says what each is."""

    DEFAULT = "default"
    """FIRE, 1 ps of dynamics, FIRE: the enthalpy of a minimum, whatever heat the start released."""
    PAPER = "paper"
    """The paper's protocol to the letter: 1 ps of dynamics from the raw structure, dampings of 1 ps. It runs
    hot, and the enthalpy is that of a moving crystal."""
    STATIC = "static"
    """FIRE alone, about ten times faster: to screen."""
    SMOKE = "smoke"
    """So few steps that it only shows that all parts work: for the sample and the tests."""


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
