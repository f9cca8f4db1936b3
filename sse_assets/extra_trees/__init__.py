"""Extremely randomised trees: what plain averaging of trees makes of the features that the process
compares."""
