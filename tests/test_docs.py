"""Documentation that tests keep true: every setting and command is explained."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from pydantic import AliasChoices

from config import Settings
from vocapp.cli import main

OPERATIONS = (Path(__file__).parent.parent / "docs" / "operations.md").read_text()


def variables() -> list[str]:
    found = []
    for field in Settings.model_fields.values():
        assert isinstance(field.validation_alias, AliasChoices)
        found.append(str(field.validation_alias.choices[0]))
    return found


def commands(group: click.Group, prefix: str) -> list[str]:
    found = []
    for name, command in group.commands.items():
        path = f"{prefix} {name}"
        found += commands(command, path) if isinstance(command, click.Group) else [path]
    return found


@pytest.mark.parametrize("variable", variables())
def test_a_setting_is_explained(variable):
    assert f"`{variable}`" in OPERATIONS


@pytest.mark.parametrize("command", commands(main, "voc"))
def test_a_command_is_explained(command):
    assert f"`{command}`" in OPERATIONS
