"""Many crystals of any size side by side, as tensors on one device."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from ase import Atoms
from torch import Tensor


@dataclass(frozen=True)
class Cells:
    """Batch of periodic crystals; their atoms lie in one row, crystal after crystal."""

    numbers: Tensor
    """Atomic number of each atom: (atoms,), int64."""
    positions: Tensor
    """Cartesian coordinates in Å: (atoms, 3), float64."""
    lattices: Tensor
    """Lattice vectors in Å, one in each row: (crystals, 3, 3), float64."""
    owner: Tensor
    """Index of the crystal of each atom, in rising order: (atoms,), int64."""

    @classmethod
    def of(cls, crystals: Sequence[Atoms], device: torch.device | str = "cpu") -> "Cells":
        """Make a batch of crystals on a device."""
        arrays = (
            np.concatenate([atoms.numbers for atoms in crystals]).astype(np.int64),
            np.concatenate([atoms.positions for atoms in crystals]),
            np.stack([atoms.cell.array for atoms in crystals]),
            np.repeat(np.arange(len(crystals)), [len(atoms) for atoms in crystals]),
        )
        return cls(*(torch.from_numpy(array).to(device) for array in arrays))

    def to_atoms(self) -> list[Atoms]:
        """Return the crystals one by one."""
        numbers, positions = self.numbers.cpu().numpy(), self.positions.cpu().numpy()
        ends = self.sizes.cumsum(0).cpu().tolist()
        return [
            Atoms(numbers=numbers[start:end], positions=positions[start:end], cell=lattice, pbc=True)
            for start, end, lattice in zip([0, *ends], ends, self.lattices.cpu().numpy(), strict=False)
        ]

    def __len__(self) -> int:
        return len(self.lattices)

    @cached_property
    def sizes(self) -> Tensor:
        """Number of atoms of each crystal: (crystals,)."""
        return torch.bincount(self.owner, minlength=len(self))

    @cached_property
    def volumes(self) -> Tensor:
        """Volume of each crystal in Å³: (crystals,)."""
        return torch.linalg.det(self.lattices).abs()

    def total(self, of_atoms: Tensor) -> Tensor:
        """Sum values of atoms (atoms, …) over each crystal: (crystals, …)."""
        return of_atoms.new_zeros((len(self), *of_atoms.shape[1:])).index_add(0, self.owner, of_atoms)

    def only(self, kept: Tensor) -> "Cells":
        """Return the batch of those crystals for which `kept` (crystals,) is true."""
        atoms = kept[self.owner]
        renumbered = kept.cumsum(0) - 1
        return Cells(
            self.numbers[atoms], self.positions[atoms], self.lattices[kept], renumbered[self.owner[atoms]]
        )

    def joined_by(self, others: "Cells") -> "Cells":
        """Return the batch with other crystals after its own."""
        return Cells(
            torch.cat([self.numbers, others.numbers]),
            torch.cat([self.positions, others.positions]),
            torch.cat([self.lattices, others.lattices]),
            torch.cat([self.owner, others.owner + len(self)]),
        )

    def moved(self, positions: Tensor, lattices: Tensor) -> "Cells":
        """Return the same atoms at other positions, in other cells."""
        return Cells(self.numbers, positions, lattices, self.owner)

    def updated(self, which: Tensor, crystals: "Cells") -> "Cells":
        """Return the batch with `crystals` in place of those for which `which` (crystals,) is true."""
        positions, lattices = self.positions.clone(), self.lattices.clone()
        positions[which[self.owner]], lattices[which] = crystals.positions, crystals.lattices
        return self.moved(positions, lattices)


def bare(atoms: Atoms) -> Atoms:
    """Return a periodic copy with elements, positions and cell alone."""
    return Atoms(numbers=atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)
