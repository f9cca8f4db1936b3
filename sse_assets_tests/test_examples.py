"""The examples in docstrings are run, so that none of them goes out of date."""

import doctest
import subprocess
import sys
from importlib import import_module
from inspect import getmodule

import pytest

PACKAGES = ("boosted_trees", "language_models", "screening", "tables")
FUNCTIONS = [
    (package, name)
    for package in PACKAGES
    for name in getattr(import_module(f"sse_assets.{package}"), "__all__", ())
]
NEEDS_A_GPU = {"run_case"}


def assert_runs(documented: object, name: str, names: dict[str, object]) -> None:
    (example,) = doctest.DocTestFinder(recurse=False).find(documented, name, globs=names)
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0


@pytest.mark.parametrize("package", PACKAGES)
def test_the_example_of_a_package_runs(package: str) -> None:
    assert_runs(import_module(f"sse_assets.{package}"), package, {})


@pytest.mark.parametrize(("package", "name"), [pair for pair in FUNCTIONS if pair[1] not in NEEDS_A_GPU])
def test_the_example_of_a_public_function_runs(package: str, name: str) -> None:
    function = getattr(import_module(f"sse_assets.{package}"), name)
    assert_runs(function, name, dict(vars(getmodule(function))))


def test_a_package_is_imported_without_what_its_functions_need() -> None:
    """They take seconds to import, and torch is not installed everywhere."""
    heavy = ("torch", "shap", "skopt", "xgboost")
    code = f"import sys, {', '.join(f'sse_assets.{name}' for name in PACKAGES)}\n"
    code += f"print(*[name for name in {heavy} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


def test_an_unknown_name_is_refused() -> None:
    for package in ("boosted_trees", "language_models", "screening"):
        with pytest.raises(AttributeError, match="has no 'nothing'"):
            _ = import_module(f"sse_assets.{package}").nothing
