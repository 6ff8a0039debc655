#!/usr/bin/env python3
"""Run files changed on purpose: the trailer made anew behind the changed image.

    seal.py unseal RUN.h5 IMAGE.h5                     the HDF5 file alone (where the trailer is whole)
    seal.py seal IMAGE.h5 RUN.h5 [--generation N]      the same with a trailer behind it
"""
import argparse
import contextlib
import os
import pathlib
import struct
import sys
import tempfile
import zlib

MAGIC = b"BROODEND"
FORMAT = 1
TRAILER = struct.Struct("<8sIIQQQ")  # magic, format, checksum, generation, length, reserved


def seal(image, generation=1):
    """The image with its trailer."""
    blank = TRAILER.pack(MAGIC, FORMAT, 0, generation, len(image), 0)
    return image + TRAILER.pack(MAGIC, FORMAT, zlib.crc32(image + blank), generation, len(image), 0)


def unseal(data):
    """Image and generation of a whole file; ValueError otherwise."""
    if len(data) < TRAILER.size:
        raise ValueError("shorter than a trailer")
    generation = TRAILER.unpack(data[-TRAILER.size:])[3]
    image = data[:-TRAILER.size]
    if seal(image, generation) != data:
        raise ValueError("the trailer is missing, or says damaged")
    return image, generation


def write(path, data):
    """Replaces a file whatever its mode."""
    path = pathlib.Path(path)
    path.unlink(missing_ok=True)
    path.write_bytes(data)


@contextlib.contextmanager
def edited(source, target):
    """An h5py.File of the image of `source`, to be changed; sealed into `target` at the end."""
    import h5py
    image, generation = unseal(pathlib.Path(source).read_bytes())
    with tempfile.TemporaryDirectory() as place:
        path = os.path.join(place, "image.h5")
        write(path, image)
        with h5py.File(path, "r+", libver="earliest") as file:
            yield file
        write(target, seal(pathlib.Path(path).read_bytes(), generation))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["seal", "unseal"])
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--generation", type=int, default=1)
    options = parser.parse_args()
    data = pathlib.Path(options.source).read_bytes()
    try:
        write(options.target, seal(data, options.generation) if options.action == "seal" else unseal(data)[0])
    except ValueError as error:
        sys.exit(f"{options.source}: {error}")


if __name__ == "__main__":
    main()
