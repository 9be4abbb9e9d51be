"""The bytes of a bbolt database (etcd-io/bbolt, file format 2) → its live entries; nothing is locked."""

import struct
from collections.abc import Iterator

MAGIC, BRANCH, LEAF, BUCKET = 0xED0CDAED, 1, 2, 1
HEADER, ELEMENT, DEEPEST, MOST = 16, 16, 40, 200_000
META = "<IIIIQQQQQQ"

Entry = tuple[tuple[bytes, ...], bytes, bytes]
"""The buckets it is in, key, value."""


class NotBolt(Exception):
    """These bytes are no database, or one that was being written."""


def entries(data: bytes) -> list[Entry]:
    """List all live entries; pages that were freed are not looked at."""
    try:
        walk = Walk(data)
        return list(walk.page(*walk.root(), 0))
    except (struct.error, IndexError) as error:
        raise NotBolt(str(error)) from None


class Walk:
    """A walk through the tree of one database."""

    def __init__(self, data: bytes) -> None:
        self.data, self.met = data, 0
        self.size = struct.unpack_from(META, data, HEADER)[2]

    def root(self) -> tuple[int, tuple[bytes, ...]]:
        """Find the root page in the newer of the two meta pages."""
        found = []
        for number in (0, 1):
            meta = struct.unpack_from(META, self.data, number * self.size + HEADER)
            if meta[0] == MAGIC:
                found.append((meta[8], meta[4]))
        if not found:
            raise NotBolt("no meta page")
        return max(found)[1] * self.size, ()

    def page(self, at: int, path: tuple[bytes, ...], depth: int) -> Iterator[Entry]:
        """Walk the page that begins at *at*."""
        _, kind, count, _ = struct.unpack_from("<QHHI", self.data, at)
        if depth > DEEPEST:
            raise NotBolt("a circle")
        for number in range(count):
            self.met += 1
            if self.met > MOST:
                raise NotBolt("too many entries")
            place = at + HEADER + number * ELEMENT
            if kind & BRANCH:
                below = struct.unpack_from("<IIQ", self.data, place)[2]
                yield from self.page(below * self.size, path, depth + 1)
            elif kind & LEAF:
                yield from self.leaf(place, path, depth)

    def leaf(self, place: int, path: tuple[bytes, ...], depth: int) -> Iterator[Entry]:
        """Give one entry, or those of the bucket that it is."""
        flags, offset, key_size, size = struct.unpack_from("<IIII", self.data, place)
        begin = place + offset
        key, value = self.data[begin : begin + key_size], begin + key_size
        if not flags & BUCKET:
            if value + size > len(self.data):
                raise NotBolt("cut short")
            yield path, key, self.data[value : value + size]
            return
        root = struct.unpack_from("<Q", self.data, value)[0]
        # A small bucket has no page of its own: it lies within the value, behind its header.
        yield from self.page(root * self.size if root else value + HEADER, (*path, key), depth + 1)
