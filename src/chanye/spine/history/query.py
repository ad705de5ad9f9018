"""SQL over the history by DuckDB: read only, parts and the tail of the log in one view."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chanye.kernel.errors import ConfigError
from chanye.spine.history.columns import concat_columns
from chanye.spine.history.snapshot import Snapshot, Store
from chanye.spine.history.types import I64

if TYPE_CHECKING:
    import pyarrow as pa

_VIEWS = """
create view versions as
  select series, time, value, quality, arrival from ({stored}) join arrivals using (batch)
  union all select series, time, value, quality, arrival from tail join arrivals using (batch);
create view samples as
  select * from versions qualify row_number() over (partition by series, time order by arrival desc) = 1;
"""
_EMPTY = (
    "select 0::uinteger series, 0::bigint time, 0::double value, 0::usmallint quality, 0::bigint batch where false"
)


def run_sql(store: Store, view: Snapshot, query: str, params: Sequence[object]) -> pa.Table:
    """Run one query; see ``Reader.sql``. Raises ConfigError for a wrong query, FileNotFoundError if a part went."""
    import duckdb
    import pyarrow as pa

    tail = concat_columns(list(view.tail))
    names = ("series", "time", "value", "quality", "batch")
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    try:
        connection.register("tail", pa.table(dict(zip(names, tail, strict=True))))
        connection.register("arrivals", _arrivals(store, view))
        stored = _stored(store.folder.resolve(), store, view)
        views = _VIEWS.format(stored=stored)  # sql: DuckDB takes no parameters here; these are names of our own files
        connection.execute(views)
        # from here on the query can neither read other files nor change settings
        paths = [str(store.folder.resolve() / "parts") + "/"]
        fence = f"set allowed_directories = {paths!r}"  # sql: a setting takes no parameter; the folder is our own
        connection.execute(fence)
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        result = connection.sql(query, params=list(params))
        if result is None:
            raise ConfigError("The query is no question. Start it with SELECT or WITH.")
        return result.to_arrow_table()
    except duckdb.IOException as error:
        raise FileNotFoundError(str(error)) from error
    except duckdb.Error as error:
        raise ConfigError(f"The query cannot be answered: {error}") from error
    finally:
        connection.close()


def _stored(folder: Path, store: Store, view: Snapshot) -> str:
    """Return the select over all parts that are not known to be damaged; adopted ones get their batch."""
    selects = []
    for part in view.parts:
        if part.file in store.damaged:
            continue
        path = str(folder / part.file).replace("'", "''")
        columns = "series, time, value, quality"
        batch = f"{part.min_batch}::bigint as batch" if store.is_adopted(part) else "batch"
        selects.append(f"select {columns}, {batch} from read_parquet('{path}')")  # noqa: S608 - our own names
    return " union all ".join(selects) or _EMPTY


def _arrivals(store: Store, view: Snapshot) -> pa.Table:
    import pyarrow as pa

    pairs: list[tuple[I64, I64]] = [store.arrivals(p) for p in view.parts]
    pairs.append(
        (
            np.array([r.batch for r in view.records], np.int64),
            np.array([r.arrival for r in view.records], np.int64),
        )
    )
    numbers, first = np.unique(np.concatenate([p[0] for p in pairs]), return_index=True)
    arrivals = np.concatenate([p[1] for p in pairs])[first]
    return pa.table({"batch": numbers, "arrival": arrivals})
