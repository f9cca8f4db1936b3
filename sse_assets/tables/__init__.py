"""Stored tables: one declaration for each, and the names that more than one stage writes into them.

A table is declared once, in the module of its schema: `curated.ELECTROLYTES` is `curated.electrolytes`. The
declaration has the type, unit, meaning and allowed values of each column. Stages build their frames with it.
The store refuses a frame that breaks it. The UI, the warehouse and docs/tables.md take their descriptions
from it. This package knows nothing of the project but `materials`.

>>> from sse_assets.tables import splits
>>> splits.ASSIGNMENTS.names
['protocol', 'fold', 'electrolyte_id', 'role']
"""
