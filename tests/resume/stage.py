"""What the tests of stops and starts share: a run of children of equal cost, jobs in a directory of the test's own, and how tests are run.

A program of tests ends with stage.main(globals()): `stops.py BROOD_CRASH [test_…]`."""

import concurrent.futures
import hashlib
import shutil
import sys
import traceback

import h5py

import jobs
import runs

AT_ONCE, TRIES = 3, 4
STEPS, EPOCHS, ROUND, EPISODES = 4, 2, 4, 8

# Networks of equal cost, so that a mini-batch takes what a test wants.
SETTINGS = {
    "run.episodes": EPISODES, "run.round": ROUND, "run.seed": 2, "checkpoint.every": "0.05 s", "checkpoint.share": 1,
    "evaluator.name": "synthetic", "evaluator.steps": STEPS, "child.epochs": EPOCHS, "policy.units": 8,
    "space.layers": 1, "space.kernel_size": "[3]", "space.filters": "[8]", "space.pool_size": "[2]", "space.dropout": "[0, 10, 20, 30, 40, 50, 60, 70]",
}
LONG = {"child.epochs": 100 * EPOCHS}  # so that no child finishes


def pairs(settings):
    return [f"{key}={value}" for key, value in settings.items()]


class Slow(Exception):
    """It took longer than it may; on a busy machine that proves nothing, so it is tried again."""


class Bench:
    def __init__(self, program, scratch):
        self.program, self.scratch = program, scratch
        self.reference = scratch / "reference"
        jobs.run(jobs.command_line(self.reference, *pairs(SETTINGS)))
        with h5py.File(self.reference / "run.h5") as file:
            flops = set(file["episodes/flops"][:EPISODES].tolist())
        assert len(flops) == 1, flops
        self.flops = flops.pop()

    def pace(self, step, epochs):
        """The setting with which a mini-batch takes so many seconds."""
        return {"evaluator.delay": f"{step * STEPS * epochs * 1e6 / self.flops:.9g}"}


class Place:
    """A test's directory, and the jobs in it."""

    def __init__(self, bench, scratch):
        self.bench, self.scratch, self.directory = bench, scratch, scratch / "run"
        self.started, self.boards = [], []

    def start(self, step, changed=None, ranks=2, more=(), **how):
        """A job whose mini-batches take `step` seconds."""
        settings = {**SETTINGS, **(changed or {})}
        settings.update(self.bench.pace(step, settings["child.epochs"]))
        arguments = [*jobs.command_line(self.directory, *pairs(settings)), *more]
        job = jobs.Job(arguments, ranks, self.bench.program, blow={}, **how)
        self.started.append(job)
        self.boards.append(job.board)
        return job

    def at_work(self, step, changed=None, ranks=2, **how):
        """The same, when all its ranks train."""
        job = self.start(step, changed, ranks, **how)
        assert job.wait_for(lambda: all(job.board.phase(rank) in ("training", "evaluating") for rank in range(max(ranks, 1)))), job.log()
        return job

    def go_on(self, *more, ranks=2, expected=jobs.COMPLETE):
        arguments = ["search", "--run", self.directory, "--set", "evaluator.delay=0", *more]
        output, board = jobs.run_on_board(arguments, ranks, expected, program=self.bench.program, blow={})
        self.boards.append(board)
        return output

    def complete(self, *more, ranks=2):
        """Goes on to the end; the content is that of the undisturbed run, and nothing was done twice."""
        output = self.go_on(*more, ranks=ranks)
        self.check()
        repeated = jobs.repeated(self.directory, range(EPISODES))
        assert not repeated, f"training steps were done twice (episode: worked, of steps): {repeated}"
        jobs.counted(self.directory, range(EPISODES), self.boards)
        return output

    def check(self):
        jobs.same(self.directory, self.bench.reference)
        jobs.tidy(self.directory)

    def tree(self):
        """Every file with its content and its time."""
        found = {}
        for path in sorted(self.directory.rglob("*")):
            try:
                if path.is_file():
                    found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns
            except FileNotFoundError:  # of a write that has just ended
                continue
        return found

    def close(self):
        for job in self.started:
            job.end()
            shutil.rmtree(job.place, ignore_errors=True)


def ends_with(job, code):
    found, output = job.finish()
    jobs.ended(found, output, code)
    return output


def one(bench, name, test):
    why = None
    for attempt in range(TRIES):
        scratch = bench.scratch / f"{name}-{attempt}"
        scratch.mkdir()
        place = Place(bench, scratch)
        try:
            test(place)
            return name, None
        except Slow as slow:
            why = f"too slow, {attempt + 1} times: {slow}"
            print(f"tried again: {name}: {slow}", flush=True)
        except AssertionError as error:
            return name, error
        except Exception:
            return name, traceback.format_exc()
        finally:
            place.close()
            shutil.rmtree(scratch, ignore_errors=True)
    return name, why


def main(names):
    chosen = sys.argv[2:]
    tests = [(name, test) for name, test in names.items() if name.startswith("test_") and (not chosen or name in chosen)]
    tests.sort(key=lambda item: "time" not in item[0])  # the longest first
    failed = 0
    with runs.Scratch() as scratch, concurrent.futures.ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        bench = Bench(sys.argv[1], scratch)
        for name, failure in pool.map(lambda item: one(bench, *item), tests):
            if failure:
                failed += 1
                print(f"FAILED: {name}: {failure}", flush=True)
    jobs.report_crashes()
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(failed > 0 or not tests)
