"""scripts/brood-run: what it says when it is called wrongly, when a rank dies, and once it is installed beside brood.

brood_run.py BUILD"""

import csv
import io
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

SCRIPT = pathlib.Path(os.environ["BROOD_SOURCE"]) / "scripts/brood-run"
SEARCH = ["search", "/dev/null", "--set", "evaluator.name=synthetic", "--set", "run.episodes=2", "--set", "run.round=2", "--set", "policy.units=8"]
SLOW = ["--set", "evaluator.delay=300", "--set", "evaluator.steps=2000"]


def start(script, *arguments, expected=0, **environment):
    answer = subprocess.run(
        [script, *map(str, arguments)], capture_output=True, text=True, timeout=60, env={**os.environ, **environment}, stdin=subprocess.DEVNULL
    )
    assert answer.returncode == expected, f"{arguments}: exit code {answer.returncode}:\n{answer.stdout}{answer.stderr}"
    return answer


def test_called_wrongly_it_says_how_to_call_it(scratch):
    assert "brood-run search configs" in start(SCRIPT, "--help").stdout
    nothing = start(SCRIPT, expected=2)
    assert nothing.stdout == "" and "brood-run search configs" in nothing.stderr
    for ranks in "0", "two", "", "-1":
        assert "number of ranks" in start(SCRIPT, "-n", ranks, *SEARCH, expected=2).stderr


def test_what_is_no_program_is_named(scratch):
    assert "/nonexistent: expected a program" in start(SCRIPT, *SEARCH, expected=2, BROOD="/nonexistent").stderr
    assert "-n N" in start(SCRIPT, "--np", "2", *SEARCH, expected=2).stderr


def test_commands_that_are_no_jobs_run_once_and_keep_their_exit_code(scratch):
    for name, seed in ("a", 1), ("b", 2):
        start(SCRIPT, "-n", "2", *SEARCH, "--set", f"run.seed={seed}", "--run", scratch / name)
    answer = start(SCRIPT, "-n", "2", "compare", scratch / "a", scratch / "b", expected=1)
    assert len(answer.stdout.splitlines()) == 1 and answer.stderr == "", answer


def test_a_stop_from_the_first_moment_on_is_obeyed(scratch):
    def stopped(number, moment):
        run = pathlib.Path(tempfile.mkdtemp(dir=scratch)) / "run"
        with open(scratch / "log", "w") as log:
            job = subprocess.Popen([SCRIPT, "-n", "2", *SEARCH, *SLOW, "--run", run], stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        time.sleep(moment * int(os.environ.get("BROOD_TIME_FACTOR", "1")))
        job.send_signal(number)
        return job.wait(timeout=60)

    for number, code in (signal.SIGINT, 76), (signal.SIGTERM, 75), (signal.SIGUSR1, 75):
        for moment in 0.05, 0.15, 0.3:
            answer = stopped(number, moment)
            for _ in range(4):
                if answer != -number:
                    break
                moment *= 2  # on a busy machine the shell had not read its first line by then
                answer = stopped(number, moment)
            assert answer == code, (number, moment, (scratch / "log").read_text())


def test_an_error_of_brood_is_said_once_and_mpirun_adds_nothing(scratch):
    answer = start(SCRIPT, "-n", "2", "search", "--run", scratch / "none", expected=2)
    assert len(answer.stderr.splitlines()) == 1 and answer.stderr.startswith("brood: error: "), answer.stderr


def test_a_rank_that_is_killed_is_told_of(scratch):
    run = scratch / "run"
    answer = start(SCRIPT, "-n", "2", *SEARCH, "--run", run, expected=137, BROOD_PROGRAM_PREFIX="timeout -s KILL 0.001")
    assert "a rank was killed" in answer.stderr, answer.stderr


def handed_out(run):
    """Episodes, as the last checkpoint knows."""
    if not (run / "run.h5").exists():
        return 0
    table = subprocess.run([os.environ["BROOD"], "status", run, "--csv"], capture_output=True, text=True, check=True).stdout
    return sum(int(row["attempts"]) for row in csv.DictReader(io.StringIO(table)))


def training(scratch, run):
    """A job, once both ranks have children in training, which its checkpoints tell."""
    saves = ["--set", "checkpoint.every=0.1 s", "--set", "checkpoint.share=1"]
    with open(scratch / "log", "w") as log:
        command = [SCRIPT, "-n", "2", *SEARCH, *SLOW, *saves, "--set", "space.layers=1", "--run", run]
        job = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    while handed_out(run) < 2:
        assert job.poll() is None, (scratch / "log").read_text()
        time.sleep(0.1)
    time.sleep(0.5)  # until the last one has begun
    return job


def test_a_stop_of_the_whole_process_group_does_not_kill_ranks(scratch):
    job = training(scratch, scratch / "run")
    os.killpg(job.pid, signal.SIGTERM)  # as timeout(1) does; there is no terminal
    code, said = job.wait(timeout=60), (scratch / "log").read_text()
    assert code == 75 and "submit it again" in said and "killed" not in said, (code, said)


def test_a_fault_names_its_episode_and_the_next_start_those_in_training(scratch):
    run = scratch / "run"
    job = training(scratch, run)
    ranks = subprocess.run(["pgrep", "-x", "-f", rf"\S*/brood search .*--run {run}"], capture_output=True, text=True).stdout.split()
    os.kill(int(ranks[1]), signal.SIGSEGV)
    job.wait(timeout=60)
    said = (scratch / "log").read_text()
    fault = re.search(r"dies of a fault .* in episode (\d), \".*\", on rank \d; `--skip \1`", said)
    assert fault, said
    again = start(SCRIPT, "-n", "2", "search", "--run", run, "--set", "evaluator.delay=0")
    assert "left no word" in again.stderr and f"episode {fault[1]} (begun 1 time)" in again.stderr, again.stderr


def test_installed_it_starts_the_brood_beside_it_and_names_itself(scratch, build):
    subprocess.run(["cmake", "--install", build, "--prefix", scratch / "there"], check=True, stdout=subprocess.DEVNULL)
    installed = scratch / "there/bin/brood-run"
    environment = {"BROOD": "", "PATH": f"{installed.parent}:{os.environ['PATH']}"}
    answer = start("brood-run", "-n", "2", *SEARCH, "--run", scratch / "run", **environment)
    assert "2 of 2" in answer.stdout and f"{installed} search --run" in answer.stdout, answer.stdout


def test_installed_it_keeps_the_way_to_libraries_of_a_module(scratch, build):
    path = re.compile(r"\((?:RUNPATH|RPATH)\).*\[(.*)\]")

    def of(program):
        found = path.findall(subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True).stdout)
        return set(":".join(found).split(":")) - {""}

    subprocess.run(["cmake", "--install", build, "--prefix", scratch / "there"], check=True, stdout=subprocess.DEVNULL)
    built, installed = of(f"{build}/brood"), of(scratch / "there/bin/brood")
    assert installed == built, (built, installed)
    if not built:
        print("all libraries lie where the system looks: nothing was to be kept")


def main():
    build = sys.argv[1]
    for name, test in list(globals().items()):
        if not name.startswith("test_"):
            continue
        with tempfile.TemporaryDirectory() as scratch:
            wants = test.__code__.co_varnames[: test.__code__.co_argcount]
            test(*[{"scratch": pathlib.Path(scratch), "build": build}[want] for want in wants])
        print(f"ok   {name}")


if __name__ == "__main__":
    main()
