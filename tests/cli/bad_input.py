"""Bad input: exit code, a message that names place, found and expected, the directory tree as before; without mpirun and under
three ranks, where it ends within 5 s and says so once."""

import concurrent.futures
import gzip
import hashlib
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "gate"))
import runs

BROOD, MPIRUN = runs.BROOD, runs.MPIRUN
TIME_FACTOR = int(os.environ.get("BROOD_TIME_FACTOR", "1"))
USAGE, CONFIG, DATA, FORMAT, IO = 2, 3, 4, 5, 6
SYNTHETIC = "evaluator: {name: synthetic}\n"


def idx_images(count, side=8, cut=0):
    body = struct.pack(">IIII", 0x803, count, side, side) + bytes(i % 251 for i in range(count * side * side))
    return body[: len(body) - cut]


def idx_labels(count, cut=0):
    body = struct.pack(">II", 0x801, count) + bytes(i % 10 for i in range(count))
    return body[: len(body) - cut]


def images(directory, replace=(), without=()):
    """A whole little data set in IDX files, but for what a case breaks."""
    files = {
        "train-images-idx3-ubyte": idx_images(100),
        "train-labels-idx1-ubyte": idx_labels(100),
        "t10k-images-idx3-ubyte": idx_images(20),
        "t10k-labels-idx1-ubyte": idx_labels(20),
    }
    files.update(dict(replace))
    (directory / "images").mkdir()
    for name, content in files.items():
        if name not in without:
            (directory / "images" / name).write_bytes(content)


def corrupt_gzip():
    packed = bytearray(gzip.compress(idx_images(100)))
    packed[len(packed) // 2] ^= 0x40
    return bytes(packed)


IDX = "data: {name: idx, dir: images, train: 60, validation: 20}\n"

# name, configuration, more arguments, files to make, exit code, words of the message
CASES = [
    # the configuration
    ("unknown key", "run: {rond: 8}\n", [], None, CONFIG, ["c.yaml:1:7", "run.rond", "run.round"]),
    ("unknown section", "rnu: {round: 8}\n", [], None, CONFIG, ["c.yaml:1:1", "rnu"]),
    ("unknown key in --set", SYNTHETIC, ["--set", "child.epoch=3"], None, CONFIG, ["--set", "child.epoch", "child.epochs"]),
    ("word for a number", "run:\n  round: eight\n", [], None, CONFIG, ["c.yaml:2:10", "run.round", "eight", "whole number"]),
    ("number for a word", "strategy: {name: 3}\n", [], None, CONFIG, ["strategy.name", "3", "reinforce"]),
    ("a key twice", "run: {round: 4, lag: 0, round: 8}\n", [], None, CONFIG, ["c.yaml:1:25", "run.round", "second time", "line 1"]),
    ("a section twice", "run: {round: 4}\nrun: {lag: 0}\n", [], None, CONFIG, ["c.yaml:2:1", "run", "second time", "line 1"]),
    ("broken YAML", "run: [1, 2\n", [], None, CONFIG, ["c.yaml:"]),
    ("a section that is a number", "run: 3\n", [], None, CONFIG, ["c.yaml:1", "run"]),
    ("above 64 KiB", "[" * 70000, [], None, CONFIG, ["c.yaml", "65536"]),
    ("out of range", "run: {round: 0}\n", [], None, CONFIG, ["run.round", "0", "1"]),
    ("1e3x", "child: {learning_rate: 1e3x}\n", [], None, CONFIG, ["child.learning_rate", "1e3x", "number"]),
    ("0,5", "child:\n  learning_rate: 0,5\n", [], None, CONFIG, ["child.learning_rate", "0,5", "number"]),
    ("nan", "child: {learning_rate: nan}\n", [], None, CONFIG, ["child.learning_rate", "nan", "number"]),
    ("inf", "child: {learning_rate: inf}\n", [], None, CONFIG, ["child.learning_rate", "inf", "number"]),
    ("0x10", "run: {round: 0x10}\n", [], None, CONFIG, ["run.round", "0x10", "whole number"]),
    ("an empty value", "run:\n  round:\n", [], None, CONFIG, ["run.round"]),
    ("a blank value", 'run: {round: "  "}\n', [], None, CONFIG, ["run.round"]),
    ("1.5 for a whole number", "run: {round: 1.5}\n", [], None, CONFIG, ["run.round", "1.5", "whole number"]),
    ("a missing file", None, [], None, IO, ["c.yaml"]),
    # the space
    ("no valid network", SYNTHETIC + "space: {stride: [29]}\n", [], None, CONFIG, ["space"]),
    ("more layers than room for strides", SYNTHETIC + "space: {layers: 8, stride: [2]}\n", [], None, CONFIG, ["space"]),
    ("limits that nothing meets", SYNTHETIC + "limits: {parameters: 3}\n", [], None, CONFIG, ["limits.parameters", "3"]),
    # the images
    ("no directory of images", IDX, [], None, DATA, ["images", "train-images-idx3-ubyte"]),
    ("a missing image file", IDX, [], lambda d: images(d, without=["train-images-idx3-ubyte"]), DATA, ["train-images-idx3-ubyte"]),
    ("a missing label file", IDX, [], lambda d: images(d, without=["t10k-labels-idx1-ubyte"]), DATA, ["t10k-labels-idx1-ubyte"]),
    ("truncated images", IDX, [], lambda d: images(d, {"train-images-idx3-ubyte": idx_images(100, cut=7)}.items()), DATA, ["train-images-idx3-ubyte"]),
    ("truncated labels", IDX, [], lambda d: images(d, {"train-labels-idx1-ubyte": idx_labels(100, cut=7)}.items()), DATA, ["train-labels-idx1-ubyte"]),
    ("a corrupt gzip", IDX, [], lambda d: images(d, {"train-images-idx3-ubyte.gz": corrupt_gzip()}.items(), ["train-images-idx3-ubyte"]), DATA, ["train-images-idx3-ubyte.gz"]),
    ("no IDX", IDX, [], lambda d: images(d, {"train-images-idx3-ubyte": b"PNG" * 999}.items()), DATA, ["train-images-idx3-ubyte"]),
    ("images and labels of different number", IDX, [], lambda d: images(d, {"train-labels-idx1-ubyte": idx_labels(99)}.items()), DATA, ["99", "100"]),
    ("not enough images", IDX, ["--set", "data.train=90"], images, DATA, ["100", "110"]),
    # the run directory
    ("a run.h5 that is none", SYNTHETIC, [], lambda d: [(d / "run").mkdir(), (d / "run" / "run.h5").write_bytes(b"x" * 5000)], FORMAT, ["run.h5"]),
    ("an empty run.h5", SYNTHETIC, [], lambda d: [(d / "run").mkdir(), (d / "run" / "run.h5").touch()], FORMAT, ["run.h5"]),
    ("a file for a directory", SYNTHETIC, [], lambda d: (d / "run").write_text("x"), IO, ["run"]),
    # the command line
    ("an unknown option", SYNTHETIC, ["--st", "a=1"], None, USAGE, ["--st"]),
    ("a --set without =", SYNTHETIC, ["--set", "run.round"], None, USAGE, ["--set", "run.round"]),
    ("two configurations", SYNTHETIC, ["d.yaml"], None, USAGE, ["d.yaml"]),
]


def tree(directory):
    state = {}
    for path in sorted(directory.rglob("*")):
        state[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "directory"
    return state


def check(case, ranks):
    name, configuration, arguments, make, code, words = case
    with tempfile.TemporaryDirectory(prefix="brood-bad.") as scratch:
        directory = pathlib.Path(scratch)
        if configuration is not None:
            (directory / "c.yaml").write_text(configuration)
        if make:
            make(directory)
        before = tree(directory)
        prefix = [MPIRUN, "-n", str(ranks)] if ranks else []
        started = time.monotonic()
        with runs.apart() as environment:
            answer = subprocess.run(
                [*prefix, BROOD, "search", "c.yaml", "--run", "run", *arguments],
                cwd=directory, env=environment, capture_output=True, text=True, timeout=60,
            )
        seconds = time.monotonic() - started
        said = answer.stdout + answer.stderr
        assert answer.returncode == code, f"exit code {answer.returncode}, expected {code}:\n{said}"
        message = [line for line in said.splitlines() if line.startswith("brood: error: ")]
        assert len(message) == 1, f"{len(message)} messages:\n{said}"
        missing = [word for word in words if word not in said]
        assert not missing, f"the message lacks {missing}: {message[0]}"
        assert tree(directory) == before, "the directory tree has changed"
        assert not ranks or seconds < 5 * TIME_FACTOR, f"it took {seconds:.1f} s"
        return message[0]


def one(job):
    case, ranks = job
    try:
        return check(case, ranks), None
    except AssertionError as error:
        return None, f"FAILED: {case[0]} ({ranks} ranks): {error}"


def main():
    # Without mpirun two at a time; under three ranks one by one, since the time is looked at.
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(one, [(case, 0) for case in CASES]))
    results += [one((case, 3)) for case in CASES]
    for (message, _), case in zip(results, CASES):
        if message:
            print(f"{case[0]}: {message}")
    failures = [failure for _, failure in results if failure]
    print("\n".join(failures))
    print(f"{len(results) - len(failures)} passed, {len(failures)} failed")
    sys.exit(len(failures) > 0)


if __name__ == "__main__":
    main()
