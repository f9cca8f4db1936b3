"""How good the predictions are: metrics, baselines, intervals, and the paper's tables and figures.

The tables that go in and out are described in `vocabulary`.
"""
