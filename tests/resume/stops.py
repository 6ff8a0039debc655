"""Stops, seen from outside: exit codes, what is said, how long it takes, and that nothing is lost or done twice.

stops.py BROOD_CRASH [test_…]"""

import re
import signal
import time

import h5py

import jobs
import stage
from stage import EPISODES, LONG, Slow, ends_with

INTERRUPTED = 128 + signal.SIGINT


# ---- signals ----


def stop_and_go_on(place, expected, act, ranks=2):
    job = place.at_work(0.1, ranks=ranks)
    act(job)
    output = ends_with(job, expected)
    children = jobs.inflight(place.directory)
    assert children or expected == jobs.HALTED, "nothing in flight"
    assert re.search(rf"^To go on      \S*brood\S* search --run {re.escape(str(place.directory))}$", output, re.MULTILINE), output
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


# ---- a rank that hangs ----

IMPATIENT = {**LONG, "sched.patience": "1 s"}


def hang(place, changed, act):
    """The rank stops as a hung one does; the others' work is saved, and the next job goes on from it."""
    job = place.at_work(0.05, changed, ranks=3)
    job.send(signal.SIGSTOP, [job.ranks()[2]])
    act(job)
    output = " ".join(ends_with(job, jobs.RANKS).split())
    assert "rank 2 did not leave when told to, all are ended" in output, output
    children = jobs.inflight(place.directory)
    assert len(children) >= 2, children
    assert "in flight: episode" in place.go_on()
    return output


def test_a_rank_that_hangs_is_named_and_the_others_are_saved(place):
    output = hang(place, IMPATIENT, lambda job: None)
    assert "rank 2 has given no sign of life for 1 s (sched.patience), with episode" in output, output


def test_a_rank_that_hangs_does_not_keep_a_stop_from_saving(place):
    hang(place, IMPATIENT, lambda job: job.send(signal.SIGTERM, [job.ranks()[0]]))


def test_a_job_that_is_suspended_as_a_whole_has_lost_nobody(place):
    job = place.at_work(0.05, IMPATIENT, ranks=3)
    everyone = list(job.ranks().values())
    job.send(signal.SIGSTOP, everyone)
    time.sleep(3)
    job.send(signal.SIGCONT, everyone)
    time.sleep(1)
    job.send(signal.SIGTERM, everyone)
    ends_with(job, jobs.STOPPED)


# ---- time ----


def time_to_leave(output):
    found = re.search(r"stopped: ([0-9.]+) s until every rank had left its child, ([0-9.]+) s for the run file", output)
    assert found, output
    return float(found.group(1)), float(found.group(2))


def stop_in_time(place, step, until_seen, ranks, whom):
    """`until_seen`: mini-batches that may pass until rank 0 knows of the signal. From there on it takes one at most until every rank has left
    its child; behind it come the write and MPI_Finalize. What mpirun takes after its ranks is not Brood's."""
    job = place.at_work(step, ranks=ranks)
    processes = list(job.ranks().values())
    time.sleep(0.1 * step)  # into the mini-batch
    before = time.monotonic()
    job.send(signal.SIGUSR1, whom(job))
    whole = job.until_the_ranks_have_ended(processes) - before
    output = ends_with(job, jobs.STOPPED)
    with_mpirun = time.monotonic() - before
    leaving, writing = time_to_leave(output)
    with h5py.File(place.directory / "run.h5") as file:
        children = float(file["clock/jobs/child_writing"][0])
    place.complete()
    words = f"{whole:.2f} s, of which {leaving:.2f} s until all ranks had left ({children:.2f} s of writing in all), {writing:.2f} s for the run file; {with_mpirun:.2f} s with mpirun's own"
    if leaving > step + children + 0.15 or whole > until_seen * step + leaving + writing + 0.5:
        raise Slow(words)
    print(f"from signal to exit, mini-batches of {step} s: {words}")


def test_a_signal_to_all_is_answered_within_a_mini_batch(place):
    stop_in_time(place, 0.5, 0, 3, lambda job: [job.process.pid])


def test_a_signal_to_one_rank_is_answered_within_a_mini_batch_once_rank_0_has_heard_of_it(place):
    stop_in_time(place, 0.5, 2, 3, lambda job: [job.ranks()[2]])


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


if __name__ == "__main__":
    stage.main(globals())
