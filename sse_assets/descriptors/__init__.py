"""Numbers that describe a composition and its crystal: stoichiometry, geometry, pores, symmetry and disorder."""
