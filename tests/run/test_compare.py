#!/usr/bin/env python3
"""Files changed by h5py and sealed anew: test_compare.py MAKE_SAMPLE COMPARE_FILES

The program and the second opinion (compare.py) name the same path, for every dataset and every attribute, and for
changes that no field of ours can make. Damaged files end in a message, never in a crash.
"""
import pathlib
import random
import subprocess
import sys
import tempfile

try:
    import h5py
    import numpy as np
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

import compare
import seal


class Program:
    """brood_run_compare, asked again and again."""

    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, a, b):
        """Exit code, the files that are not whole, the difference or the message."""
        self.process.stdin.write(f"{a}\t{b}\n".encode())
        self.process.stdin.flush()
        code, broken, said = self.process.stdout.readline().decode().rstrip("\n").split("\t")
        return int(code), broken, said

    def close(self):
        self.process.stdin.close()
        assert self.process.wait() == 0


class Bench:
    """A sample, and copies of it changed one way each."""

    def __init__(self, place):
        subprocess.run([sys.argv[1], str(place / "run"), "17"], check=True)
        self.program = Program(sys.argv[2])
        self.original = place / "run" / "run.h5"
        self.changed = place / "changed.h5"
        self.checks = 0

    def expect(self, where, change, arguments=()):
        """`where`: the path of the first difference; None: the change is none of content."""
        with seal.edited(self.original, self.changed) as file:
            change(file, *arguments)
        code, broken, said = self.program(self.original, self.changed)
        assert not broken, broken
        opinion = compare.compare(self.original, self.changed)
        self.checks += 1
        if where is None:
            assert code == 0 and opinion is None, (code, said, opinion)
            return
        assert code == 1 and said.startswith(where + ": "), (where, code, said)
        assert opinion and opinion.startswith(where + ": "), (where, opinion)


def objects(path):
    """Path and object kind of all that is in the file, root and types included."""
    found = [("/", h5py.Group)]
    with h5py.File(path, "r") as file:
        file.visititems(lambda name, item: found.append(("/" + name, type(item))))
    return found


def change_last_byte(file, path):
    dataset = file[path]
    if dataset.dtype.kind == "O":
        if dataset.shape == ():
            dataset[()] = dataset[()] + b"!"
        else:
            dataset[-1] = dataset[-1] + b"!"
        return
    values = np.array(dataset[()]).reshape(-1)
    values.view(np.uint8)[-1] ^= 1
    dataset[()] = values.reshape(dataset.shape)


def change_attribute(file, path, name):
    attributes = file[path].attrs
    if name == "DIMENSION_LIST":
        # The scale of the first dimension becomes another one.
        references = attributes[name].copy()
        references[0] = np.array([file["choice" if path != "/choice" else "position"].ref], dtype=h5py.ref_dtype)
        attributes.modify(name, references)
        return
    value = attributes[name]
    if isinstance(value, str):
        attributes.modify(name, value + "!")
    elif isinstance(value, bytes):
        attributes.create(name, np.bytes_(value[:-1] + b"!"))
    else:
        attributes.modify(name, value + 1)


def remove_attribute(file, path, name):
    del file[path].attrs[name]


def add_attribute(file, path):
    file[path].attrs["zzz"] = 1


def every_dataset_and_attribute(bench):
    empty, turn = [], 0
    for path, kind in objects(bench.original):
        clock = path.startswith("/clock")
        with h5py.File(bench.original, "r") as file:
            names = [name for name in file[path].attrs if name != "REFERENCE_LIST"]
            if kind is h5py.Dataset and 0 in file[path].shape:
                empty.append(path)
        if kind is h5py.Dataset and path not in empty:
            bench.expect(None if clock else path, change_last_byte, (path,))
        # Of each object one attribute changed and another removed, in turn; and all links to scales.
        turn += 1
        for name in sorted({*names[turn % max(len(names), 1):][:1], *({"DIMENSION_LIST"} & set(names))}):
            bench.expect(None if clock else f"{path}@{name}", change_attribute, (path, name))
        for name in names[(turn + 1) % max(len(names), 1):][:1]:
            bench.expect(None if clock else f"{path}@{name}", remove_attribute, (path, name))
        if kind is not h5py.Dataset or path.endswith("reward"):
            bench.expect(None if clock else f"{path}@zzz", add_attribute, (path,))
    assert empty == ["/strategy/queue"], empty


def replace(file, path, **creation):
    """The dataset made anew, with its attributes, where not said otherwise, and not yet as before."""
    old = file[path]
    attributes = {name: old.attrs[name] for name in old.attrs if name in ("long_name", "description", "units")}
    creation = {"data": old[()], "dtype": old.dtype, "track_times": False, **creation}
    del file[path]
    new = file.create_dataset(path, **creation)
    for name, value in attributes.items():
        new.attrs[name] = value


def retype(path, dtype):
    return lambda file: replace(file, path, dtype=dtype)


def reshape(path, shape):
    return lambda file: replace(file, path, data=file[path][()].reshape(shape))


def as_group(file):
    del file["strategy/baseline"]
    file.create_group("strategy/baseline")


def as_soft_link(file):
    file.move("strategy/baseline", "strategy/other")
    file["strategy/baseline"] = h5py.SoftLink("/strategy/other")


def add_external_link(file):
    file["strategy/zzz"] = h5py.ExternalLink("/etc/passwd", "/x")


def second_hard_link(file):
    file["strategy/zzz"] = file["strategy/baseline"]


def clock_changes(file):
    del file["clock/jobs"]
    file["clock"].attrs["x"] = 1
    file.create_group("clock/elsewhere")


def reference_list_reversed(file):
    attributes = file["position"].attrs
    attributes.modify("REFERENCE_LIST", attributes["REFERENCE_LIST"][::-1])


def without_clock(file):
    del file["clock"]


def new_enum(committed):
    def change(file):
        names = {"open": 0, "done": 1, "stopped": 2, "reused": 3}
        dtype = h5py.enum_dtype(names, basetype="u1")
        if committed:
            file["episodes/zzz_type"] = dtype
            dtype = file["episodes/zzz_type"]
            replace(file, "episodes/status", dtype=dtype)
            del file["episodes/zzz_type"]
        else:
            replace(file, "episodes/status", dtype=dtype)
    return change


def kinds_of_change(bench):
    bench.expect(None, lambda file: None)
    bench.expect(None, clock_changes)
    bench.expect(None, without_clock)
    bench.expect(None, reference_list_reversed)
    bench.expect(None, lambda file: replace(file, "strategy/baseline"))
    bench.expect("/strategy/baseline", retype("strategy/baseline", ">f8"))
    bench.expect("/strategy/baseline", retype("strategy/baseline", "f4"))
    bench.expect("/rng/seed", retype("rng/seed", "i8"))
    bench.expect("/policy/cell/bits", retype("policy/cell/bits", "u2"))
    bench.expect("/policy/cell/weights", reshape("policy/cell/weights", (5, 3)))
    bench.expect("/policy/cell/weights", reshape("policy/cell/weights", (15,)))
    bench.expect("/config/text", retype("config/text", h5py.string_dtype("ascii")))
    bench.expect("/config/text", retype("config/text", "S64"))
    bench.expect("/episodes/status", new_enum(committed=False))
    bench.expect("/episodes/status", new_enum(committed=True))
    bench.expect("/episodes/status", retype("episodes/status", "u1"))
    bench.expect("/strategy/baseline", as_group)
    bench.expect("/strategy/baseline", as_soft_link)
    bench.expect("/strategy/zzz", add_external_link)
    bench.expect("/strategy/zzz", second_hard_link)
    bench.expect("/aaa", lambda file: file.create_group("aaa"))
    bench.expect("/clock_too", lambda file: file.create_group("clock_too"))
    bench.expect("/policy/clock", lambda file: file.create_group("policy/clock"))
    bench.expect("/rng", lambda file: file.__delitem__("rng"))


def links_are_compared_by_what_they_say(bench, place):
    made = []
    for target in ("/strategy/baseline", "/strategy/queue"):
        made.append(place / f"link-{len(made)}.h5")
        with seal.edited(bench.original, made[-1]) as file:
            file["soft"] = h5py.SoftLink(target)
            file["external"] = h5py.ExternalLink("/nowhere.h5", "/x")
    code, _, said = bench.program(made[0], made[1])
    assert code == 1 and said.startswith("/soft: "), said
    assert compare.compare(made[0], made[1]).startswith("/soft: ")
    assert bench.program(made[0], made[0])[0] == 0 and compare.compare(made[0], made[0]) is None


def a_circle_of_groups_ends(bench, place):
    circle = place / "circle.h5"
    with seal.edited(bench.original, circle) as file:
        file["policy/round"] = file["/policy"]
    code, _, said = bench.program(circle, circle)
    assert code == 5 and "deep" in said, (code, said)


def damaged_files_end_in_a_message(bench, place):
    data = bench.original.read_bytes()
    damaged = place / "damaged.h5"
    generator = random.Random(12)
    codes = set()
    for trial in range(60):
        bytes_ = bytearray(data)
        if trial % 3 == 0:  # cut off
            bytes_ = bytes_[:generator.randrange(len(data))]
        elif trial % 3 == 1:  # bits flipped, most of them where the structure is
            for _ in range(generator.choice((1, 2, 8))):
                bytes_[generator.randrange(len(data) // 2)] ^= 1 << generator.randrange(8)
        else:  # a part overwritten
            start = generator.randrange(len(data))
            size = min(generator.randrange(1, 4096), len(data) - start)
            bytes_[start:start + size] = generator.randbytes(size)
        # Every other one says that it is whole.
        sealed = trial % 2 == 0
        seal.write(damaged, seal.seal(bytes(bytes_[:-seal.TRAILER.size])) if sealed else bytes(bytes_))
        code, broken, said = bench.program(bench.original, damaged)
        codes.add(code)
        assert code in (0, 1, 5), (trial, code, said)
        assert code == 5 or broken == ("" if sealed else "B"), (trial, broken, said)
    assert {1, 5} <= codes, codes


with tempfile.TemporaryDirectory() as directory:
    here = pathlib.Path(directory)
    bench = Bench(here)
    every_dataset_and_attribute(bench)
    kinds_of_change(bench)
    links_are_compared_by_what_they_say(bench, here)
    a_circle_of_groups_ends(bench, here)
    damaged_files_end_in_a_message(bench, here)
    bench.program.close()
    print(f"{bench.checks} changed files, each named by both")
