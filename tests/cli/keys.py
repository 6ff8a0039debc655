"""No key is ignored: each is set to its second value, and content, /clock or output must change.

Most keys are seen in the content of a small search; CONTEXT says where a key needs other settings to matter, and OBSERVED what
else shows it. The text of the configuration itself, in /config and /clock, does not count."""

import concurrent.futures
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

import h5py
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "gate"))
import runs

BROOD, MPIRUN = runs.BROOD, runs.MPIRUN
LIST_KEYS = sys.argv[1]

SMALL = {
    "run.episodes": "6",
    "run.round": "2",
    "data.train": "120",
    "data.validation": "40",
    "data.downscale": "4",
    "child.batch": "20",
    "child.epochs": "2",
    "space.layers": "2",
    "space.filters": "[4, 8]",
    "space.dropout": "[0, 30]",
    "policy.units": "8",
}
SYNTHETIC = {"evaluator.name": "synthetic"}
LARGE = {**SYNTHETIC, "space.layers": "3", "space.filters": "[8, 96]", "child.batch": "100", "run.episodes": "12"}

# What else must be set for a key to matter.
CONTEXT = {
    "run.lag": SYNTHETIC,
    "child.momentum": {"child.optimizer": "sgd"},
    "data.dir": {},
    "evaluator.noise": SYNTHETIC,
    "evaluator.landscape": SYNTHETIC,
    "evaluator.steps": SYNTHETIC,
    "evaluator.delay": LARGE,
    "limits.parameters": LARGE,
    "limits.flops": LARGE,
    "limits.bytes": LARGE,
    "policy.momentum": {"policy.optimizer": "sgd"},
    "policy.baseline_decay": SYNTHETIC,
    "reward.last": {"reward.kind": "best", "child.epochs": "4"},
    "reward.target": {"reward.kind": "flops"},
    "reward.exponent": {"reward.kind": "flops"},
    "reward.failure": {"limits.parameters": "800"},
    "retrain.epochs": "train",
    "retrain.learning_rate": "train",
    "retrain.schedule": "train",
    "retrain.images": "train",
    "strategy.duplicates": {**SYNTHETIC, "run.episodes": "24", "space.layers": "1", "space.dropout": "[0]"},
    "strategy.start": SYNTHETIC,
    "strategy.list": "list",
    "checkpoint.every": {**SYNTHETIC, "evaluator.delay": "0.05", "run.episodes": "12", "checkpoint.share": "1"},
    "checkpoint.share": {**SYNTHETIC, "evaluator.delay": "0.05", "run.episodes": "12", "checkpoint.every": "0.05 s"},
    "checkpoint.child": {**SYNTHETIC, "evaluator.delay": "0.2", "run.episodes": "4", "checkpoint.share": "1"},
    "sched.threads": SYNTHETIC,
    "sched.rank0": SYNTHETIC,
    # Mini-batches of a second, of which 0.2 s of silence are too long.
    "sched.patience": {**SYNTHETIC, "sched.rank0": "coordinate", "evaluator.steps": "1", "evaluator.delay": "3", "run.episodes": "2", "child.epochs": "1"},
    "log.every": {**SYNTHETIC, "evaluator.delay": "0.05", "run.episodes": "24"},
    "log.level": SYNTHETIC,
}


def collect(group, into):
    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            into[item.name] = item[()]

    group.visititems(visit)


def content(path):
    """Everything outside the texts of the configuration, and what of /clock does not depend on the time."""
    found = {}
    with h5py.File(path, "r") as file:
        collect(file, found)
    steady = {}
    for name, value in found.items():
        if name.startswith("/config/") and not name.startswith("/config/space"):
            continue
        if not name.startswith("/clock/"):
            steady[name] = value
    steady["ranks that trained"] = np.unique(found["/clock/episodes/rank"])
    return steady, found


def equal(a, b):
    if a.keys() != b.keys():
        return False
    return all(np.array_equal(a[k], b[k], equal_nan=np.asarray(a[k]).dtype.kind == "f") for k in a)


def launcher(key):
    return [MPIRUN, "-n", "2"] if key in ("sched.rank0", "sched.patience") else []


def run(directory, settings, key):
    command = [*launcher(key), BROOD, "train" if CONTEXT.get(key) in ("train", "list") else "search", "/dev/null", "--run", str(directory)]
    if CONTEXT.get(key) in ("train", "list"):
        command += ["--arch", "3,4,1,1,0"]
    for path, value in settings.items():
        command += ["--set", f"{path}={value}"]
    with runs.apart() as environment:
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


class Runs:
    """Runs with the standard values, each made once: most keys share theirs."""

    def __init__(self, place):
        self.place, self.lock, self.made = place, threading.Lock(), {}

    def of(self, settings, key):
        name = repr((sorted(settings.items()), launcher(key), CONTEXT.get(key) in ("train", "list")))
        with self.lock:
            directory = self.place / f"standard-{len(self.made)}"
            entry = self.made.setdefault(name, {"lock": threading.Lock(), "directory": directory})
        with entry["lock"]:
            if "answer" not in entry:
                entry["answer"] = run(entry["directory"], settings, key)
                if entry["answer"].returncode == 0:
                    entry["content"] = content(entry["directory"] / "run.h5")
        assert entry["answer"].returncode == 0, f"status {entry['answer'].returncode}: {entry['answer'].stderr}"
        return entry["answer"], entry["content"]


def lines(answer):
    return [line for line in answer.stderr.splitlines() if "rounds told, ranks" in line or "rounds told, best" in line or "debug" in line]


def observed(key, other, before, after, a, b):
    """True when the second value shows."""
    steady_a, all_a = a
    steady_b, all_b = b
    if not equal(steady_a, steady_b):
        return True
    if key in ("log.every", "log.level"):
        return len(lines(before)) != len(lines(after))
    if key in ("checkpoint.every", "checkpoint.share"):
        return all_a["/clock/jobs/saves"][-1] != all_b["/clock/jobs/saves"][-1]
    if key == "checkpoint.child":
        return all_a["/clock/jobs/child_saves"][-1] == 0 < all_b["/clock/jobs/child_saves"][-1]
    if key == "sched.threads":
        return all_a["/clock/jobs/threads"][-1] == 1 and all_b["/clock/jobs/threads"][-1] == 2
    if key == "evaluator.delay":
        ended = int(CONTEXT[key]["run.episodes"])
        least = 0.99e-6 * float(other) * all_b["/episodes/flops"][:ended]
        longer = [found["/clock/episodes/busy"][:ended] >= least for found in (all_a, all_b)]
        return longer[1].all() and not longer[0].all()
    return False


def check(key, standard, other, scratch, made):
    context = CONTEXT.get(key, {})
    basis = {**SMALL, **(context if isinstance(context, dict) else {"retrain.epochs": "2"})}
    if key == "data.dir":
        empty = scratch / "no-images"
        empty.mkdir()
        answer = run(scratch / "b", {**basis, key: str(empty)}, key)
        assert answer.returncode != 0 and str(empty) in answer.stderr, "another directory makes no difference"
        return
    if key == "strategy.list":
        return  # set by `brood train --arch`, seen by everything that trains
    if basis.get(key, other) == other:
        basis[key] = standard
    before, standard_content = made.of(basis, key)
    after = run(scratch / "b", {**basis, key: other}, key)
    if after.returncode != 0:  # a value that cannot work here must at least be refused by its name
        assert key in after.stderr, after.stderr
        return
    assert observed(key, other, before, after, standard_content, content(scratch / "b/run.h5")), f"{other!r} instead of {basis[key]!r}: nothing changes"


def one(line, place, made):
    """None where the key is obeyed, else what is wrong."""
    key, _, standard, other = line.split("\t")
    scratch = place / key
    scratch.mkdir()
    try:
        check(key, standard, other, scratch, made)
    except AssertionError as error:
        return f"FAILED: {key}: {error}"
    return None


def main():
    table = subprocess.run([LIST_KEYS], capture_output=True, text=True, check=True).stdout.splitlines()
    place = pathlib.Path(tempfile.mkdtemp(prefix="brood-keys."))
    made = Runs(place)
    with concurrent.futures.ThreadPoolExecutor(max_workers=3) as pool:
        failures = [failure for failure in pool.map(lambda line: one(line, place, made), table) if failure]
    shutil.rmtree(place)
    print("\n".join(failures))
    print(f"{len(table) - len(failures)} passed, {len(failures)} failed")
    sys.exit(len(failures) > 0)


if __name__ == "__main__":
    main()
