"""Starting searches from tests: the program, a scratch directory, and what the run file says."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import h5py

BROOD = os.environ["BROOD"]
MPIRUN = os.environ.get("BROOD_MPIRUN", "mpirun")
SOURCE = pathlib.Path(os.environ["BROOD_SOURCE"])
sys.path.insert(0, str(SOURCE / "tests" / "run"))

HALTED = 76

# Real children of 2 epochs of 8 mini-batches, with batch normalisation, dropout and Adam; or a formula with a delay.
SETTINGS = {
    "synthetic": ["evaluator.name=synthetic", "evaluator.delay=0.002"],
    "train": [
        "evaluator.name=train",
        "data.train=160",
        "data.validation=40",
        "data.downscale=4",
        "child.batch=20",
        "child.epochs=2",
        "child.optimizer=adam",
        "space.filters=[4, 8, 12]",
        "space.dropout=[0, 25, 50]",
        "space.batch_norm=true",
    ],
}
EVERY_RUN = ["checkpoint.every=0.05 s", "checkpoint.share=1"]


class Scratch:
    """A directory of its own below TMPDIR, gone at the end."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="brood-gate."))
        return self.path

    def __exit__(self, *unused):
        shutil.rmtree(self.path, ignore_errors=True)


def command(ranks, arguments):
    prefix = [] if ranks == 0 else [MPIRUN, "-n", str(ranks)]
    return prefix + [BROOD] + [str(a) for a in arguments]


@contextlib.contextmanager
def apart():
    """An environment with a TMPDIR of its own: jobs of Open MPI 4 that begin and end at the same time can trip over each other where they share
    one (open-mpi/ompi, issues 7049 and 8510)."""
    place = tempfile.mkdtemp(prefix="m.")
    try:
        yield {**os.environ, "TMPDIR": place}
    finally:
        shutil.rmtree(place, ignore_errors=True)


def start(ranks, *arguments):
    """A started program (ranks 0: without mpirun), with a TMPDIR as of `apart` until it is finished."""
    own = contextlib.ExitStack()
    process = subprocess.Popen(command(ranks, arguments), env=own.enter_context(apart()), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    process.own = own
    return process


def finish(process, expected=0, seconds=120):
    output, _ = process.communicate(timeout=seconds)
    process.own.close()
    assert process.returncode == expected, f"exit code {process.returncode}, expected {expected}:\n{output}"
    return output


def run(ranks, *arguments, expected=0):
    return finish(start(ranks, *arguments), expected)


def sets(*pairs):
    return [word for pair in pairs for word in ("--set", pair)]


def finished(directory):
    """Episodes with a result in the last checkpoint, 0 where there is none yet."""
    try:
        with h5py.File(directory / "run.h5", "r") as file:
            return int((file["episodes/status"][:] != 0).sum())
    except OSError:
        return 0


def halt_in_mid_run(process, directory):
    """Puts the file `halt` there when the first task is about to be handed out: it is looked for after each result."""
    deadline = time.monotonic() + 60
    while not (directory / "run.h5").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    (directory / "halt").touch()
    return finish(process, HALTED)
