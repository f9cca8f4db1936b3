"""Numbers that describe a composition and its crystal: elements, cell, pores, symmetry, disorder."""
