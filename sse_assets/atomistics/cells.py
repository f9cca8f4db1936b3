"""Many crystals of any size side by side, as tensors on one device."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from ase import Atoms
from torch import Tensor


@dataclass(frozen=True)
class Cells:
    """A batch of periodic crystals; atoms of all of them lie in one row after another."""

    numbers: Tensor
    """Atomic number of each atom: (atoms,), int64."""
    positions: Tensor
    """Å, Cartesian: (atoms, 3), float64."""
    lattices: Tensor
    """Å, one lattice vector a row: (crystals, 3, 3), float64."""
    owner: Tensor
    """Which crystal each atom belongs to, in rising order: (atoms,), int64."""

    @classmethod
    def of(cls, crystals: Sequence[Atoms], device: torch.device | str = "cpu") -> "Cells":
        """The batch of some crystals."""
        sizes = [len(atoms) for atoms in crystals]
        return cls(
            torch.from_numpy(np.concatenate([atoms.numbers for atoms in crystals]).astype(np.int64)).to(
                device
            ),
            torch.from_numpy(np.concatenate([atoms.positions for atoms in crystals])).to(device),
            torch.from_numpy(np.stack([atoms.cell.array for atoms in crystals])).to(device),
            torch.from_numpy(np.repeat(np.arange(len(crystals)), sizes)).to(device),
        )

    def to_atoms(self) -> list[Atoms]:
        """The crystals one by one."""
        numbers, positions = self.numbers.cpu().numpy(), self.positions.cpu().numpy()
        ends = self.sizes.cumsum(0).cpu().tolist()
        return [
            Atoms(numbers=numbers[start:end], positions=positions[start:end], cell=lattice, pbc=True)
            for start, end, lattice in zip([0, *ends], ends, self.lattices.cpu().numpy(), strict=False)
        ]

    def __len__(self) -> int:
        return len(self.lattices)

    @property
    def sizes(self) -> Tensor:
        """How many atoms each crystal has: (crystals,)."""
        return torch.bincount(self.owner, minlength=len(self))

    @property
    def volumes(self) -> Tensor:
        """Å³: (crystals,)."""
        return torch.linalg.det(self.lattices).abs()

    def total(self, of_atoms: Tensor) -> Tensor:
        """Sum over the atoms of each crystal of what each atom has: (atoms, …) to (crystals, …)."""
        return of_atoms.new_zeros((len(self), *of_atoms.shape[1:])).index_add(0, self.owner, of_atoms)

    def only(self, kept: Tensor) -> "Cells":
        """The crystals for which `kept` (crystals,) is true."""
        atoms = kept[self.owner]
        renumbered = kept.cumsum(0) - 1
        return Cells(
            self.numbers[atoms], self.positions[atoms], self.lattices[kept], renumbered[self.owner[atoms]]
        )

    def moved(self, positions: Tensor, lattices: Tensor) -> "Cells":
        """The same atoms elsewhere, in other cells."""
        return Cells(self.numbers, positions, lattices, self.owner)

    def updated(self, which: Tensor, crystals: "Cells") -> "Cells":
        """The batch with some of its crystals, where `which` (crystals,) is true, moved as `crystals` are."""
        positions, lattices = self.positions.clone(), self.lattices.clone()
        positions[which[self.owner]], lattices[which] = crystals.positions, crystals.lattices
        return self.moved(positions, lattices)
