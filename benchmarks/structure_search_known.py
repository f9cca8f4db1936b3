"""Known structures, built from published cells and sites, to compare found structures with."""

from dataclasses import dataclass

from pymatgen.core import Lattice, Structure


@dataclass(frozen=True)
class Known:
    """Published crystal; its sites are one of each Wyckoff orbit."""

    name: str
    source: str
    space_group: str
    lattice: Lattice
    sites: tuple[tuple[str, tuple[float, float, float]], ...]

    @property
    def structure(self) -> Structure:
        """Primitive cell."""
        species, coordinates = zip(*self.sites, strict=True)
        crystal = Structure.from_spacegroup(self.space_group, self.lattice, list(species), list(coordinates))
        return crystal.get_primitive_structure()


THIRD = 1 / 3
KNOWN: dict[str, list[Known]] = {
    "Li3N": [
        Known(
            "α-Li3N",
            "Rabenau & Schulz, J. Less-Common Met. 50, 155 (1976)",
            "P6/mmm",
            Lattice.hexagonal(3.648, 3.875),
            (("N", (0, 0, 0)), ("Li", (0, 0, 0.5)), ("Li", (THIRD, 2 * THIRD, 0))),
        ),
        Known(
            "β-Li3N",
            "Beister et al., Angew. Chem. Int. Ed. 27, 1101 (1988)",
            "P6_3/mmc",
            Lattice.hexagonal(3.552, 6.311),
            (("N", (THIRD, 2 * THIRD, 0.25)), ("Li", (0, 0, 0.25)), ("Li", (THIRD, 2 * THIRD, 0.583))),
        ),
    ],
    "Li2S": [
        Known(
            "Li2S (antifluorite)",
            "Zintl et al., Z. Elektrochem. 40, 588 (1934)",
            "Fm-3m",
            Lattice.cubic(5.708),
            (("S", (0, 0, 0)), ("Li", (0.25, 0.25, 0.25))),
        )
    ],
    "LiO": [
        Known(
            "Li2O2",
            "Cota & de la Mora, Acta Cryst. B 61, 133 (2005)",
            "P6_3/mmc",
            Lattice.hexagonal(3.183, 7.726),
            (("Li", (0, 0, 0)), ("Li", (THIRD, 2 * THIRD, 0.25)), ("O", (THIRD, 2 * THIRD, 0.6485))),
        )
    ],
    "LiAlO2": [
        Known(
            "γ-LiAlO2",
            "Marezio, Acta Cryst. 19, 396 (1965)",
            "P4_12_12",
            Lattice.tetragonal(5.1687, 6.2679),
            (("Li", (0.8126, 0.8126, 0)), ("Al", (0.1759, 0.1759, 0)), ("O", (0.3369, 0.2906, 0.7723))),
        ),
        Known(
            "α-LiAlO2",
            "Marezio & Remeika, J. Chem. Phys. 44, 3143 (1966)",
            "R-3m",
            Lattice.hexagonal(2.8003, 14.216),
            (("Li", (0, 0, 0)), ("Al", (0, 0, 0.5)), ("O", (0, 0, 0.2375))),
        ),
    ],
    "Li3PO4": [
        Known(
            "β-Li3PO4",
            "Keffer et al., Inorg. Chem. 6, 119 (1967)",
            "Pmn2_1",
            Lattice.orthorhombic(6.1150, 5.2394, 4.8554),
            (
                ("Li", (0.248, 0.328, 0.986)),
                ("Li", (0, 0.157, 0.489)),
                ("P", (0, 0.8244, 0)),
                ("O", (0.2081, 0.6868, 0.8955)),
                ("O", (0, 0.1050, 0.9000)),
                ("O", (0, 0.8180, 0.3080)),
            ),
        )
    ],
    "Li2SiO3": [
        Known(
            "Li2SiO3",
            "Hesse, Acta Cryst. B 33, 901 (1977)",
            "Cmc2_1",
            Lattice.orthorhombic(9.392, 5.397, 4.660),
            (
                ("Li", (0.1738, 0.3452, 0.9943)),
                ("Si", (0, 0.1703, 0.4936)),
                ("O", (0.1446, 0.3077, 0.4109)),
                ("O", (0, 0.1135, 0.8519)),
            ),
        )
    ],
}
"""Published crystals by integer formula (Z = 1); of several forms, that of lowest enthalpy is compared."""
