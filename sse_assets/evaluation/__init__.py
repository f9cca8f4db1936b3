"""How good the predictions are: metrics, baselines, intervals, and the paper's tables and figures made anew."""
