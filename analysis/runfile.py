"""Reads a run file as Brood does: whole, its trailer looked at, the generation before where the newest is damaged. A file that someone
has changed since is read, too, and said so."""

import io
import os
import sys
import time
import zlib

import h5py

TRAILER = 40  # bytes behind the HDF5 file: docs/run-file.md


def is_whole(data):
    body, trailer = data[:-TRAILER], data[-TRAILER:]
    checked = zlib.crc32(trailer[:12] + bytes(4) + trailer[16:], zlib.crc32(body))  # its own word counts as 0
    return trailer[:8] == b"BROODEND" and checked == int.from_bytes(trailer[12:16], "little")


def read(path):
    """The bytes, or None where there is no such file."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def whole_or_warned(path, data):
    if not is_whole(data):
        print(f"{path}: its trailer is missing or wrong: damaged, or changed since Brood wrote it; read all the same", file=sys.stderr)
    return h5py.File(io.BytesIO(data), "r")


def open_run(run):
    """An h5py.File of a run directory, or of a run file. OSError: there is none that can be read."""
    if os.path.isfile(run):
        return whole_or_warned(run, read(run))
    newest, previous = os.path.join(run, "run.h5"), os.path.join(run, "run.prev.h5")
    # Where the file system knows no hard links, run.h5 is missing for an instant while it is replaced.
    for _ in range(40):
        data, before = read(newest), read(previous)
        if data is not None or before is None:
            break
        time.sleep(0.05)
    if data is not None and (is_whole(data) or before is None or not is_whole(before)):
        return whole_or_warned(newest, data)
    if before is None:
        raise FileNotFoundError(2, "No such file or directory", newest)
    print(f"{newest}: missing or damaged: the generation before it is read", file=sys.stderr)
    return whole_or_warned(previous, before)
