"""The lineage: one thin module for each group, the only place where stages meet.

An asset here reads its inputs, calls one stage, and says what a person should see of the result. Work that
could be done in a notebook belongs to a stage.
"""
