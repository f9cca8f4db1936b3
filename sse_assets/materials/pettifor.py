"""The elements in an order in which neighbours replace each other in crystals: the modified Pettifor
scale."""

MODIFIED_PETTIFOR_SCALE = (
    *("He", "Ne", "Ar", "Kr", "Xe", "Rn"),
    *("Fr", "Cs", "Rb", "K", "Na", "Li", "Ra", "Ba", "Sr", "Ca"),
    *("Eu", "Yb", "Lu", "Tm", "Y", "Er", "Ho", "Dy", "Tb", "Gd", "Sm", "Pm", "Nd", "Pr", "Ce", "La"),
    *("Ac", "Th", "Pa", "U", "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr"),
    *("Sc", "Zr", "Hf", "Ti", "Ta", "Nb", "V", "Cr", "Mo", "W", "Re", "Tc", "Os", "Ru", "Ir", "Rh"),
    *("Pt", "Pd", "Au", "Ag", "Cu", "Ni", "Co", "Fe", "Mn", "Mg", "Zn", "Cd", "Hg", "Be"),
    *("Al", "Ga", "In", "Tl", "Pb", "Sn", "Ge", "Si", "B", "C", "N", "P", "As", "Sb", "Bi", "Po"),
    *("Te", "Se", "S", "O", "At", "I", "Br", "Cl", "F", "H"),
)
"""Symbols in the order of Glawe, Sanna, Gross and Marques, New J. Phys. 18, 093011 (2016), H last; the place
in the order is the number on the scale, from 0."""
