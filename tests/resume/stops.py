"""Stops, seen from outside: exit codes, what is said, how long it takes, and that nothing is lost or overwritten.

stops.py BROOD_CRASH"""

import concurrent.futures
import hashlib
import os
import pathlib
import pty
import re
import shutil
import signal
import sys
import threading
import time
import traceback

import h5py

import jobs
import runs

AT_ONCE, TRIES = 3, 4
USAGE, CONFIG, DAMAGED, NO_FILE = 2, 3, 5, 6
SKIPPED = 7  # of episodes/status
INTERRUPTED = 128 + signal.SIGINT
STEPS, EPOCHS, ROUND, EPISODES = 4, 2, 4, 8
WRAPPER = runs.SOURCE / "scripts" / "brood-run"

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
        self.started = []

    def start(self, step, changed=None, ranks=2, more=(), **how):
        """A job whose mini-batches take `step` seconds."""
        settings = {**SETTINGS, **(changed or {})}
        settings.update(self.bench.pace(step, settings["child.epochs"]))
        arguments = [*jobs.command_line(self.directory, *pairs(settings)), *more]
        job = jobs.Job(arguments, ranks, self.bench.program, blow={}, **how)
        self.started.append(job)
        return job

    def at_work(self, step, changed=None, ranks=2, **how):
        """The same, when all its ranks train."""
        job = self.start(step, changed, ranks, **how)
        assert job.wait_for(lambda: all(job.board.phase(rank) in ("training", "evaluating") for rank in range(max(ranks, 1)))), job.log()
        return job

    def go_on(self, *more, ranks=2, expected=jobs.COMPLETE):
        return jobs.run(["search", "--run", self.directory, "--set", "evaluator.delay=0", *more], ranks, expected)

    def complete(self, *more, ranks=2):
        """Goes on to the end; the content is that of the undisturbed run, and nothing was done twice."""
        output = self.go_on(*more, ranks=ranks)
        self.check()
        repeated = jobs.repeated(self.directory, range(EPISODES))
        assert not repeated, f"training steps were done twice (episode: worked, of steps): {repeated}"
        return output

    def check(self):
        jobs.same(self.directory, self.bench.reference)
        jobs.tidy(self.directory)

    def tree(self):
        """Every file with its content and its time."""
        found = {}
        for path in sorted(self.directory.rglob("*")):
            if path.is_file():
                found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns
        return found

    def close(self):
        for job in self.started:
            if job.running():
                job.send(signal.SIGKILL, job.session())
                job.process.wait()
            shutil.rmtree(job.place, ignore_errors=True)


def ends_with(job, code):
    found, output = job.finish()
    jobs.ended(found, output, code)
    return output


# ---- signals ----


def stop_and_go_on(place, expected, act, ranks=2):
    job = place.at_work(0.1, ranks=ranks)
    act(job)
    output = ends_with(job, expected)
    children = jobs.inflight(place.directory)
    assert children or expected == jobs.HALTED, "nothing in flight"
    assert "To go on      scripts/brood-run search --run" in output, output
    said = place.complete()
    words = " ".join(said.split())
    for episode, (step, _) in children.items():
        assert f"episode {episode} at step {step}" in words, words
    return output


def test_term_to_the_ranks_ends_with_75(place):
    stop_and_go_on(place, jobs.STOPPED, lambda job: job.send(signal.SIGTERM, job.ranks().values()))


def test_term_to_one_rank_ends_with_75(place):
    stop_and_go_on(place, jobs.STOPPED, lambda job: job.send(signal.SIGTERM, [job.ranks()[2]]), ranks=3)


def test_usr1_to_mpirun_ends_with_75(place):
    stop_and_go_on(place, jobs.STOPPED, lambda job: job.send(signal.SIGUSR1, [job.process.pid]), ranks=4)


def test_int_to_the_ranks_ends_with_76(place):
    stop_and_go_on(place, jobs.HALTED, lambda job: job.send(signal.SIGINT, job.ranks().values()))


def test_int_without_mpirun_ends_with_76(place):
    stop_and_go_on(place, jobs.HALTED, lambda job: job.send(signal.SIGINT, [job.process.pid]), ranks=0)


def test_halt_ends_with_76_and_is_consumed(place):
    def halt(job):
        (place.directory / "halt").touch()

    stop_and_go_on(place, jobs.HALTED, halt)


def test_halt_is_found_where_no_child_finishes_within_5_s(place):
    job = place.at_work(0.1, LONG)
    (place.directory / "halt").touch()
    before = time.monotonic()
    ends_with(job, jobs.HALTED)
    took = time.monotonic() - before
    assert not jobs.finished(place.directory) and not (place.directory / "halt").exists()
    assert len(jobs.inflight(place.directory)) == 2
    if took > 8:
        raise Slow(f"{took:.1f} s")


def test_term_cont_term_is_one_stop(place):
    job = place.at_work(0.1)
    ranks = list(job.ranks().values())
    before = time.monotonic()
    for number in signal.SIGTERM, signal.SIGCONT, signal.SIGTERM:
        job.send(number, ranks)
    took = time.monotonic() - before
    output = ends_with(job, jobs.STOPPED)
    assert output.count("got a signal") == 1, output
    place.complete()
    if took > 0.01:
        raise Slow(f"the three signals took {1000 * took:.0f} ms")


def test_a_second_int_after_a_second_ends_at_once_an_earlier_one_changes_nothing(place):
    """One rank stands still, so that the stop can't be completed."""
    job = place.at_work(0.1)
    ranks = job.ranks()
    job.send(signal.SIGSTOP, [ranks[1]])
    job.send(signal.SIGINT, [ranks[0]])
    first = time.monotonic()
    time.sleep(0.3)
    job.send(signal.SIGINT, [ranks[0]])
    if time.monotonic() - first > 0.9:
        raise Slow("the second signal came too late")
    time.sleep(1)
    assert job.running(), "the second signal within a second ended it"
    job.send(signal.SIGINT, [ranks[0]])
    before = time.monotonic()
    code, output = job.finish()
    took = time.monotonic() - before
    jobs.ended(code, output, INTERRUPTED)
    assert took < 10, f"it took {took:.1f} s"
    output = place.go_on()
    assert "left no word" in output, output
    place.check()


# ---- the wrapper ----


class Terminal:
    """A terminal of its own, whose foreground process group gets what is typed."""

    def __init__(self):
        self.keyboard, self.screen = pty.openpty()
        self.text, self.lock = b"", threading.Lock()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        while True:
            try:
                more = os.read(self.keyboard, 4096)
            except OSError:
                return
            with self.lock:
                self.text += more

    def press(self, key):
        os.write(self.keyboard, key)

    def words(self):
        with self.lock:
            return self.text.decode(errors="replace")

    def close(self):
        os.close(self.screen)
        time.sleep(0.05)
        os.close(self.keyboard)


def wrapped(place, ranks, step):
    terminal = Terminal()
    job = place.start(step, ranks=ranks, wrapper=[sys.executable, __file__, "terminal", os.ttyname(terminal.screen), WRAPPER, "-n", ranks])
    assert job.wait_for(lambda: all(job.board.phase(rank) in ("training", "evaluating") for rank in range(ranks))), job.log() + terminal.words()
    return job, terminal


def on_terminal(device, *command):
    """Child process: makes the device the terminal that controls this session, and becomes the command."""
    import fcntl
    import termios

    screen = os.open(device, os.O_RDWR)
    fcntl.ioctl(screen, termios.TIOCSCTTY, 0)
    for number in 0, 1, 2:
        os.dup2(screen, number)
    os.execv(command[0], command)


def test_ctrl_c_under_brood_run_ends_with_76_and_says_how_to_go_on(place):
    job, terminal = wrapped(place, 2, 0.1)
    terminal.press(b"\x03")
    code, output = job.finish()
    said = terminal.words()
    terminal.close()
    jobs.ended(code, output + said, jobs.HALTED)
    assert "brood-run: stopping" in said and "brood-run: stopped; the same command goes on from here" in said, said
    assert f"To go on      scripts/brood-run search --run {place.directory}" in said, said
    assert len(jobs.inflight(place.directory)) == 2
    place.complete()


def test_a_second_ctrl_c_under_brood_run_kills(place):
    """One rank stands still, so that the stop can't be completed."""
    job, terminal = wrapped(place, 2, 0.1)
    ranks = job.ranks()
    job.send(signal.SIGSTOP, [ranks[1]])
    terminal.press(b"\x03")
    job.wait_for(lambda: "brood-run: stopping" in terminal.words(), 30)
    terminal.press(b"\x03")
    job.wait_for(lambda: "brood-run: killed" in terminal.words(), 30)
    job.send(signal.SIGCONT, [ranks[1]])
    before = time.monotonic()
    job.wait_for(lambda: False)
    alive = job.session()
    while alive and time.monotonic() - before < 20:
        time.sleep(0.05)
        alive = job.session()
    took = time.monotonic() - before
    code, output = job.finish()
    said = terminal.words()
    terminal.close()
    jobs.ended(code, output + said, jobs.KILLED)
    assert not alive, f"{alive} outlive mpirun"
    assert "brood-run: killed; the same command goes on from the last checkpoint" in said, said
    place.go_on()
    place.check()
    if took > 5:
        raise Slow(f"{took:.1f} s")


def test_term_under_brood_run_ends_with_75(place):
    job, terminal = wrapped(place, 2, 0.1)
    job.send(signal.SIGTERM, [job.process.pid])
    code, output = job.finish()
    said = terminal.words()
    terminal.close()
    jobs.ended(code, output + said, jobs.STOPPED)
    place.complete()


# ---- time ----


def time_to_leave(output):
    found = re.search(r"stopped: ([0-9.]+) s until every rank had left its child, ([0-9.]+) s for the run file", output)
    assert found, output
    return float(found.group(1)), float(found.group(2))


def stop_in_time(place, step, most, ranks, whom):
    """`most`: seconds from the signal until all ranks have left their children. Behind it come the write, MPI_Finalize and mpirun."""
    job = place.at_work(step, ranks=ranks)
    time.sleep(0.1 * step)  # into the mini-batch
    before = time.monotonic()
    job.send(signal.SIGUSR1, whom(job))
    output = ends_with(job, jobs.STOPPED)
    whole = time.monotonic() - before
    leaving, writing = time_to_leave(output)
    with h5py.File(place.directory / "run.h5") as file:
        children = float(file["clock/jobs/child_writing"][0])
    place.complete()
    words = f"{whole:.2f} s, of which {leaving:.2f} s until all ranks had left ({children:.2f} s of writing in all), {writing:.2f} s for the run file"
    if leaving > most + children + 0.15 or whole > leaving + writing + 1.5:
        raise Slow(f"{words}; {most} s of mini-batches are due")
    print(f"from signal to exit, mini-batches of {step} s: {words}")


def test_a_signal_to_all_is_answered_within_a_mini_batch(place):
    stop_in_time(place, 0.5, 0.5, 3, lambda job: [job.process.pid])


def test_a_signal_to_one_rank_is_answered_within_rank_0s_mini_batch_and_the_others(place):
    stop_in_time(place, 0.5, 1.0, 3, lambda job: [job.ranks()[2]])


def time_limit(place, written, seconds):
    job = place.start(0.1, LONG, more=["--max-time", written])
    job.wait_for(lambda: job.board.process(0))  # mpirun takes its time before, and knows nothing of the limit
    before = time.monotonic()
    output = ends_with(job, jobs.STOPPED)
    took = time.monotonic() - before
    assert "the time limit is" in output, output
    children = jobs.inflight(place.directory)
    assert len(children) == 2, children
    assert took > seconds / 2, f"after {took:.1f} s, long before its time"
    output = place.go_on()
    assert "stopped by a signal or its time limit" in output, output
    taken_up = jobs.clock(place.directory, "resumed_step")[0]
    assert all(taken_up[episode] == step for episode, (step, _) in children.items()), f"in flight {children}, taken up {taken_up}"
    assert not jobs.repeated(place.directory, range(EPISODES))
    if took > seconds:
        raise Slow(f"--max-time {written}: {took:.2f} s")
    print(f"--max-time {written}: {took:.2f} s")


def test_max_time_in_minutes_and_seconds_ends_before_it(place):
    time_limit(place, "0:20", 20)


def test_max_time_in_seconds_ends_before_it(place):
    time_limit(place, "20s", 20)


# ---- the lock ----


def test_a_second_start_is_refused_by_name_and_the_first_undisturbed(place):
    job = place.at_work(0.5)
    holder = job.ranks()[0]
    said = place.go_on(expected=jobs.LOCKED)
    assert f"process {holder} on {os.uname().nodename}" in said and "is running" in said, said
    assert place.go_on(ranks=0, expected=jobs.LOCKED)
    job.send(signal.SIGUSR1, [job.process.pid])
    ends_with(job, jobs.STOPPED)
    place.complete()


def lose_lock(place, lose, step, changed=None):
    job = place.at_work(step, changed)
    if "checkpoint.child" in (changed or {}):
        assert job.wait_for(lambda: len(jobs.inflight(place.directory)) == 2), job.log()
        time.sleep(1)  # until rank 0 has nothing new to save
    lose(place.directory / "lock")
    time.sleep(0.3)  # a write that has looked at the lock already
    before, foreign = place.tree(), time.monotonic()
    output = ends_with(job, jobs.LOCKED)
    took = time.monotonic() - foreign
    assert place.tree() == before, "it wrote although the run is another's"
    return output, took


def test_a_job_whose_lock_was_taken_over_ends_with_9_and_writes_nothing(place):
    def take_over(lock):
        other = lock.with_name("other")
        other.write_text(re.sub(r"token \w+", "token 0123456789abcdef", lock.read_text()))
        other.rename(lock)

    output, _ = lose_lock(place, take_over, 0.05)
    assert "another job has taken over this run" in output, output
    place.go_on()
    place.check()


def test_a_job_whose_lock_is_gone_ends_with_9_and_writes_nothing(place):
    output, _ = lose_lock(place, pathlib.Path.unlink, 0.05)
    assert "this run was taken away" in output, output
    place.go_on()
    place.check()


def test_a_lost_lock_is_found_where_no_child_finishes(place):
    """By the in-flight files, in whose name nothing is to be written either."""
    output, took = lose_lock(place, pathlib.Path.unlink, 0.1, {**LONG, "checkpoint.child": "0.2 s"})
    if took > 5:
        raise Slow(f"{took:.1f} s")


# ---- what a start may change ----


def test_an_episode_is_skipped_refused_when_finished_and_accepted_again(place):
    job = place.at_work(0.1)
    job.send(signal.SIGUSR1, [job.process.pid])
    ends_with(job, jobs.STOPPED)
    left = max(jobs.inflight(place.directory))
    job = place.start(0.3, more=["--skip", left], ranks=2)
    assert job.wait_for(lambda: jobs.results(place.directory).get(left) == SKIPPED), job.log()
    job.send(signal.SIGUSR1, [job.process.pid])
    ends_with(job, jobs.STOPPED)
    place.go_on("--skip", left)
    with h5py.File(place.directory / "run.h5") as file:
        rows = file["episodes"]
        assert rows["status"][left] == SKIPPED and rows["reward"][left] == 0 and rows["steps"][left] == 0, rows["reward"][left]
        done = rows["status"][:EPISODES].tolist()
    assert done.count(SKIPPED) == 1 and done.count(0) == 0, done
    jobs.tidy(place.directory)
    before = place.tree()
    said = place.go_on("--skip", (left + 1) % EPISODES, expected=USAGE)
    assert f"--skip {(left + 1) % EPISODES}" in said and "done" in said, said
    said = place.go_on("--skip", 10**6, expected=USAGE)
    assert "expected an episode that has been asked" in said, said
    assert place.tree() == before
    place.go_on("--skip", left)  # as a job script does that is submitted again

    other = Place(place.bench, place.scratch / "other")
    other.scratch.mkdir()
    job = other.at_work(0.1)
    job.send(signal.SIGUSR1, [job.process.pid])
    ends_with(job, jobs.STOPPED)
    other.go_on("--skip", left, ranks=3)
    jobs.same(place.directory, other.directory)


def test_a_frozen_key_is_refused_by_name_a_free_one_may_change(place):
    job = place.at_work(0.1)
    job.send(signal.SIGUSR1, [job.process.pid])
    ends_with(job, jobs.STOPPED)
    before = place.tree()
    said = place.go_on("--set", "child.learning_rate=0.5", "--set", "run.round=2", expected=CONFIG)
    for word in "child.learning_rate", "0.5", "0.001", "run.round", "2", "4":
        assert word in said, said
    frozen_file = place.scratch / "c.yaml"
    frozen_file.write_text("run: {seed: 77}\n")
    without_seed = {key: value for key, value in SETTINGS.items() if key != "run.seed"}
    said = jobs.run(["search", frozen_file, "--run", place.directory, *runs.sets(*pairs(without_seed))], 2, CONFIG)
    assert "run.seed" in said and "77" in said and "2" in said, said
    assert place.tree() == before
    place.complete("--set", "checkpoint.every=1 s", "--set", "checkpoint.child=1 min", "--set", "sched.rank0=coordinate", "--set", "log.level=debug", ranks=3)
    with h5py.File(place.directory / "run.h5") as file:
        kept = file["clock/configuration"][()].decode()
    for word in "every: 1 s", "rank0: coordinate", "level: debug":
        assert word in kept, kept


def test_a_run_goes_on_without_its_configuration(place):
    job = place.at_work(0.1, ranks=0)
    job.send(signal.SIGTERM, [job.process.pid])
    ends_with(job, jobs.STOPPED)
    assert "going on in" in place.complete(ranks=4)


# ---- damage ----


def damage(path):
    """One byte in the middle, in a file that is read-only."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.unlink()
    path.write_bytes(data)


def halted(place):
    """A run with a few results, two generations and two children in flight."""
    job = place.at_work(0.15)
    assert job.wait_for(lambda: len(jobs.finished(place.directory)) >= 2), job.log()
    job.send(signal.SIGUSR1, [job.process.pid])
    ends_with(job, jobs.STOPPED)
    assert (place.directory / "run.prev.h5").exists() and jobs.inflight(place.directory)


def check_says(place, expected, *words):
    before = place.tree()
    said = jobs.run(["check", place.directory], expected=expected)
    for word in words:
        assert word in said, said
    assert place.tree() == before, "check has changed something"


def test_check_exits_as_its_help_says(place):
    halted(place)
    child = f"inflight/{min(jobs.inflight(place.directory))}.h5"
    check_says(place, 0, "run.h5", "generation", child, "step")
    shutil.copytree(place.directory, place.scratch / "copy")
    damage(place.directory / child)
    check_says(place, DAMAGED, f"{child}", "damaged", "a damaged child is begun afresh")
    output = place.go_on()
    assert f"{child} is not used" in output and "begun afresh" in output, output
    place.check()
    check_says(place, 0, "run.h5")

    shutil.rmtree(place.directory)
    (place.scratch / "copy").rename(place.directory)
    (place.directory / "lock").write_text("nonsense")
    check_says(place, 0, "lock")
    damage(place.directory / "run.h5")
    check_says(place, DAMAGED, "run.h5", "damaged", "a start would go on from run.prev.h5")
    damage(place.directory / "run.prev.h5")
    check_says(place, DAMAGED, "a start would refuse and change nothing")
    jobs.run(["check", place.scratch / "none"], expected=NO_FILE)


def test_a_damaged_run_file_falls_back_and_comes_to_the_same(place):
    halted(place)
    damage(place.directory / "run.h5")
    output = place.go_on()
    assert "warning" in output and "run.h5" in output and "going on from the generation before it" in output, output
    place.check()


def test_a_missing_run_file_falls_back_and_comes_to_the_same(place):
    halted(place)
    (place.directory / "run.h5").unlink()
    output = place.go_on()
    assert "going on from the generation before it" in output, output
    place.check()


def test_two_damaged_run_files_are_refused_and_nothing_is_changed(place):
    halted(place)
    damage(place.directory / "run.h5")
    damage(place.directory / "run.prev.h5")
    before = place.tree()
    for ranks in 0, 3:
        said = place.go_on(ranks=ranks, expected=DAMAGED)
        assert "no whole run file, nothing was changed" in said and "run.prev.h5" in said, said
        assert place.tree() == before


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


def main():
    chosen = sys.argv[2:]
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_") and (not chosen or name in chosen)]
    tests.sort(key=lambda item: "time" not in item[0])  # the longest first
    failed = 0
    with runs.Scratch() as scratch, concurrent.futures.ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        bench = Bench(sys.argv[1], scratch)
        for name, failure in pool.map(lambda item: one(bench, *item), tests):
            if failure:
                failed += 1
                print(f"FAILED: {name}: {failure}", flush=True)
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    if sys.argv[1] == "terminal":
        on_terminal(*sys.argv[2:])
    main()
