"""Read the live entries of a bbolt database (etcd-io/bbolt, file format 2), without locking it."""

import struct
from collections.abc import Iterator

BOLT_MAGIC, BRANCH_PAGE_FLAG, LEAF_PAGE_FLAG, BUCKET_LEAF_FLAG = 0xED0CDAED, 1, 2, 1
HEADER_BYTES, ELEMENT_BYTES, MAX_TREE_DEPTH, MAX_ENTRIES = 16, 16, 40, 200_000
META_FORMAT = "<IIIIQQQQQQ"

BoltEntry = tuple[tuple[bytes, ...], bytes, bytes]
"""The buckets it is in, key, value."""


class InvalidBoltDatabase(Exception):
    """These bytes are no database, or one that was being written."""


def read_bolt_entries(data: bytes) -> list[BoltEntry]:
    """List all live entries; pages that were freed are not looked at."""
    try:
        walk = BoltTreeWalk(data)
        return list(walk.walk_page(*walk.find_root(), 0))
    except (struct.error, IndexError) as error:
        raise InvalidBoltDatabase(str(error)) from None


class BoltTreeWalk:
    """A walk through the tree of one database."""

    def __init__(self, data: bytes) -> None:
        self.data, self.visited_entries = data, 0
        self.page_size = struct.unpack_from(META_FORMAT, data, HEADER_BYTES)[2]

    def find_root(self) -> tuple[int, tuple[bytes, ...]]:
        """Find the root page in the newer of the two meta pages."""
        found = []
        for number in (0, 1):
            meta = struct.unpack_from(META_FORMAT, self.data, number * self.page_size + HEADER_BYTES)
            if meta[0] == BOLT_MAGIC:
                found.append((meta[8], meta[4]))
        if not found:
            raise InvalidBoltDatabase("no meta page")
        return max(found)[1] * self.page_size, ()

    def walk_page(self, at: int, path: tuple[bytes, ...], depth: int) -> Iterator[BoltEntry]:
        """Walk the page that begins at *at*."""
        _, kind, count, _ = struct.unpack_from("<QHHI", self.data, at)
        if depth > MAX_TREE_DEPTH:
            raise InvalidBoltDatabase("a circle")
        for number in range(count):
            self.visited_entries += 1
            if self.visited_entries > MAX_ENTRIES:
                raise InvalidBoltDatabase("too many entries")
            place = at + HEADER_BYTES + number * ELEMENT_BYTES
            if kind & BRANCH_PAGE_FLAG:
                below = struct.unpack_from("<IIQ", self.data, place)[2]
                yield from self.walk_page(below * self.page_size, path, depth + 1)
            elif kind & LEAF_PAGE_FLAG:
                yield from self.walk_leaf(place, path, depth)

    def walk_leaf(self, place: int, path: tuple[bytes, ...], depth: int) -> Iterator[BoltEntry]:
        """Yield one entry, or those of the bucket that it is."""
        flags, offset, key_size, size = struct.unpack_from("<IIII", self.data, place)
        begin = place + offset
        key, value = self.data[begin : begin + key_size], begin + key_size
        if not flags & BUCKET_LEAF_FLAG:
            if value + size > len(self.data):
                raise InvalidBoltDatabase("cut short")
            yield path, key, self.data[value : value + size]
            return
        root = struct.unpack_from("<Q", self.data, value)[0]
        # A small bucket has no page of its own: it lies within the value, behind its header.
        yield from self.walk_page(
            root * self.page_size if root else value + HEADER_BYTES, (*path, key), depth + 1
        )
