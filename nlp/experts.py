"""Parts of the theme classifier: the pieces of a comment that are judged, and who judges them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp.calibration import Calibration
from nlp.features import Unit, clauses_of, whole_of
from nlp.linear import Linear
from nlp.text import Document

FloatArray = npt.NDArray[np.float64]

_CLAUSE_SHARE = 0.6  # of the best clause, beside the whole comment


@dataclass(frozen=True, slots=True)
class Views:
    """Units of n documents: document i is row whole[i], its clauses are rows clauses[i]."""

    units: tuple[Unit, ...]
    whole: npt.NDArray[np.intp]
    clauses: tuple[npt.NDArray[np.intp], ...]


def views_of(documents: Sequence[Document], *, with_clauses: bool) -> Views:
    """Whole comments and clauses as units; a comment of one clause is one unit."""
    units: list[Unit] = []
    whole, clauses = [], []
    for document in documents:
        whole.append(len(units))
        units.append(whole_of(document))
        parts = clauses_of(document) if with_clauses and len(document.clauses) > 1 else []
        clauses.append(np.arange(len(units), len(units) + len(parts)) if parts else whole[-1:])
        units.extend(parts)
    return Views(
        tuple(units),
        np.array(whole, dtype=np.intp),
        tuple(np.asarray(index, dtype=np.intp) for index in clauses),
    )


def pool(views: Views, mixed: FloatArray, described: FloatArray) -> FloatArray:
    """Scores (2, n, t): of the comment and its best clause together, of the best description.

    In a long comment one clause out of ten may be about a theme: its vector drowns in the whole,
    so the clause speaks too; the whole guards against what a clause says only out of context.
    The share is set, not learnt: packs teach with short comments, where both are the same.
    """
    shape = (len(views.whole), mixed.shape[1])
    best = np.array([mixed[index].max(axis=0) for index in views.clauses]).reshape(shape)
    wording = np.array([described[index].max(axis=0) for index in views.clauses]).reshape(shape)
    joined = (1 - _CLAUSE_SHARE) * mixed[views.whole] + _CLAUSE_SHARE * best
    return np.stack([joined, np.maximum(described[views.whole], wording)])


@dataclass(frozen=True, slots=True)
class Expert:
    """One of the two models: its weights, what its scores mean, and a threshold (t,) a theme.

    linear is None where nothing but descriptions is known.
    """

    linear: Linear | None
    calibration: Calibration
    thresholds: FloatArray


def expert_arrays(expert: Expert) -> dict[str, npt.NDArray[Any]]:
    """What an expert knows, as named arrays."""
    arrays: dict[str, npt.NDArray[Any]] = {
        "shares": expert.calibration.shares,
        "offsets": expert.calibration.offsets,
        "thresholds": expert.thresholds,
    }
    if expert.linear is not None:
        arrays["dense"] = expert.linear.dense
        arrays["sparse"] = expert.linear.sparse
        arrays["intercept"] = expert.linear.intercept
    return arrays


def expert_from(arrays: Mapping[str, npt.NDArray[Any]], name: str, *, single: bool) -> Expert:
    """The reverse of `expert_arrays`; their names begin with `name`."""
    linear = None
    if f"{name}_dense" in arrays:
        linear = Linear(
            arrays[f"{name}_dense"], arrays[f"{name}_sparse"], arrays[f"{name}_intercept"]
        )
    calibration = Calibration(arrays[f"{name}_shares"], arrays[f"{name}_offsets"], single)
    return Expert(linear, calibration, arrays[f"{name}_thresholds"])
