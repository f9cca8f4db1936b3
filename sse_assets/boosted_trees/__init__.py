"""Gradient-boosted trees on descriptors: training, Bayesian tuning and SHAP (paper, sections II.C, III.C)."""
