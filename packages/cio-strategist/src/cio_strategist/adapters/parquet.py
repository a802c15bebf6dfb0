"""Exports as Parquet, where the extra `parquet` is installed."""

# The library has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportMissingImports=false

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from cio_strategist.adapters.whole_file import whole_file
from cio_strategist.domain.record.entry import Entry
from cio_strategist.errors import UsageError

_FACTS = ("strategy", "symbol", "verdict", "code", "action", "scope")


async def write_parquet(file: Path, batches: AsyncIterator[Sequence[Entry]]) -> int:
    """Write entries, a row group for each batch, and return how many. The most asked-for facts have columns.

    Raises `UsageError` if the library is not installed or the file cannot be written.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise UsageError("Parquet needs the extra: pip install 'cio-strategist[parquet]'") from None
    text = pa.string()
    columns = [("sequence", pa.int64()), ("at", pa.timestamp("ms", tz="UTC"))]
    columns += [(name, text) for name in ("kind", "id", *_FACTS, "facts", "body", "previous", "digest")]
    schema, written = pa.schema(columns), 0
    try:
        with whole_file(file) as path, path.open("wb") as whole, parquet.ParquetWriter(whole, schema) as writer:
            async for entries in batches:
                writer.write_table(pa.Table.from_pylist([_row(entry) for entry in entries], schema=schema))
                written += len(entries)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from error
    return written


def _row(entry: Entry) -> dict[str, object]:
    return {
        "sequence": entry.sequence,
        "at": entry.at,
        "kind": entry.kind,
        "id": entry.id,
        **{name: entry.facts.get(name) for name in _FACTS},
        "facts": json.dumps(dict(entry.facts)),
        "body": entry.body,
        "previous": entry.previous,
        "digest": entry.digest,
    }
