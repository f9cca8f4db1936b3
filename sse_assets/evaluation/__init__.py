"""How good the predictions are: metrics, baselines, intervals, drift, and which model answers.

The tables that go in and out are declared in `tables.metrics` and `tables.models`.
"""
