"""The examples in the docstrings are run, of every module there is."""

import doctest
import importlib
import pkgutil

import pytest

import surveys

MODULES = sorted(module.name for module in pkgutil.iter_modules(surveys.__path__))


def test_every_module_is_found():
    assert {"questions", "scoring", "definitions"} <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_are_true(name):
    module = importlib.import_module(f"surveys.{name}")
    failed, _ = doctest.testmod(module)
    assert failed == 0
