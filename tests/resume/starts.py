"""Starts, seen from outside: on a run that is held, changed or damaged. What is refused leaves every file as it was.

starts.py BROOD_CRASH [test_…]"""

import os
import pathlib
import re
import shutil
import signal
import time

import h5py

import jobs
import stage
import runs
from stage import EPISODES, LONG, SETTINGS, Place, Slow, ends_with, pairs

USAGE, CONFIG, DAMAGED, NO_FILE = 2, 3, 5, 6
SKIPPED = 7  # of episodes/status


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
    # A write begins under a name of its own, and looks at the lock before it takes the file's: that one may be under way, and goes.
    before, foreign = {path: what for path, what in place.tree().items() if not path.endswith(".tmp")}, time.monotonic()
    output = ends_with(job, jobs.LOCKED)
    took = time.monotonic() - foreign
    after = place.tree()
    assert after == before, f"it wrote although the run is another's: {sorted(set(after.items()) ^ set(before.items()))}"
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
    begun = job.board.steps()
    assert job.wait_for(lambda: job.board.steps() >= begun + 2), job.log()  # else the stop may fall between two children
    job.send(signal.SIGUSR1, [job.process.pid])
    ends_with(job, jobs.STOPPED)
    assert (place.directory / "run.prev.h5").exists(), "one generation only"
    assert jobs.inflight(place.directory), f"no child was in flight at the stop; the ranks had begun {begun} mini-batches, then {job.board.steps()}"


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


if __name__ == "__main__":
    stage.main(globals())
