"""Void space between the atoms of a crystal, by Zeo++ (Willems et al., 10.1016/j.micromeso.2011.08.020).

What is measured: a probe sphere's *centre* is dropped at random into the cell. It is in the void if it keeps
its radius away from every atom's sphere (Zeo++'s table of van der Waals radii: Li 1.82 Å, O 1.52 Å,
S 1.80 Å), and accessible if the probe can travel from there through the crystal without end. pyzeo offers
this accessible volume and not Zeo++'s own "probe-occupiable" one (`-volpo`), which also counts what the
probe's body sweeps. The two are the same for a probe of radius zero; for a larger one ours is the smaller.

The paper gives no probe settings. A radius of zero, Li in place and 50,000 samples (`PAPER_SETTINGS`) must
have been its own: on OBELiX's 321 crystals, and divided by the paper's densities, they give its POAV. Zero
and non-zero agree in 97 %; of those that are not zero 80 % agree within 1 % and 18 % to five digits.

Zeo++ starts its random numbers afresh at every call, so the same crystal gives the same numbers, whatever
ran before and on however many workers.
"""

import hashlib
import json
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from tempfile import TemporaryDirectory

import pandas as pd
from pymatgen.core import PeriodicSite, Structure

from sse_assets.descriptors.pore_settings import PoreSettings
from sse_assets.materials.plain_text import fault
from sse_assets.processes import Lost, Supervisor
from sse_assets.tables import descriptors


@dataclass(frozen=True)
class VoidFractions:
    """Void as fractions of the cell's volume; their sum is the total void."""

    accessible: float
    """Where the probe can travel through the crystal without end."""
    inaccessible: float
    """Closed pockets."""


@dataclass(frozen=True)
class PoreFailure:
    """Why the void of one crystal is unknown."""

    reason: str


class KeptVoids:
    """Answers of Zeo++ by what was probed and how, so that nothing is probed twice.

    Zeo++ gives the same answer to the same question, so a kept one equals a new one to the last digit.
    """

    def __init__(self, earlier: pd.DataFrame | None = None) -> None:
        """Begin with the answers of an earlier run, a frame as `tables.descriptors.VOIDS`."""
        rows = [] if earlier is None else earlier.to_dict("records")
        self._earlier = {row["probe"]: VoidFractions(row["accessible"], row["inaccessible"]) for row in rows}
        self._asked: dict[str, VoidFractions] = {}

    def get(self, probe: str) -> VoidFractions | None:
        """Return the answer to a probe, if there is one."""
        if answer := self._asked.get(probe) or self._earlier.get(probe):
            self._asked[probe] = answer
        return answer

    def keep(self, probe: str, answer: VoidFractions | PoreFailure) -> None:
        """Keep an answer; a failure is tried again, for it may be one of time."""
        if isinstance(answer, VoidFractions):
            self._asked[probe] = answer

    def table(self) -> pd.DataFrame:
        """Return the answers that were asked for, as `tables.descriptors.VOIDS`."""
        rows = [
            {"probe": probe, "accessible": answer.accessible, "inaccessible": answer.inaccessible}
            for probe, answer in sorted(self._asked.items())
        ]
        return descriptors.VOIDS.frame(rows)


def _probe(cif: str, settings: PoreSettings) -> str:
    """Return the hash of what is probed and how."""
    question = [_ZEO_VERSION, settings.probe_radius_a, settings.n_samples, cif]
    return hashlib.sha256(json.dumps(question).encode()).hexdigest()


_ZEO_VERSION = version("pyzeo")
_NO_FRAMEWORK = PoreFailure("no atom is left once Li is removed, so there is no framework to probe")


def void_fractions(
    tasks: Sequence[tuple[Structure, PoreSettings]],
    *,
    workers: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
    kept: KeptVoids | None = None,
) -> list[VoidFractions | PoreFailure]:
    """Probe many crystals with Zeo++, each as its settings say, in `workers` processes of their own.

    A crystal on which Zeo++ crashes or overruns its time limit is answered by a failure; the others go on in
    a fresh process.

    Args:
        tasks: crystals, each with its settings.
        workers: processes of one thread each.
        progress: called with (answers there are, answers in all).
        kept: answers there are already; it takes the new ones.

    Returns:
        One answer a task, in the order of the tasks.

    Raises:
        ChildProcessError: if the process for Zeo++ cannot be started at all.
    """
    kept = kept or KeptVoids()
    frameworks = [_framework(crystal, settings) for crystal, settings in tasks]
    questions = {
        _probe(cif, settings): (cif, settings)
        for cif, (_, settings) in zip(frameworks, tasks, strict=True)
        if isinstance(cif, str)
    }
    probed = {probe: question for probe, question in questions.items() if kept.get(probe) is None}
    answers: dict[str, VoidFractions | PoreFailure] = {}
    with (
        TemporaryDirectory(prefix="zeo-") as folder,
        Supervisor(f"{__package__}.zeo:sampled_void", workers) as zeo,
    ):
        samples = zeo.answers(
            [(cif, settings.probe_radius_a, settings.n_samples, folder) for cif, settings in probed.values()],
            [settings.time_limit_s for _, settings in probed.values()],
        )
        for (probe, (_, settings)), sampled in zip(probed.items(), samples, strict=True):
            answers[probe] = _answer(sampled, settings)
            kept.keep(probe, answers[probe])
            progress(len(answers), len(probed))
    return [
        (kept.get(probe := _probe(cif, settings)) or answers[probe]) if isinstance(cif, str) else cif
        for cif, (_, settings) in zip(frameworks, tasks, strict=True)
    ]


def _framework(crystal: Structure, settings: PoreSettings) -> str | PoreFailure:
    """Return what Zeo++ reads of a crystal, or why there is nothing to read."""
    try:
        cif = p1_cif(crystal, lithium_removed=settings.lithium_removed)
    except Exception as error:  # noqa: BLE001 - one crystal never stops the others
        return PoreFailure(f"it could not be probed ({fault(error)})")
    return _NO_FRAMEWORK if cif is None else cif


def _answer(
    sampled: tuple[float, float] | Lost | None, settings: PoreSettings
) -> VoidFractions | PoreFailure:
    if sampled is None:
        return PoreFailure("Zeo++ cannot read the P1 copy of the structure")
    if not isinstance(sampled, Lost):
        return VoidFractions(*sampled)
    status = sampled.exit_status
    if status is None:
        return PoreFailure(f"Zeo++ gave no answer within {settings.time_limit_s:g} s")
    if status < 0:
        return PoreFailure(f"Zeo++ crashed ({signal.Signals(-status).name})")
    return PoreFailure(f"Zeo++ gave up (exit status {status}), as it does on an element without a radius")


def p1_cif(crystal: Structure, *, lithium_removed: bool) -> str | None:
    """Write a CIF as Zeo++ can read it: no symmetry, no occupancies, each site once, by its majority species.

    Zeo++ knows no occupancies. A site that is shared or partly empty still takes up its room wherever it is
    filled, so it counts as full. Of species with equal shares the heavier one stands for the site, so that
    a site half Li, half La belongs to the framework.

    Returns:
        The CIF's text, or None if no atom is left.
    """
    elements = [_majority_element(site) for site in crystal]
    atoms = [
        "{0}{1} {0} {2:.6f} {3:.6f} {4:.6f}".format(element, number, *(site.frac_coords % 1))
        for number, (element, site) in enumerate(zip(elements, crystal, strict=True))
        if not (lithium_removed and element == "Li")
    ]
    if not atoms:
        return None
    names = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    cell = [
        f"_cell_{name} {value:.6f}" for name, value in zip(names, crystal.lattice.parameters, strict=True)
    ]
    columns = ("label", "type_symbol", "fract_x", "fract_y", "fract_z")
    header = ["data_crystal", *cell, "loop_", *(f"_atom_site_{column}" for column in columns)]
    return "\n".join([*header, *atoms, ""])


def _majority_element(site: PeriodicSite) -> str:
    species, _ = max(site.species.items(), key=lambda item: (round(item[1], 3), item[0].Z))
    return str(species.symbol)
