"""The error that stops a language-model run before it wastes time."""

from importlib.util import find_spec

_PACKAGES = ("accelerate", "bitsandbytes", "peft", "transformers")
"""Packages of the extra `language-models`, which a base installation lacks."""


class LanguageModelError(RuntimeError):
    """An error that a user can mend; its sentence says what is wrong, where, and the remedy."""


def require_packages() -> None:
    """Check that the packages of language models are installed.

    Raises:
        LanguageModelError: naming the packages that are not installed.
    """
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise LanguageModelError(
            f"language models need {', '.join(missing)}: run `make language-models` once, which installs them"
        )
