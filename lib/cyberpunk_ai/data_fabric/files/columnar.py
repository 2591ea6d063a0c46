"""Rows of Parquet files in blocks, checked against the file's metadata first. A few kilobytes can stand for gigabytes of equal texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberpunk_ai.core.errors import SourceFailed
from cyberpunk_ai.data_fabric.files.sheets import BLOCK_ROWS
from cyberpunk_ai.data_fabric.limits import DEFAULT, MB, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

_BLOCK_BYTES = 64 * MB


def read_parquet(path: Path, *, skip: int = 0, block_rows: int = BLOCK_ROWS, limits: Limits = DEFAULT) -> Iterator[pd.DataFrame]:
    """Read a Parquet file in blocks; the index is the row number from 1.

    Args:
        path: The file.
        skip: Rows that were read before.
        block_rows: Rows a block, at most; fewer of wide rows.
        limits: Cells and unpacked size.

    Raises:
        SourceFailed: It is beyond a limit, or no Parquet file.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_metadata(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceFailed(f"{path.name} is no Parquet file, or damaged: {error}", hint="write it again", path=str(path)) from error
    _check(path, metadata, limits)
    texts, width = _layout(metadata)
    seen = 0
    # Texts stay encoded until their size is known.
    with pq.ParquetFile(path, metadata=metadata, read_dictionary=texts) as file:
        for batch in file.iter_batches(batch_size=max(1, min(block_rows, _BLOCK_BYTES // max(1, width)))):
            size = sum(_unpacked(column) for column in batch.columns)
            if size > limits.max_unpacked_mb * MB:
                raise limits.exceeded(
                    "max_unpacked_mb",
                    f"{path.name}: {batch.num_rows:,} rows unpack to {size / MB:,.4g} MB, more than {limits.max_unpacked_mb:,g} MB",
                )
            rows_now = max(1, batch.num_rows // (1 + size // _BLOCK_BYTES))
            for start in range(0, batch.num_rows, rows_now):
                part = _plain(batch.slice(start, rows_now))
                if seen + part.num_rows > skip:
                    rows = part.to_pandas(ignore_metadata=True, types_mapper=_nullable().get)
                    rows.index = pd.RangeIndex(seen + 1, seen + 1 + len(rows), name="row")
                    yield rows.loc[skip + 1 :] if seen < skip else rows
                seen += part.num_rows


def _check(path: Path, metadata: pq.FileMetaData, limits: Limits) -> None:
    cells = metadata.num_rows * metadata.num_columns
    if cells > limits.max_parquet_cells:
        raise limits.exceeded(
            "max_parquet_cells",
            f"{path.name} has {cells:,} cells, more than {limits.max_parquet_cells:,}",
            advice="split the file",
        )
    largest = max((metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups)), default=0)
    if largest > limits.max_unpacked_mb * MB:
        raise limits.exceeded(
            "max_unpacked_mb",
            f"{path.name}: a row group unpacks to {largest / MB:,.4g} MB, more than {limits.max_unpacked_mb:,g} MB",
            advice="write it with smaller row groups",
        )


def _layout(metadata: pq.FileMetaData) -> tuple[list[str], int]:
    """Return the columns of texts, and the bytes that the other values of a row take."""
    columns = [metadata.schema.column(number) for number in range(metadata.num_columns)]
    texts = [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]
    return texts, sum(max(8, column.length) for column in columns)


def _unpacked(column: pa.Array) -> int:
    """Bytes of a column once it is decoded; values that are no texts take what they take now."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    values = column.dictionary
    if not (pa.types.is_large_string(values.type) or pa.types.is_string(values.type) or pa.types.is_binary(values.type)):
        return len(column) * 8
    return int(pc.sum(pc.take(pc.binary_length(values).cast(pa.int64()), column.indices)).as_py() or 0)


def _plain(batch: pa.RecordBatch) -> pa.Table:
    import pyarrow as pa

    columns = [column.dictionary_decode() if pa.types.is_dictionary(column.type) else column for column in batch.columns]
    return pa.table(columns, names=batch.schema.names)


def _nullable() -> dict[object, object]:
    """Arrow types whose plain numpy form would turn 17850 into 17850.0 as soon as one value is missing."""
    import pandas as pd
    import pyarrow as pa

    return {
        pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype(), pa.int16(): pd.Int16Dtype(), pa.int8(): pd.Int8Dtype(),
        pa.uint64(): pd.UInt64Dtype(), pa.uint32(): pd.UInt32Dtype(), pa.uint16(): pd.UInt16Dtype(), pa.uint8(): pd.UInt8Dtype(),
        pa.bool_(): pd.BooleanDtype(), pa.string(): pd.StringDtype("pyarrow"), pa.large_string(): pd.StringDtype("pyarrow"),
    }  # fmt: skip
