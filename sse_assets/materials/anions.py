"""The elements of a compound that are anions in it."""

from pymatgen.core import Composition

HALOGENS = frozenset({"F", "Cl", "Br", "I"})
_CHALCOGENS = frozenset({"S", "Se", "Te"})
_OXYANION_O_PER_CHALCOGEN = 4
"""From this ratio of O to S on, as in Li2SO4, S is taken for the centre of an oxyanion."""


def anion_symbols(composition: Composition) -> list[str]:
    """Name the elements that are anions here.

    O, N and the halogens always are. S, Se and Te are, unless there is enough O to make them the centres of
    oxyanions: any O for Te, and four O for each S or Se. H is where there is no O. Where none of these is
    present, as in a phosphide or an alloy, the most electronegative element is.
    """
    amounts = {element.symbol: composition[element] for element in composition.elements}
    oxygen = amounts.get("O", 0.0)
    anions = []
    for symbol, amount in amounts.items():
        if symbol in HALOGENS or symbol in ("O", "N"):
            anions.append(symbol)
        elif symbol in _CHALCOGENS:
            enough = 0.0 if symbol == "Te" else _OXYANION_O_PER_CHALCOGEN * amount * (1 - 1e-6)
            if oxygen == 0 or oxygen < enough:
                anions.append(symbol)
        elif symbol == "H" and oxygen == 0:
            anions.append(symbol)
    return sorted(anions) or [max(composition.elements, key=lambda element: (element.X, element.Z)).symbol]
