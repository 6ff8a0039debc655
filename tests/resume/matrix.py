"""Interrupted at a named point, in a named way, gone on with on other ranks: the content is that of the undisturbed run.

matrix.py BROOD_CRASH pairs|triples: cases in which every two, or every three values of different factors meet. Each asserts that
what it is about took place: the blow fell at its point, the job ended as it should, results are as partial as that point
says, and every child that was in flight is taken up by the next job at the very step that its file tells. Where timing
spoiled that, the case is tried again, and said so."""

import collections
import concurrent.futures
import shutil
import signal
import sys
import threading

import h5py

import jobs
import runs
from cover import cover

FACTORS = {
    "strategy": ["reinforce", "random"],
    "cell": ["nascell", "lstm"],
    "lag": [0, 1, 2],
    "evaluator": ["train", "synthetic"],
    "point": ["first result", "training", "evaluation", "update", "last round", "complete"],
    "way": ["USR1", "TERM", "halt", "max-time", "KILL"],
    "before": [1, 2, 3, 4],
    "after": [1, 2, 3, 4],
}
ROUND, GOAL, EXTENDED = 6, 18, 24
CASES_AT_ONCE, TRIES = 3, 4

# At which entry of a phase the ranks strike, once rank 0 has entered "updating" so often: it asks first, then tells round after round.
POINTS = {
    "first result": {"phase": "training", "entry": 2, "updates": 1},
    "training": {"phase": "training", "entry": 3, "updates": 2},
    "evaluation": {"phase": "evaluating", "entry": 1, "updates": 2},
    "update": {"phase": "updating", "entry": 1, "updates": 3},
    "last round": {"phase": "training", "entry": 3, "updates": 3},
    "complete": {"phase": "updating", "entry": 1, "updates": 4},
}
HALT_LOOK = 5.3  # seconds: rank 0 looks for the file so often where no child finishes
EVERY_RUN = ["checkpoint.every=0.05 s", "checkpoint.share=1", f"run.round={ROUND}", "run.seed=3", "policy.units=8"]
SETTINGS = {
    "train": runs.SETTINGS["train"],
    "synthetic": ["evaluator.name=synthetic", "evaluator.steps=4", "space.layers=1", "space.filters=[4, 8]", "space.pool_size=[2]"],
}


SEEN = ("children taken up after stops", "children taken up after kills", "children taken up at a step above 0 on another rank", "runs that several ranks trained")


class Spoiled(Exception):
    """Timing was such that the case was not about its subject."""


def subject(condition, what):
    if not condition:
        raise Spoiled(what)


class Bench:
    def __init__(self, program, scratch):
        self.program, self.scratch, self.lock = program, scratch, threading.Lock()
        self.images = jobs.small_images(scratch / "images", 200, 10)
        self.references, self.tried_again = {}, []
        self.counts = collections.Counter(dict.fromkeys(SEEN, 0))

    def settings(self, case):
        images = self.images if case["evaluator"] == "train" else []
        of_case = [f"strategy.name={case['strategy']}", f"policy.cell={case['cell']}", f"run.lag={case['lag']}"]
        return [*EVERY_RUN, *SETTINGS[case["evaluator"]], *images, *of_case]

    def reference(self, case):
        """The undisturbed run of one rank, made once."""
        goal = EXTENDED if case["point"] == "complete" else GOAL
        key = (case["strategy"], case["cell"], case["lag"], case["evaluator"], goal)
        with self.lock:
            made = self.references.setdefault(key, threading.Lock())
        directory = self.scratch / f"reference-{'-'.join(map(str, key))}"
        with made:
            if not directory.exists():
                jobs.run(jobs.command_line(directory, *self.settings(case), f"run.episodes={goal}"))
                with h5py.File(directory / "run.h5") as file:
                    assert len(set(file["episodes/reward"][:goal])) > goal // 4, "the rewards do not differ"
        return directory


def blow_of(case, limit):
    """What the ranks do at the point. Those that only send wait until the signal is there, those that leave something to be
    found rest until it must have been."""
    point, way = case["point"], case["way"]
    blow = dict(POINTS[point])
    if way == "KILL":
        if point == "complete":
            blow.update(phase="writing")
        return {**blow, "signal": signal.SIGKILL, "whom": jobs.ALL}
    if way == "TERM":
        return {**blow, "signal": signal.SIGTERM, "whom": jobs.ALL}
    if way == "USR1":
        return {**blow, "signal": signal.SIGUSR1, "whom": jobs.LAUNCHER, "pause": 30}
    at_update = point in ("update", "complete")
    if way == "halt":
        return {**blow, "halt": True, "pause": 0 if at_update else HALT_LOOK}
    # A step that takes p seconds makes the margin of the stop 2 p + 3. While rank 0 rests in an update, the others would finish all that is asked.
    return {**blow, "pause": limit - 3, "hold": True} if at_update else {**blow, "pause": limit / 3 - 0.9}


def interrupt(bench, case, directory, limit):
    """The first job, up to its end. Returns the children in flight, {episode: (step, rank)}, the episodes that the run file has, and the board."""
    point, way = case["point"], case["way"]
    more = ["checkpoint.child=0.01 s" if way == "KILL" else "checkpoint.child=5 min", f"run.episodes={GOAL}"]
    if case["evaluator"] == "synthetic":
        more.append("evaluator.delay=0.1")
    arguments = jobs.command_line(directory, *bench.settings(case), *more)
    if way == "max-time":
        arguments += ["--max-time", f"{limit} s"]
    job = jobs.Job(arguments, case["before"], bench.program, blow=blow_of(case, limit), halt=directory / "halt")
    code, output = job.finish()
    struck = job.board.struck()
    expected = {"KILL": jobs.KILLED, "halt": jobs.HALTED}.get(way, jobs.STOPPED)
    if point == "complete" and way != "KILL":
        expected = jobs.COMPLETE
    if not struck: # it was over before
        jobs.ended(code, output, jobs.COMPLETE, jobs.STOPPED)
    subject(struck, "no rank came to its point")
    if point == "update" and expected != jobs.KILLED and code == jobs.COMPLETE: # children that are short may all have ended by then
        subject(False, "all had finished before the stop was heard")
    jobs.ended(code, output, expected)
    assert not (directory / "halt").exists(), "halt is not consumed"

    status, told = jobs.results(directory), jobs.rounds_told(directory)
    finished = {episode for episode in jobs.finished(directory) if episode < GOAL}
    children = {episode: child for episode, child in jobs.inflight(directory).items() if status.get(episode, 0) == 0}
    killed = way == "KILL"
    if point == "first result":
        subject(not finished, f"{len(finished)} results")
    elif point in ("training", "evaluation"):
        subject((told >= 1 or killed) and len(finished) < GOAL, f"{told} rounds told, {len(finished)} results")
    elif point == "update":
        assert told < 2 if killed else told >= 2, f"{told} rounds told"
        subject(len(finished) < GOAL, "all finished")
    elif point == "last round":
        subject(told == 2 or (killed and told < 2), f"{told} rounds told")
        subject(len(finished) < GOAL, "all finished")
    elif not killed:
        assert told == 3 and len(finished) == GOAL, f"complete, but {told} rounds told, {len(finished)} results"
    if point in ("first result", "training", "evaluation", "last round") and not killed:
        subject(children, "no child in flight")
    if point == "evaluation" and case["evaluator"] == "train" and case["before"] == 1 and not killed:
        with h5py.File(next((directory / "inflight").glob("*.h5"))) as file:
            assert file["child/phase"][()] == 1, "not left in its evaluation"
    return children, status, job.board


def go_on(bench, case, directory, children, asked, board):
    """The jobs after it."""
    fast = ["evaluator.delay=0.01"] if case["evaluator"] == "synthetic" else []  # but not so that one rank does it all
    again, boards = ["search", "--run", directory, *runs.sets(*fast)], [board]
    if case["point"] != "complete" or case["way"] == "KILL":
        output, board = jobs.run_on_board(again, case["after"], program=bench.program, blow={})
        boards.append(board)
        said = " ".join(output.split())
        for episode, (step, _) in children.items():
            # A kill may leave a child of a round whose asking was not yet saved: it is asked again, and then taken up.
            assert f"episode {episode} at step {step}" in said or len(children) > 6 or episode not in asked, f"not told that {episode} is in flight:\n{output}"
    if case["point"] == "complete":
        more = [*again, "--set", f"run.episodes={EXTENDED}"]
        boards.append(jobs.run_on_board(more, case["after"], program=bench.program, blow={})[1])
    columns = jobs.clock(directory, "resumed_step", "resumed_rank")
    taken_up = {episode: (columns[0][episode], columns[1][episode]) for episode in children}
    assert taken_up == children, f"in flight were (episode: step, rank) {children}, taken up {taken_up}"
    if case["way"] != "KILL":
        repeated = jobs.repeated(directory, range(GOAL))
        assert not repeated, f"training steps were done twice (episode: worked, of steps): {repeated}"
        jobs.counted(directory, range(EXTENDED if case["point"] == "complete" else GOAL), boards)
    trained_by = set(jobs.clock(directory, "rank")[0][:GOAL])
    if len(trained_by) == 1 and min(case["before"], case["after"]) > 1:
        raise Spoiled(f"rank {trained_by} alone has trained")
    with bench.lock:
        bench.counts["children taken up after kills" if case["way"] == "KILL" else "children taken up after stops"] += len(children)
        bench.counts["children taken up at a step above 0 on another rank"] += len(jobs.moved(directory))
        bench.counts["runs that several ranks trained"] += len(trained_by) > 1


def play(bench, number, case):
    name = f"case {number}: " + ", ".join(f"{key} {value}" for key, value in case.items())
    try:
        reference = bench.reference(case)
        for attempt in range(TRIES):
            directory = bench.scratch / f"run-{number}-{attempt}"
            try:
                go_on(bench, case, directory, *interrupt(bench, case, directory, limit=6 * 2**attempt))
                break
            except Spoiled as why:
                with bench.lock:
                    bench.tried_again.append(f"{name}: {why}")
        else:
            return f"{name}: {bench.tried_again[-1]}, {TRIES} times"
        jobs.same(directory, reference)
        jobs.tidy(directory)
        shutil.rmtree(directory)
    except AssertionError as error:
        return f"{name}: {error}"
    return None


def main():
    program, size = sys.argv[1:]
    cases = cover(FACTORS, {"pairs": 2, "triples": 3}[size])
    with runs.Scratch() as scratch, concurrent.futures.ThreadPoolExecutor(max_workers=CASES_AT_ONCE) as pool:
        bench = Bench(program, scratch)
        failures = []
        for number, failure in enumerate(pool.map(lambda job: play(bench, *job), enumerate(cases)), 1):
            if failure:
                failures.append(failure)
                print(f"FAILED: {failure}", flush=True)
            if number % 20 == 0:
                print(f"{number} of {len(cases)} cases", flush=True)
    jobs.report_crashes()
    for line in bench.tried_again:
        print(f"tried again: {line}")
    for what, number in bench.counts.items():
        print(f"{what}: {number}")
        if number == 0:
            failures.append(what)
            print("FAILED: nothing was tested of that")
    print(f"{len(cases) - len(failures)} passed, {len(failures)} failed")
    sys.exit(len(failures) > 0)


if __name__ == "__main__":
    main()
