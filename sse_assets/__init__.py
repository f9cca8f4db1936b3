"""From measured solid electrolytes to scored predictors of room-temperature Li-ion conductivity.

Science lives in plain packages that can be used from a notebook; `assets`, `orchestration`,
`definitions` and `cli` put them under Dagster. README.md shows the two commands to begin with.
"""
