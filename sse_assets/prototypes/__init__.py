"""Structures from known structure types, for compositions that have none.

A prototype is a known crystal as symmetry orbits. The elements of another composition are placed on its
orbits at the lowest cost, which says how unusual the substitutions are. The result is a crystal with partial
occupancies. Its cost for each anion is the confidence in it, and its parent is the evidence. It takes a tenth
of a second where a search takes hours, for no energy is computed.
"""
