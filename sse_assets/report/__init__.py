"""Results in print: the report, the paper's tables and figures from this run, and the paper's own numbers.

This package draws and prints. It is no stage: it may import any of them, and none imports it.
"""
