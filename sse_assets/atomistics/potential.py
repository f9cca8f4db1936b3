"""Energies, forces and stresses of many crystals at once by CHGNet (Deng et al., 10.1038/s42256-023-00716-3).

A few operations on whole tensors build the graph of a batch, where `chgnet` builds one crystal after another.
One backward pass gives forces and stresses, as both follow from the derivative of the energy by each bond
vector. The numbers are those of `chgnet`.
"""

import contextlib
import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import torch
from chgnet.model import CHGNet
from torch import Tensor

from sse_assets.atomistics.cells import Cells
from sse_assets.atomistics.compiler import has_compiler
from sse_assets.atomistics.neighbours import near_pairs
from sse_assets.atomistics.network import Network
from sse_assets.atomistics.threads import tiny_numbers_as_zero

WEIGHTS = "0.3.0"
"""Version of the weights: that of chgnet's wheel and of the paper."""
REACH_A = 6.0
"""Distance in Å beyond which atoms are no neighbours to these weights."""


@dataclass(frozen=True)
class Response:
    """Energies, forces and stresses of the crystals of a batch."""

    energies: Tensor
    """Energy of each crystal in eV: (crystals,), float64."""
    forces: Tensor
    """Force on each atom in eV/Å: (atoms, 3), float64."""
    stresses: Tensor
    """Stress in eV/Å³, negative where the crystal pushes outwards: (crystals, 3, 3), float64."""
    isolated: Tensor
    """True where an atom has no neighbour, so that CHGNet cannot judge the crystal: (crystals,)."""

    def only(self, kept: Tensor, owner: Tensor) -> "Response":
        """Return the response of the crystals where `kept` is true; `owner` is the crystal of each atom."""
        return Response(
            self.energies[kept], self.forces[kept[owner]], self.stresses[kept], self.isolated[kept]
        )


class Potential(Protocol):
    """Function from the atoms of crystals to energies, forces and stresses."""

    @property
    def device(self) -> torch.device:
        """Device on which the tensors must be."""
        ...

    def __call__(self, cells: Cells) -> Response:
        """Return the response of every crystal of a batch."""
        ...


class ChgnetPotential:
    """CHGNet on one device."""

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self._model = _model(str(self.device))
        self._reference = self._model.composition_model.fc.weight[0]
        self._network = Network(self._model, fused=self.device.type == "cuda" and has_compiler())

    def __call__(self, cells: Cells) -> Response:
        """Return energies, forces and stresses of a batch on this potential's device."""
        pairs = near_pairs(cells, REACH_A)
        vectors = pairs.vectors.float().requires_grad_()
        with tiny_numbers_as_zero():
            bonded = self._network(cells.numbers, pairs.first, pairs.second, vectors)
            (gradient,) = torch.autograd.grad(bonded.sum(), vectors)
        energies = cells.total((bonded.detach() + self._reference[cells.numbers - 1]).double())
        gradient = gradient.double()

        forces = torch.zeros_like(cells.positions)
        forces.index_add_(0, pairs.first, gradient).index_add_(0, pairs.second, -gradient)
        virials = torch.zeros_like(cells.lattices).index_add(
            0, cells.owner[pairs.first], pairs.vectors.unsqueeze(2) * gradient.unsqueeze(1)
        )
        stresses = virials / cells.volumes[:, None, None]
        neighbours = torch.bincount(torch.cat([pairs.first, pairs.second]), minlength=len(cells.numbers))
        return Response(
            energies,
            forces,
            (stresses + stresses.mT) / 2,
            cells.total((neighbours == 0).double()) > 0,
        )


def device_here() -> str:
    """Return `cuda` where torch sees a GPU, else `cpu`."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def device_name() -> str:
    """Return the name of that device, as its maker calls a GPU."""
    return torch.cuda.get_device_name() if device_here() == "cuda" else "CPU"


@lru_cache(maxsize=2)
def _model(device: str) -> CHGNet:
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its version
        model = CHGNet.load(model_name=WEIGHTS, use_device=device, verbose=False)
    return model.eval().requires_grad_(False)
