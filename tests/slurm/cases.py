"""jobs/slurm on a real Slurm: a private cluster of two nodes for each case, several cases side by side.

cases.py BROOD_CRASH quick|full [NAME…]   (exit code 77 where Slurm is not installed)"""

import concurrent.futures
import pathlib
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback

import slurm
from slurm import EPISODES, RANKS, STEPS, jobs, runs

SOON = 3  # seconds within which another job starts when it needs the nodes
SAVED_OFTEN = {"checkpoint.child": "0.1 s"}  # a kill is to leave something of a child
USER_SIGNAL = "SlurmctldParameters=preempt_send_user_signal"


# ---- every day ----


def submitted_and_completed(case):
    shown = case.end_of(case.submit())
    case.restarts(shown, 0)
    case.check(stopped=False)


def requeued(case):
    case.slow_down(0.15)
    job = case.submit()
    case.in_mid_child()
    case.says(f"Slurm     job {job} is RUNNING, 3:5")
    case.cluster.call("scontrol", "requeue", job)
    case.until(lambda: case.cluster.state(job) == "PENDING", "it is requeued")
    said = case.says(f"Slurm     job {job} is PENDING (BeginTime), to start at ")
    assert f"the last one, {job}, on 2 ranks of {case.cluster.hosts()}" in said and "stopped by a signal" in said, said
    shown = case.end_of(job)
    case.restarts(shown, 1)
    case.check()
    jobs.counted(case.run, range(EPISODES), [case.board])
    said = case.says(f"Jobs      2; the last one, {job} (restart 1), on 2 ranks of {case.cluster.hosts()}")
    assert "Slurm" not in said and re.search(r"^Nodes .* hours used; lost of these: .*, 0 in mini-batches done twice$", said, re.M), said


def preempted(case):
    case.slow_down(0.15)
    job = case.submit()
    case.in_mid_child()
    waited = case.other_job()
    shown = case.end_of(job)
    case.restarts(shown, 1)
    case.check()
    jobs.counted(case.run, range(EPISODES), [case.board])
    assert waited < SOON, f"the other job waited {waited:.1f} s"


def preempted_in_a_partition_with_grace(case):
    preempted(case)


def wrong_configuration_fails_once(case):
    job = case.submit("/dev/null", case.run, "--set", "run.episodes=0")
    shown = case.end_of(job, "FAILED")
    case.restarts(shown, 0)
    assert "run.episodes" in case.log(), case.log()
    assert not case.run.exists()


# ---- in full ----


def time_limit_reached_twice(case):
    case.slow_down(1.2)
    job = case.submit(options=["--time=1", "--signal=B:USR1@30"])
    shown = case.end_of(job, seconds=500)
    assert int(shown["Restarts"]) >= 2, shown["Restarts"]
    assert case.check() >= 3
    jobs.counted(case.run, range(EPISODES), [case.board])


def child_longer_than_the_limit(case):
    """Two children of 16 mini-batches of 6 s each, in jobs of a minute that are warned after at most 30 s."""
    case.slow_down(6)  # a child takes 100 s
    goal = {"run.episodes": RANKS, "run.round": RANKS}
    job = case.submit(options=["--time=1", "--signal=B:USR1@30"], **goal)
    case.end_of(job, seconds=580)
    assert case.check(reference=case.bench.reference(**goal)) >= 3
    (attempts,) = jobs.clock(case.run, "attempts")
    assert max(attempts) >= 3, attempts
    jobs.counted(case.run, range(RANKS), [case.board])


def preempted_with_the_user_signal(case):
    preempted(case)
    assert "USR1: time is nearly up" in case.log(), case.log()


def without_power(case, node):
    case.slow_down(0.6)  # a busy machine cuts the node off seconds late
    job = case.submit(**SAVED_OFTEN)
    case.in_mid_child(left=STEPS // 2)
    case.cluster.fail_node(node)
    case.until(lambda: case.cluster.state(job) == "PENDING", "Slurm notices that the node is gone")
    case.cluster.start_node(node)
    shown = case.end_of(job)
    case.restarts(shown, 1)
    case.check(nothing_twice=False)


def node_without_power(case):
    without_power(case, "node2")


def node_of_the_batch_script_without_power(case):
    without_power(case, "node1")


def rank_killed(case):
    case.slow_down(0.15, phase="training", entry=20, rank=1, signal=signal.SIGKILL)
    job = case.submit(**SAVED_OFTEN)
    case.until(lambda: case.board.struck(), "the rank is killed")
    case.board.forgive()
    shown = case.end_of(job)
    case.restarts(shown, 1)
    case.check(nothing_twice=False)
    assert case.board.struck() == [1] and "a rank was lost or killed" in case.log(), case.log()


def array_of_seeds(case):
    """Both tasks are stopped in mid-child; the second one has a board of its own, which nobody looks at."""
    case.slow_down(0.15)
    options = ["--array=1-2", f"--output={case.log_file}.%a"]
    settings = [word for word in case.bench.settings() if not word.startswith("run.seed")]
    job = case.submit("/dev/null", case.directory / "seeds", *runs.sets(*settings), script="array.sbatch", options=options)
    case.in_mid_child()
    case.until(lambda: (case.directory / "seeds" / "2" / "run.h5").exists(), "the second task works")
    time.sleep(1)
    for task in "1", "2":
        case.cluster.call("scontrol", "requeue", f"{job}_{task}")
    for task in "1", "2":
        shown = case.end_of(f"{job}_{task}")
        case.restarts(shown, 1)
        case.check(run=case.directory / "seeds" / task, reference=case.bench.reference(**{"run.seed": int(task)}))


def retraining_preempted(case):
    searched, reference = case.bench.reference(), case.directory / "reference"
    words = ["--from", searched, "--top", "2", "--seeds", "2", *runs.sets("retrain.epochs=2")]
    jobs.run(["train", "--run", reference, *words], RANKS)
    case.slow_down(0.15)
    job = case.submit(case.run, *words, script="train.sbatch")
    case.in_mid_child()
    waited = case.other_job()
    shown = case.end_of(job)
    case.restarts(shown, 1)
    case.check(reference=reference)
    assert waited < SOON, f"the other job waited {waited:.1f} s"


def go_on(case, **how):
    """The same command again, to the end."""
    case.end_of(case.submit(**how))
    case.check()
    jobs.counted(case.run, range(EPISODES), [case.board])


def cancelled_stays_cancelled(case):
    case.slow_down(0.15)
    job = case.submit()
    case.in_mid_child()
    case.cluster.call("scancel", job)
    case.end_of(job, "CANCELLED")
    for _ in range(100):
        time.sleep(0.1)
        assert case.cluster.state(job) == "CANCELLED", "it came back"
    go_on(case)


def halt_ends_it_once(case):
    case.slow_down(0.5)  # it is looked for every 5 s: within a child
    job = case.submit()
    case.in_mid_child()
    (case.run / "halt").touch()
    shown = case.end_of(job)
    case.restarts(shown, 0)
    assert "not requeued" in case.log() and not (case.run / "halt").exists(), case.log()
    assert len(jobs.finished(case.run)) < EPISODES
    go_on(case)


def term_during_mpi_init(case):
    """The ranks have begun and are not at work yet when Slurm requeues the job."""
    case.slow_down(0.05)
    job = case.submit()
    case.until(lambda: any(map(case.board.process, range(RANKS))), "a rank begins")
    case.cluster.call("scontrol", "requeue", job)
    early = all(case.board.phase(rank) is None for rank in range(RANKS))
    shown = case.end_of(job)
    case.restarts(shown, 1)
    jobs.same(case.run, case.bench.reference())
    if not early:
        raise slurm.Missed("the ranks were at work already")


def mpirun_starts_the_ranks(case):
    case.slow_down(0.15)
    job = case.submit(more={"BROOD_LAUNCHER": "mpirun"})
    case.in_mid_child()
    case.cluster.call("scontrol", "requeue", job)
    shown = case.end_of(job)
    case.restarts(shown, 1)
    case.check(nothing_twice=False)  # mpirun's ranks have a second from TERM to their end


def successor_goes_on(case):
    case.slow_down(0.15)
    job = case.submit(options=["--no-requeue"], more={"BROOD_AGAIN": "successor", "BROOD_SBATCH_OPTIONS": " ".join([*slurm.NODES, "--no-requeue", f"--output={case.log_file}"])})
    case.in_mid_child()
    case.cluster.call("scancel", "--batch", "--signal=USR1", job)
    case.restarts(case.end_of(job), 0)
    case.restarts(case.end_of(str(int(job) + 1)), 0)
    case.check()
    jobs.counted(case.run, range(EPISODES), [case.board])
    case.until(lambda: case.cluster.state(str(int(job) + 2)) == "CANCELLED", "the last successor is cancelled")


def successor_is_like_its_job(case):
    """Submitted by sbatch itself; a job of the user's that waits for the search is neither taken for a successor nor cancelled."""
    case.slow_down(0.15)
    options = ["--partition=high", "--time=7", "--begin=now+2"]
    job = case.submit(options=options, more={"BROOD_AGAIN": "successor"})
    after = case.cluster.call("sbatch", "--parsable", "--ntasks=1", f"--dependency=afterany:{job}", "--output=/dev/null", "--wrap=true").strip()
    case.in_mid_child()
    successor = str(int(after) + 1)
    shown = case.cluster.show(successor)
    assert (shown["Partition"], shown["NumTasks"], shown["TimeLimit"], shown["Dependency"]) == ("high", "2", "00:07:00", f"afterany:{job}(unfulfilled)"), shown
    assert shown["StdOut"] == case.cluster.show(job)["StdOut"], shown
    case.cluster.call("scancel", "--batch", "--signal=USR1", job)
    case.end_of(job)
    case.end_of(after)
    case.end_of(successor)
    case.check()


def cancelled_successor_is_told(case):
    case.slow_down(0.15)
    job = case.submit(more={"BROOD_AGAIN": "successor"})
    case.in_mid_child()
    case.cluster.call("scancel", str(int(job) + 1))
    case.cluster.call("scancel", "--batch", "--signal=USR1", job)
    case.end_of(job, "FAILED")
    assert "is gone: submit it again" in case.log(), case.log()


def job_that_is_ending_saves_first(case):
    """Cancelled while the ranks are in a mini-batch, and submitted again at once to another node."""
    def on(node):
        return ["--nodes=1", "--ntasks-per-node=2", f"--nodelist={node}"]
    case.slow_down(-3)  # Slurm kills after five seconds
    job = case.submit(options=on("node1"))
    case.in_mid_child()
    case.cluster.call("scancel", job)
    case.slow_down(0)
    again = case.submit(options=on("node2"))
    case.end_of(job, "CANCELLED")
    case.end_of(again)
    if "is ending: waiting until it has saved" not in case.log():
        raise slurm.Missed("the ranks had saved when the second job came to look")
    assert "did not give it back" not in case.log(), case.log()
    case.check(together=False)


def successor_of_a_cancelled_job_is_cancelled(case):
    """Submitted as a user does, with an option that is not to hold for the successor."""
    site = case.directory / "site.conf"
    site.write_text("again=successor\ntasks=2\n")
    case.slow_down(0.15)
    more = case.environment({"BROOD_SITE": str(site)})
    options = ["--nodes=2", "--ntasks-per-node=1", f"--output={case.log_file}", "--begin=now"]
    said = case.cluster.call(slurm.SCRIPTS / "submit", *options, "/dev/null", case.run, *runs.sets(*case.bench.settings()), more=more)
    job = said.split()[-1]
    case.in_mid_child()
    said = case.cluster.call("scontrol", "show", "job", "-o", str(int(job) + 1))
    assert f"Dependency=afterany:{job}" in said and "JobState=PENDING" in said, said
    case.cluster.call("scancel", job)
    case.end_of(job, "CANCELLED")
    case.end_of(str(int(job) + 1), "CANCELLED")


def fruitless_restarts_end(case):
    program = case.directory / "dies"
    program.write_text('#!/bin/sh\ncase "$1" in search) kill -SEGV $$ ;; esac\n')
    program.chmod(0o755)
    job = case.submit(more={"BROOD": str(program), "BROOD_RESTARTS": "2"})
    shown = case.end_of(job, "FAILED")
    case.restarts(shown, 1)
    assert "2 starts in a row have gained no training step" in case.log(), case.log()


def ranks_started_apart_fail_once(case):
    """srun --mpi=none starts two programs of one rank each: the first mistake at a new site."""
    job = case.submit(more={"BROOD_LAUNCHER": "srun --mpi=none"})
    shown = case.end_of(job, "FAILED")
    case.restarts(shown, 0)
    assert "rank lost" not in case.log() and not case.run.exists(), case.log()


def submit_checks_first(case):
    site = case.directory / "site.conf"
    site.write_text("partition=high\ntasks=2\ntime=10\n")
    more = case.environment({"BROOD_SITE": str(site)})
    options = ["--nodes=2", "--ntasks-per-node=1", f"--output={case.log_file}"]
    said = case.cluster.call(slurm.SCRIPTS / "submit", *options, "/dev/null", case.run, "--set", "run.epsodes=4", more=more, expected=2)
    assert "run.epsodes" in said and "not submitted" in said, said
    for mistake, line in [("launcher", "launcher=mpiexec"), ("again", "again=sucessor"), ("BROOD_RESTARTS", "BROOD_RESTARTS=three")]:
        wrong = case.directory / "wrong.conf"
        wrong.write_text(f"{line}\n")
        said = case.cluster.call(slurm.SCRIPTS / "submit", *options, "/dev/null", case.run, more={**more, "BROOD_SITE": str(wrong)}, expected=2)
        assert mistake in said and "expected" in said, said
    for mistake in (["--max-time", "soon"], ["--skip", "x"]):
        said = case.cluster.call(slurm.SCRIPTS / "submit", *options, "/dev/null", case.run, *mistake, more=more, expected=2)
        assert mistake[0] in said and "not submitted" in said, said
    said = case.cluster.call(slurm.SCRIPTS / "submit", "--job-name=my search", "/dev/null", case.run, more=more, expected=2)
    assert "--job-name=my search" in said, said
    assert not case.cluster.call("squeue", "-h")
    said = case.cluster.call(slurm.SCRIPTS / "submit", *options, "/dev/null", case.run, *runs.sets(*case.bench.settings()), more=more)
    assert "Submitted batch job" in said and "Goal" in said, said
    shown = case.end_of(said.split()[-1])
    assert (shown["Partition"], shown["NumTasks"], shown["TimeLimit"]) == ("high", "2", "00:10:00"), shown
    case.check(stopped=False)


# ---- how they are run ----

QUICK = [requeued, preempted_in_a_partition_with_grace, submitted_and_completed, wrong_configuration_fails_once]
FULL = [ # the longest first
    child_longer_than_the_limit, time_limit_reached_twice, node_without_power, node_of_the_batch_script_without_power,
    preempted_with_the_user_signal, rank_killed, array_of_seeds, retraining_preempted, cancelled_stays_cancelled, halt_ends_it_once,
    term_during_mpi_init, mpirun_starts_the_ranks, successor_goes_on, successor_of_a_cancelled_job_is_cancelled,
    successor_is_like_its_job, cancelled_successor_is_told, job_that_is_ending_saves_first, fruitless_restarts_end, ranks_started_apart_fail_once, submit_checks_first,
]
CONF = {preempted_with_the_user_signal: USER_SIGNAL}
AT_ONCE, TRIES = 6, 3


def one(bench, scratch, number, function):
    name, began, missed = function.__name__, time.monotonic(), ""
    for attempt in range(TRIES):
        directory = scratch / f"{number}.{attempt}"
        directory.mkdir()
        case = slurm.Case(bench, directory)
        try:
            case.start(CONF.get(function, ""))
            function(case)
            return name, time.monotonic() - began, None
        except slurm.Missed as error:
            missed = f"missed {attempt + 1} times: {error}"
        except Exception:
            return name, time.monotonic() - began, f"{traceback.format_exc()}\n---- the job's log\n{case.log()}\n---- slurmctld\n{case.cluster.log()}"
        finally:
            case.close()
            shutil.rmtree(directory, ignore_errors=True)
    return name, time.monotonic() - began, missed


def main():
    program, which, *names = sys.argv[1:]
    if slurm.missing():
        print(f"not installed: {', '.join(slurm.missing())} (slurm-wlm, munge)")
        sys.exit(77)
    functions = [function for function in {"quick": QUICK, "full": FULL}[which] if not names or function.__name__ in names]
    failed = 0
    # A short name: sockets of the clusters lie below it.
    with tempfile.TemporaryDirectory(prefix="s.", ignore_cleanup_errors=True) as scratch, concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        bench = slurm.Bench(program, pathlib.Path(scratch))
        started = [pool.submit(one, bench, pathlib.Path(scratch), number, function) for number, function in enumerate(functions)]
        for ended in concurrent.futures.as_completed(started):
            name, took, failure = ended.result()
            failed += failure is not None
            print(f"FAILED: {name}, {took:.0f} s: {failure}" if failure else f"passed: {name}, {took:.0f} s", flush=True)
    print(f"{len(functions) - failed} passed, {failed} failed")
    sys.exit(failed > 0 or not functions)


main()
