"""Everything that runs the science: settings, storage, Dagster's resources, and what is stale.

It knows tables, blobs and runs; it imports no stage and no chemistry.
"""
