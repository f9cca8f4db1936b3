"""The error of a question that no model can answer."""


class PredictionError(ValueError):
    """A model that is not stored, or a file of candidates that cannot be read; it names the remedy."""
