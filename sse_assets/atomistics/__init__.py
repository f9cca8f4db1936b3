"""CHGNet as energies, relaxation and dynamics of crystals: on ASE, and in batches on a GPU.

Ground floor: the package knows `materials` and `processes`, and no stage. A cell comes in and goes out as
`ase.Atoms`. What goes wrong with one cell becomes a sentence in its result and stops no other cell.
"""
