"""Energies by CHGNet's network, from its own weights, with fewer operations than its own forward pass.

A gated network of CHGNet acts on the features of two atoms, a bond and an angle, in one row (Deng et al.,
10.1038/s42256-023-00716-3, Methods). Its first layer is linear: here each part is multiplied where its rows
are few, at the atoms and the bonds, and the products are added at the bonds and the angles. Long bonds, which
have no angles, are left out where angles change bonds, and so is what reaches no energy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TypeVar

import torch
from chgnet.model import CHGNet
from chgnet.model.functions import GatedMLP
from torch import Tensor
from torch.nn import Linear
from torch.nn.functional import layer_norm, linear, silu

from sse_assets.atomistics.neighbours import pairs_within_groups

ANGLE_REACH_A = 3.0
"""Length in Å beyond which a bond makes no angles."""
_Function = TypeVar("_Function", bound=Callable[..., Tensor])


class Network:
    """Energy of each atom from the vectors of its bonds."""

    def __init__(self, model: CHGNet, *, fused: bool = False) -> None:
        """Take the weights of chgnet's model.

        Args:
            model: CHGNet.
            fused: whether Triton makes few operations on a GPU of many. The first call on a machine then
                takes a minute, the first in a process seconds, and every other one a third of the time.
        """
        self._model = model
        self._atom_layers = [
            (_Gated.of(layer.twoBody_atom), layer.mlp_out) for layer in model.atom_conv_layers
        ]
        self._bond_layers = [
            (_Gated.of(layer.twoBody_bond), layer.mlp_out) for layer in model.bond_conv_layers
        ]
        self._angle_layers = [_Gated.of(layer.twoBody_bond) for layer in model.angle_layers]
        made: Callable[[_Function], _Function] = _fused if fused else _as_it_is
        self._sums_at_atoms, self._sums_at_bonds = made(_sums_at_atoms), made(_sums_at_bonds)
        self._at_angles = made(_at_angles)

    def __call__(self, numbers: Tensor, first: Tensor, second: Tensor, vectors: Tensor) -> Tensor:
        """Return the energy of each atom in eV, without that of the composition model: (atoms,).

        Args:
            numbers: atomic numbers: (atoms,).
            first: index of one atom of each bond: (bonds,).
            second: index of the other atom: (bonds,).
            vectors: vector in Å from the first to the second: (bonds, 3), float32.
        """
        model, expansion = self._model, self._model.bond_basis_expansion
        lengths = vectors.norm(dim=1)
        radial = expansion.rbf_expansion_ag(lengths)
        atoms, bonds = model.atom_embedding(numbers - 1), model.bond_embedding(radial)
        weights = model.bond_weights_ag(radial)

        short = (lengths < ANGLE_REACH_A).nonzero().squeeze(1)
        directions = vectors[short] / lengths[short, None]
        # An angle is two short bonds that leave the same atom; each bond leaves both of its atoms.
        starts = torch.cat([first[short], second[short]])
        directions = torch.cat([directions, -directions])
        left, right = pairs_within_groups(starts, len(numbers))
        ends = _Ends(left % len(short), right % len(short), starts[left])
        angles = model.angle_embedding(
            model.angle_basis_expansion(_rows(directions, left), _rows(directions, right))
        )
        short_weights = model.bond_weights_bg(expansion.rbf_expansion_bg(lengths[short]))
        short_bonds = _rows(bonds, short)

        for layer, (gated, out) in enumerate(self._atom_layers):
            atoms = atoms + out(self._sums_at_atoms(gated, atoms, bonds, first, second, weights))
            if layer < len(self._bond_layers):
                gated, out = self._bond_layers[layer]
                change = out(self._sums_at_bonds(gated, atoms, short_bonds, angles, ends, short_weights))
                short_bonds = short_bonds + change
                bonds = bonds.index_add(0, short, change)
            if layer < len(self._bond_layers) - 1:
                gated = self._angle_layers[layer]
                angles = angles + self._at_angles(gated, atoms, short_bonds, angles, ends)
        return model.mlp(model.readout_norm(atoms)).squeeze(1)


@dataclass(frozen=True)
class _Ends:
    """Index of the two short bonds of each angle and of the atom between them, each (angles,)."""

    left: Tensor
    right: Tensor
    vertex: Tensor


@dataclass(frozen=True)
class _Gated:
    """Gated network whose two branches, core and gate, are worked out side by side."""

    first: tuple[Tensor, ...]
    """Weights of the first layer, by part of the row: each (2 · width, width)."""
    first_bias: Tensor
    second: Tensor | None
    """Weights of the second layer: (2, width, width); None where there is one layer."""
    second_bias: Tensor | None
    norms: tuple[tuple[Tensor, Tensor], ...]
    """Scale and shift of the normalization of each branch, each (width,)."""
    width: int

    @classmethod
    def of(cls, gated: GatedMLP) -> Self:
        """Return the weights of a network of chgnet's in the order in which they are used here."""
        core, gate = (
            [layer for layer in branch.layers if isinstance(layer, Linear)]
            for branch in (gated.mlp_core, gated.mlp_gate)
        )
        width = core[0].out_features
        has_second = len(core) == 2
        return cls(
            torch.cat([core[0].weight, gate[0].weight]).split(width, dim=1),
            torch.cat([core[0].bias, gate[0].bias]),
            torch.stack([core[1].weight.T, gate[1].weight.T]) if has_second else None,
            torch.stack([core[1].bias, gate[1].bias])[:, None] if has_second else None,
            tuple((norm.weight, norm.bias) for norm in (gated.bn1, gated.bn2)),
            width,
        )

    def part(self, index: int, features: Tensor) -> Tensor:
        """Return what one part of the row adds to the first layer: (rows, 2 · width)."""
        return linear(features, self.first[index], self.first_bias if index == 2 else None)

    def __call__(self, sums: Tensor) -> Tensor:
        """Return the result of rows whose first layer is known: (rows, width)."""
        branches = sums if self.second is None else silu(sums)
        branches = branches.view(-1, 2, self.width).transpose(0, 1)
        if self.second is not None:
            branches = torch.baddbmm(self.second_bias, branches, self.second)
        core, gate = (
            layer_norm(branch, (self.width,), *norm)
            for branch, norm in zip(branches, self.norms, strict=True)
        )
        return silu(core) * gate.sigmoid()


def _at_angles(gated: _Gated, atoms: Tensor, short_bonds: Tensor, angles: Tensor, ends: _Ends) -> Tensor:
    """Return the result of a gated network at each angle: (angles, width)."""
    return gated(
        gated.part(2, angles)
        + _rows(gated.part(0, short_bonds), ends.left)
        + _rows(gated.part(1, short_bonds), ends.right)
        + _rows(gated.part(3, atoms), ends.vertex)
    )


def _sums_at_bonds(
    gated: _Gated, atoms: Tensor, short_bonds: Tensor, angles: Tensor, ends: _Ends, weights: Tensor
) -> Tensor:
    """Return the weighted sum over the angles of each short bond: (short bonds, width)."""
    messages = _at_angles(gated, atoms, short_bonds, angles, ends)
    messages = messages * (_rows(weights, ends.left) * _rows(weights, ends.right))
    return torch.zeros_like(short_bonds).index_add(0, ends.left, messages)


def _sums_at_atoms(
    gated: _Gated, atoms: Tensor, bonds: Tensor, first: Tensor, second: Tensor, weights: Tensor
) -> Tensor:
    """Return the weighted sum over the bonds of each atom: (atoms, width)."""
    centre, bond, neighbour = gated.part(0, atoms), gated.part(1, bonds), gated.part(2, atoms)
    sums = torch.zeros_like(atoms)
    for here, there in ((first, second), (second, first)):
        messages = gated(_rows(centre, here) + _rows(neighbour, there) + bond) * weights
        sums = sums.index_add(0, here, messages)
    return sums


def _rows(values: Tensor, index: Tensor) -> Tensor:
    """Return rows by index; the way back through this function is a sum of rows, the fastest there is."""
    return values.index_select(0, index)


def _fused(function: _Function) -> _Function:
    torch._dynamo.config.suppress_errors = True  # what Triton cannot make is done as it is, with a warning
    return torch.compile(function, dynamic=True)


def _as_it_is(function: _Function) -> _Function:
    return function
