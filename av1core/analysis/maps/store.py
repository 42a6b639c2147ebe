"""Arrays that took long to compute, kept on disk: one SQLite file that may be deleted at any time.

Any number of threads and processes may read and write it. What it cannot do, for want of space or rights or because
the file is damaged, it leaves undone: the arrays are computed again.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

logger = logging.getLogger(__name__)

MOST_BYTES = 512 * 2**20
"""Of arrays kept; beyond it the longest unread quarter goes."""

_AT_ONCE = 500  # names in one query
_WAIT = 5.0  # seconds for another that writes
_CREATE = """
CREATE TABLE IF NOT EXISTS arrays (
    kind TEXT, name TEXT, shape TEXT, dtype TEXT, data BLOB, read REAL, PRIMARY KEY (kind, name)
) WITHOUT ROWID
"""


class ArrayStore:
    """Arrays by kind and name. A kind says all that an array rests on but the name."""

    def __init__(self, file: Path, writable: bool = True, most_bytes: int = MOST_BYTES):
        """file: made, with its folder, when something is kept. writable: else only what is there is read."""
        self.file, self.writable, self.most_bytes = Path(file), writable, most_bytes

    def get(self, kind: str, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Those of the named arrays that are kept, by name."""
        found: dict[str, np.ndarray] = {}

        def read(connection: sqlite3.Connection) -> None:
            for first in range(0, len(names), _AT_ONCE):
                some = names[first : first + _AT_ONCE]
                where = f"kind = ? AND name IN ({', '.join('?' * len(some))})"
                for name, shape, dtype, data in connection.execute(
                    f"SELECT name, shape, dtype, data FROM arrays WHERE {where}", (kind, *some)
                ):
                    found[name] = np.frombuffer(data, dtype).reshape([int(side) for side in shape.split()]).copy()
                if self.writable:
                    connection.execute(f"UPDATE arrays SET read = ? WHERE {where}", (time.time(), kind, *some))

        if self.file.exists():
            self._with_file(read)
        return found

    def put(self, kind: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays of any shape and numeric type."""
        now = time.time()
        rows = [
            (kind, name, " ".join(map(str, array.shape)), array.dtype.str, array.tobytes(), now)
            for name, array in arrays.items()
        ]

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany("INSERT OR REPLACE INTO arrays VALUES (?, ?, ?, ?, ?, ?)", rows)
            pages, free, size = (
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            )
            if (pages - free) * size > self.most_bytes:
                (count,) = connection.execute("SELECT count(*) FROM arrays").fetchone()
                connection.execute(
                    "DELETE FROM arrays WHERE (kind, name) IN (SELECT kind, name FROM arrays ORDER BY read LIMIT ?)",
                    (max(1, count // 4),),
                )

        if self.writable and rows:
            self._with_file(write)

    def _with_file(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Do work on the file in one transaction; an error of the file ends it and goes no further."""
        try:
            if self.writable:
                self.file.parent.mkdir(parents=True, exist_ok=True)
            mode = "rwc" if self.writable else "ro"
            address = f"{self.file.absolute().as_uri()}?mode={mode}"
            with closing(sqlite3.connect(address, uri=True, timeout=_WAIT)) as connection, connection:
                if self.writable:
                    connection.execute("PRAGMA synchronous = OFF")  # what a power cut takes is computed again
                    connection.execute(_CREATE)
                work(connection)
        except (sqlite3.Error, OSError, ValueError) as error:
            if isinstance(error, sqlite3.OperationalError | OSError):
                logger.info("%s: arrays are not kept (%s)", self.file, error)
                return
            logger.warning("%s is damaged (%s); it is begun anew where it can be written", self.file, error)
            if self.writable:
                self.file.unlink(missing_ok=True)
