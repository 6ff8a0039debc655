"""Searches that are killed and stopped again and again, until they are done: the content is that of the undisturbed run.

crash.py BROOD_CRASH KILLS [SEED]. Half of the blows fall at random instants, half at the entry of a phase, on a rank of its own;
as SIGKILL of all ranks or of one, as SIGTERM to the ranks, as SIGUSR1 through mpirun. After each the run is started again on a
random number of ranks. Every second case trains real children. All is drawn from the seed, which is printed. Counted are the
blows by phase, and the children that were taken up at a step above 0 on another rank than saved them: none of them may be 0."""

import collections
import concurrent.futures
import pathlib
import random
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "resume"))
import jobs
import runs

CASES_AT_ONCE = 3
WAYS = {
    "all killed": (signal.SIGKILL, jobs.ALL),
    "one killed": (signal.SIGKILL, jobs.SELF),
    "TERM": (signal.SIGTERM, jobs.ALL),
    "USR1": (signal.SIGUSR1, jobs.LAUNCHER),
}
KILLS, STOPS = ("all killed", "one killed"), ("TERM", "USR1")
# Up to which entry of a phase a blow waits for: so many come soon.
ENTRIES = {"training": 40, "evaluating": 8, "updating": 2, "writing": 4, "idle": 3}

ROUND, EPISODES = 4, 16
EVERY_CASE = ["checkpoint.every=0.2 s", "checkpoint.child=0.2 s", "checkpoint.share=1", f"run.round={ROUND}", f"run.episodes={EPISODES}", "policy.units=16"]
# Children of about half a second; the real ones with batch normalisation, dropout and Adam, 3 epochs of 16 mini-batches.
EVALUATORS = {
    "train": [
        "data.train=640", "data.validation=120", "data.downscale=2", "child.batch=40", "child.epochs=3", "child.optimizer=adam",
        "space.layers=2", "space.filters=[16, 24]", "space.dropout=[25, 50]", "space.pool_size=[2]", "space.batch_norm=true",
    ],
    "synthetic": ["evaluator.name=synthetic", "evaluator.steps=12", "space.layers=1", "space.filters=[16, 24]", "evaluator.delay=0.2"],
}


class Bench:
    """What all cases share."""

    def __init__(self, program, scratch, seed):
        self.program, self.scratch, self.seed = program, scratch, seed
        self.lock = threading.Lock()
        self.references = {}
        self.phases, self.ways, self.starting = collections.Counter(), collections.Counter(), 0
        self.moved = self.jobs = self.runs = self.stopped_only = self.done = 0
        self.began = time.monotonic()
        self.images = jobs.small_images(scratch / "images", 760, 10)

    def settings(self, evaluator, lag):
        images = self.images if evaluator == "train" else []
        return [*EVERY_CASE, *EVALUATORS[evaluator], *images, f"run.lag={lag}", "run.seed=5"]

    def reference(self, evaluator, lag):
        """The undisturbed run, and the seconds that it took; made once."""
        with self.lock:
            made = self.references.setdefault((evaluator, lag), [threading.Lock(), None])
        with made[0]:
            if made[1] is None:
                directory = self.scratch / f"reference-{evaluator}-{lag}"
                start = time.monotonic()
                jobs.run(jobs.command_line(directory, *self.settings(evaluator, lag)), ranks=2)
                made[1] = directory, time.monotonic() - start
        return made[1]

    def count(self, way, phase):
        with self.lock:
            self.done += 1
            self.ways[way] += 1
            if phase is None:
                self.starting += 1
            else:
                self.phases[phase] += 1


class Case:
    """One run after the other, of one configuration, until all its blows have fallen and the last run is complete.

    A blow is a way and the phase at whose entry it falls; None: at a random instant."""

    def __init__(self, bench, number, blows):
        self.bench, self.number, self.blows = bench, number, blows
        self.draw = random.Random(f"{bench.seed}/{number}")
        self.evaluator, self.lag = ("train", "synthetic")[number % 2], self.draw.choice((0, 1))
        self.fallen, self.jobs, self.runs, self.steps = 0, 0, 0, []

    def name(self):
        return f"case {self.number} ({self.evaluator}, lag {self.lag}, {', '.join(way for way, _ in self.blows)})"

    def run(self):
        try:
            self.reference, self.seconds = self.bench.reference(self.evaluator, self.lag)
            while self.fallen < len(self.blows):
                self.run_to_the_end()
        except AssertionError as error:
            story = "; ".join(self.steps)
            return f"{self.name()}, run {self.runs}: {story}: {error}"
        return None

    def run_to_the_end(self):
        self.directory = self.bench.scratch / f"run-{self.number}-{self.runs}"
        self.runs += 1
        self.steps = []
        self.boards, self.durable = [], set()
        self.sure = None  # episodes that had their results before the first kill; None: there was none
        while not self.job():
            pass
        jobs.same(self.directory, self.reference)
        jobs.tidy(self.directory)
        sure = range(EPISODES) if self.sure is None else self.sure
        repeated = jobs.repeated(self.directory, sure)
        assert not repeated, f"stops alone, and training steps were done twice (episode: worked, of steps): {repeated}"
        if self.sure is None:
            jobs.counted(self.directory, sure, self.boards)
        columns = jobs.clock(self.directory, "resumed_step")[0]
        with self.bench.lock:
            self.bench.runs += 1
            self.bench.moved += len(jobs.moved(self.directory))
            self.bench.stopped_only += sum(columns[episode] > 0 for episode in sure)

    def job(self):
        """One job, with a blow as long as there are any. True: the run is complete."""
        ranks = self.draw.randint(1, 4)
        self.jobs += 1
        arguments = jobs.command_line(self.directory, *self.bench.settings(self.evaluator, self.lag))
        with self.bench.lock:
            self.bench.jobs += 1
        if self.fallen == len(self.blows):
            self.boards.append(jobs.run_on_board(arguments, ranks, program=self.bench.program, blow={})[1])
            return True
        (way, phase), victim = self.blows[self.fallen], self.draw.randrange(ranks)
        if phase is None:
            job, phase, sent = self.strike_at_random(arguments, ranks, way, victim)
        else:
            job, phase, sent = self.strike_at_entry(arguments, ranks, way, victim, phase)
        at_work = all(job.board.phase(rank) for rank in range(ranks))
        self.boards.append(job.board)
        code, output = job.finish()
        if way not in STOPS and sent:
            phase = job.board.phase(victim)  # where it died
        self.steps.append(f"{ranks} ranks, {way}, rank {victim} {phase or 'starting'}, exit code {code}")
        finished = jobs.finished(self.directory)
        assert self.durable <= finished, f"results that were in the run file are lost: {sorted(self.durable - finished)}\n{output}"
        self.durable = finished
        if code == jobs.COMPLETE:
            return True
        assert sent, f"it ended by itself, exit code {code}:\n{output}"
        expected = [jobs.STOPPED] if way in STOPS else [jobs.KILLED]
        if way in STOPS and not at_work:  # nothing catches signals yet, in a rank or in mpirun
            expected.append(jobs.KILLED if job.launcher_failed else 128 + WAYS[way][0])
        jobs.ended(code, output, *expected)
        if code != jobs.STOPPED and self.sure is None:
            self.sure = finished
        self.fallen += 1
        self.bench.count(way, phase)
        return False

    def strike_at_random(self, arguments, ranks, way, victim):
        """Now and then while it starts; else at any instant of its work."""
        starting, fraction = self.draw.random() < 0.15, self.draw.random()
        job = jobs.Job(arguments, ranks, self.bench.program, blow={})
        if starting:
            time.sleep(0.5 * fraction)
        else:
            job.wait_for(lambda: job.board.phase(victim) is not None)
            time.sleep(fraction * self.seconds / 4)
        return job, *self.strike(job, ranks, way, victim)

    def strike(self, job, ranks, way, victim):
        number, whom = WAYS[way]
        phase, sent = job.board.phase(victim), job.running()
        if whom == jobs.LAUNCHER:
            job.send(number, [job.process.pid])
        else:
            job.send(number, [process for process in map(job.board.process, range(ranks) if whom == jobs.ALL else [victim]) if process])
        return phase, sent

    def strike_at_entry(self, arguments, ranks, way, victim, phase):
        """The victim deals the blow itself; where the phase does not come, it falls at that instant."""
        if phase == "updating":
            victim = 0
        number, whom = WAYS[way]
        after = self.draw.choice((0, 0, 0.0005, 0.003)) if phase == "writing" else 0
        blow = {"phase": phase, "entry": self.draw.randint(1, ENTRIES[phase]), "rank": victim, "signal": number, "whom": whom, "after": after}
        job = jobs.Job(arguments, ranks, self.bench.program, blow=blow)
        if job.wait_for(job.board.struck, seconds=2 + self.seconds):
            return job, phase, True
        return job, *self.strike(job, ranks, way, victim)


class Deck:
    """Cards drawn in a random order, each as often as any other."""

    def __init__(self, draw, cards):
        self.draw, self.cards, self.left = draw, list(cards), []

    def take(self):
        if not self.left:
            self.left = self.draw.sample(self.cards, len(self.cards))
        return self.left.pop()


def draw_cases(bench, kills):
    """Every fifth case is stopped alone, never killed; in the others two blows of three kill."""
    draw, cases = random.Random(f"{bench.seed}/cases"), []
    places = Deck(draw, [*jobs.PHASES, *[None] * len(jobs.PHASES)])
    ways, stops = Deck(draw, [*WAYS, *KILLS]), Deck(draw, STOPS)
    while kills > 0:
        count, deck = min(kills, draw.randint(3, 6)), stops if len(cases) % 5 == 2 else ways
        cases.append(Case(bench, len(cases), [(deck.take(), places.take()) for _ in range(count)]))
        kills -= count
    return cases


def main():
    program, kills = sys.argv[1], int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}: crash.py {kills} {seed} draws the same again", flush=True)
    failures = 0
    with runs.Scratch() as scratch, concurrent.futures.ThreadPoolExecutor(max_workers=CASES_AT_ONCE) as pool:
        bench = Bench(program, scratch, seed)
        cases = draw_cases(bench, kills)
        for case, failure in zip(cases, pool.map(Case.run, cases)):
            progress = f"{bench.done} of {kills} blows after {time.monotonic() - bench.began:.0f} s"
            print(f"{case.name()}: {case.jobs} jobs, {case.runs} runs; {progress}", flush=True)
            if failure:
                failures += 1
                print(f"FAILED: {failure}", flush=True)
    print(f"blows by phase: {', '.join(f'{phase} {bench.phases[phase]}' for phase in jobs.PHASES)}; while starting: {bench.starting}")
    print(f"blows by way: {', '.join(f'{way} {bench.ways[way]}' for way in WAYS)}; {bench.jobs} jobs, {bench.runs} runs")
    jobs.report_crashes()
    print(f"children taken up on another rank than saved them: {bench.moved}; after stops alone, no step done twice: {bench.stopped_only}")
    unseen = [phase for phase in jobs.PHASES if bench.phases[phase] == 0]
    unseen += [what for what, number in (("children moved", bench.moved), ("children stopped", bench.stopped_only)) if number == 0]
    if unseen:
        print(f"FAILED: nothing was tested of {', '.join(unseen)}")
    print(f"{len(cases) - failures} passed, {failures} failed")
    sys.exit(failures > 0 or bool(unseen))


if __name__ == "__main__":
    main()
