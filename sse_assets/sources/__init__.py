"""Where measurements and structures come from: fetching, verifying and parsing each source.

A module here knows one source and returns it as frames with the columns of `columns.py`; it judges nothing.
"""
