"""Reading files that nobody vouches for: how much is read, and what is not followed."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path

from benchmark.errors import UserError

DESCRIPTION = 1 << 20
"""Bytes of a ``submission.yaml``."""
PACKED = 64 << 20
"""Bytes of a compressed file as it lies there."""
UNPACKED = 256 << 20
"""Bytes that may come out of one."""
FILES = 2000
"""Files of a submission."""

NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]|\.(?!\.)){0,99}")
"""The grammar of every name that becomes part of a path: no separator, no ``..``, nothing hidden."""

_CHUNK = 1 << 16


def is_name(text: str) -> bool:
    """Whether it follows `NAME` and does not end in a dot."""
    return NAME.fullmatch(text) is not None and not text.endswith(".")


def read_bounded(path: Path, limit: int) -> bytes:
    """A plain file's bytes.

    Raises:
        UserError: missing, a link or no plain file, or larger than ``limit``.
    """
    if path.is_symlink() or not path.is_file():
        raise UserError(
            f"{path}: {'is a link' if path.is_symlink() else 'no such file'}. A plain file must stand there."
        )
    with path.open("rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise UserError(f"{path}: larger than {limit} bytes, the most that is read.")
    return data


def unpack(path: Path, packed: int = PACKED, unpacked: int = UNPACKED) -> bytes:
    """The content of a gzip file; decompression stops at the limit, whatever the file says of its size.

    Raises:
        UserError: as `read_bounded`; not gzip, cut off, or more than ``unpacked`` bytes come out.
    """
    read_bounded(path, packed)
    out = bytearray()
    try:
        with gzip.open(path, "rb") as stream:
            while chunk := stream.read(_CHUNK):
                out += chunk
                if len(out) > unpacked:
                    raise UserError(f"{path}: unpacks to more than {unpacked} bytes, the most that is read.")
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path}: not a whole gzip file ({error}).") from None
    return bytes(out)


def pack(data: bytes) -> bytes:
    """Gzip without time or name, so that equal content gives equal bytes."""
    return gzip.compress(data, compresslevel=9, mtime=0)


def entries(folder: Path) -> list[str]:
    """Names of all files below ``folder``, relative to it.

    Raises:
        UserError: a link or something else that is no plain file or folder, or more than `FILES` files.
    """
    if folder.is_symlink():
        raise UserError(f"{folder}: a link. A submission is made of plain files.")
    found: list[str] = []
    waiting = [folder]
    while waiting:
        for path in sorted(waiting.pop().iterdir()):
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise UserError(f"{path}: a link or special file. A submission is made of plain files.")
            if path.is_dir():
                waiting.append(path)
            else:
                found.append(path.relative_to(folder).as_posix())
            if len(found) + len(waiting) > FILES:
                raise UserError(f"{folder}: more than {FILES} files.")
    return found
