"""What a formula, a crystal and a conductivity are: the vocabulary that every stage shares.

Nothing here reads files, knows a data source or imports another part of the project.
"""
