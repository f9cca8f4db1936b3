"""Crystal structures for compositions that have none: evolutionary search with CHGNet (paper, II.B, III.B).

From a table of measurements to compositions worth a search, from a composition to a crystal by generations
of candidates, and from a found crystal to one that held in dynamics. Every candidate leaves a line in a
journal, from which a search that was killed goes on.
"""
