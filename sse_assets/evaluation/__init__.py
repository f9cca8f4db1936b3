"""Quality of the predictions: metrics, baselines, intervals, drift, and which model answers.

The tables that go in and out are declared in `tables.metrics` and `tables.models`.
"""
