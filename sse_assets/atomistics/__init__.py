"""CHGNet as energies, relaxation and dynamics of crystals: on ASE, and in batches on a GPU.

Ground floor: knows `materials` and `processes`, and no stage. A cell comes in as `ase.Atoms` and goes out as
one; whatever goes wrong with one cell is a sentence in its result, never an exception for its neighbours.
"""
