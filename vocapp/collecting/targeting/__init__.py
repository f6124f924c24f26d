"""Rules that decide which survey the widget shows where its tag names none."""
