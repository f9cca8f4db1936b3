"""What stops a language-model run before it wastes time."""


class LanguageModelError(RuntimeError):
    """One sentence a user can act on: what is wrong, where, and the remedy."""
