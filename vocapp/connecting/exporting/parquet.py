"""Answers as a Parquet file, one row group a thousand answers (optional: pyarrow)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO

from surveys.answer_cells import as_cell
from surveys.attributes import as_text
from vocapp.connecting.exporting.queries import Names
from vocapp.connecting.importing.columns import ANSWER, ATTRIBUTE

_GROUP = 1000
_WHOLE = frozenset(("survey_version", "score", "revision"))
_INSTANTS = frozenset(("answered_at", "received_at"))


def write(
    records: Iterable[dict[str, Any]], names: Names, columns: Sequence[str], out: BinaryIO
) -> None:
    """Typed columns; answers and attributes are text, as they are in cells of a table.

    Raises ValueError where pyarrow is not installed.
    """
    arrow, writing = _modules()
    theme = arrow.struct(
        [("key", arrow.string()), ("confidence", arrow.float64()),
         ("sentiment", arrow.string()), ("source", arrow.string())]
    )  # fmt: skip
    kinds = dict.fromkeys(_WHOLE, arrow.int32()) | dict.fromkeys(
        _INSTANTS, arrow.timestamp("us", tz="UTC")
    )
    kinds["themes"] = arrow.list_(theme)
    fields = [(name, kinds.get(name, arrow.string())) for name in columns]
    fields += [(f"{ANSWER}{key}", arrow.string()) for key in names.answers]
    fields += [(f"{ATTRIBUTE}{name}", arrow.string()) for name in names.attributes]
    schema = arrow.schema(fields)
    with writing.ParquetWriter(out, schema, compression="zstd") as writer:
        rows = iter(records)
        while group := [_row(record, names, columns) for record in islice(rows, _GROUP)]:
            writer.write_table(arrow.Table.from_pylist(group, schema=schema))


def _modules() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as exc:
        raise ValueError(
            "format: parquet needs pyarrow, which is not installed; "
            "`make parquet` installs it, csv and jsonl need nothing"
        ) from exc
    return pyarrow, pyarrow.parquet


def _row(record: dict[str, Any], names: Names, columns: Sequence[str]) -> dict[str, Any]:
    row = {name: record[name] for name in columns}
    row |= {name: datetime.fromisoformat(record[name]) for name in _INSTANTS}
    row |= {f"{ANSWER}{key}": _text(as_cell(record["answers"].get(key))) for key in names.answers}
    row |= {
        f"{ATTRIBUTE}{name}": _text(record["attributes"].get(name)) for name in names.attributes
    }
    return row


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else as_text(value)
