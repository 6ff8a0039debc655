"""Any number of ranks, any lag, halted or not, extended or not: the same content.

For each lag every combination is compared with the run of one rank that was neither halted nor extended, by
`brood compare` and by an independent program on h5py. `full` takes all 48 combinations, `half` those in which every
three values of different factors still meet, `pairs` a dozen in which every two do."""

import concurrent.futures
import itertools
import subprocess
import sys

import h5py
import numpy as np

import runs
from compare import compare  # tests/run/compare.py, the second opinion

GOAL, FIRST_GOAL, ROUND = 24, 12, 4
TRIES = 3


class Missed(Exception):
    """The run was not halted in mid-run: on a busy machine it may be halted before its first episode has ended, or not in time."""


def search(directory, ranks, evaluator, lag, halted, extended):
    """A run to GOAL. Returns the number of jobs it took."""
    basis = runs.sets(*runs.SETTINGS[evaluator], *runs.EVERY_RUN, f"run.round={ROUND}", f"run.lag={lag}", "run.seed=7")
    first = FIRST_GOAL if extended else GOAL
    begin = ["search", "/dev/null", "--run", directory, *basis, "--set", f"run.episodes={first}"]
    jobs = 1
    if halted:
        runs.halt_in_mid_run(runs.start(ranks, *begin), directory)
        done = runs.finished(directory)
        if not 0 < done < first:
            raise Missed(f"{done} episodes had finished: not halted in mid-run")
        assert not (directory / "halt").exists(), "halt is not consumed"
        runs.run(ranks, "search", "--run", directory)
        jobs += 1
    else:
        runs.run(ranks, *begin)
    if extended:
        runs.run(ranks, "search", "--run", directory, "--set", f"run.episodes={GOAL}")
        jobs += 1
    return jobs


def check(directory, reference, ranks, jobs):
    answer = subprocess.run([runs.BROOD, "compare", directory, reference], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    difference = compare(directory / "run.h5", reference / "run.h5")
    assert difference is None, f"h5py finds a difference: {difference}"
    with h5py.File(directory / "run.h5", "r") as file:
        below = file["episodes/episode"][:] < GOAL
        trained_by = set(file["clock/episodes/rank"][:][below].tolist()) - {-1}
        assert len(trained_by) >= min(ranks, 2), f"{ranks} ranks, but only {trained_by} trained"
        assert len(np.unique(file["episodes/reward"][:][below])) > GOAL // 4, "the rewards do not differ"
        assert file["clock/jobs/id"].shape[0] == jobs, "not the number of jobs that there were"


def main():
    evaluator, size = sys.argv[1:]
    combinations = list(itertools.product((0, 1, 2), (1, 2, 3, 4), (False, True), (False, True)))
    if size == "half":
        combinations = [c for c in combinations if sum(c) % 2 == 0]
    elif size == "pairs":
        combinations = [(lag, ranks, (lag + ranks) % 2 == 0, (lag + ranks // 3) % 2 == 1) for lag in (0, 1, 2) for ranks in (1, 2, 3, 4)]
    with runs.Scratch() as scratch, concurrent.futures.ThreadPoolExecutor(max_workers=3) as pool:

        def refer(lag):
            search(scratch / f"reference-{lag}", 1, evaluator, lag, halted=False, extended=False)

        def one(lag, ranks, halted, extended):
            name = f"lag{lag}-ranks{ranks}{'-halted' * halted}{'-extended' * extended}"
            why = None
            for attempt in range(TRIES):
                directory = scratch / f"{name}-{attempt}"
                try:
                    jobs = search(directory, ranks, evaluator, lag, halted, extended)
                    check(directory, scratch / f"reference-{lag}", ranks, jobs)
                    return None
                except Missed as missed:
                    why = f"{name}: {missed}, {attempt + 1} times"
                except AssertionError as error:
                    return f"{name}: {error}"
            return why

        list(pool.map(refer, (0, 1, 2)))
        failures = [failure for failure in pool.map(lambda c: one(*c), combinations) if failure]
        a, b = scratch / "reference-0", scratch / "reference-1"
        answer = subprocess.run([runs.BROOD, "compare", a, b], capture_output=True, text=True)
        assert answer.returncode == 1 and compare(a / "run.h5", b / "run.h5"), "lag leaves no trace: nothing was tested"
    print("\n".join(failures))
    print(f"{evaluator}: {len(combinations) - len(failures)} passed, {len(failures)} failed")
    sys.exit(len(failures) > 0)


if __name__ == "__main__":
    main()
