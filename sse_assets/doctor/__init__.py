"""Examination of a machine: what it lacks, and what works without that; nothing is changed or left behind."""
