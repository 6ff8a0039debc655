"""A private Slurm cluster (tests/slurm/cluster), jobs submitted to it by jobs/slurm, and a search slow enough to be met in mid-child."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time

import h5py

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / name) for name in ("resume", "gate")]
import jobs
import runs

SCRIPTS = runs.SOURCE / "jobs" / "slurm"
CLUSTER = pathlib.Path(__file__).with_name("cluster")
PACKAGES = ("slurmctld", "slurmd", "munged")
NODES = ["--nodes=2", "--ntasks=2", "--ntasks-per-node=1"]
OVER = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "OUT_OF_MEMORY"}
RANKS, EPISODES, ROUND = 2, 8, 4
STEPS = 16  # training steps of a child


class Missed(Exception):
    """The test has not met what it was to meet; it is tried again."""


one_at_a_time = threading.Lock()  # clusters look for free ports


def missing():
    """What of Slurm is not installed."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    return [program for program in PACKAGES if not shutil.which(program, path=path)]


class Cluster:
    def __init__(self, directory):
        self.directory, self.environment = directory, {}

    def start(self, conf=""):
        with one_at_a_time:
            said = subprocess.run([CLUSTER, "start", self.directory, str(os.getpid())], env={**os.environ, "CLUSTER_CONF": conf}, capture_output=True, text=True, timeout=60)
        assert said.returncode == 0, said.stderr
        exports = dict(re.findall(r"^export (\w+)=(.*)$", said.stdout, re.M))
        self.environment = {**os.environ, **exports, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}

    def hosts(self):
        """By their names, which two nodes have only where namespaces can be had."""
        return "node1 node2" if (self.directory / "etc" / "namespaces").exists() else os.uname().nodename

    def call(self, *command, more=None, expected=0):
        said = subprocess.run([str(word) for word in command], env={**self.environment, **(more or {})}, cwd=runs.SOURCE, capture_output=True, text=True, timeout=60)
        assert expected is None or said.returncode == expected, f"{command}: exit code {said.returncode}\n{said.stdout}{said.stderr}"
        return said.stdout if expected == 0 else said.stdout + said.stderr

    def show(self, job):
        """What Slurm knows of a job, as {name: text}; of an array, of its first task."""
        said = self.call("scontrol", "show", "job", "-o", job)
        return dict(word.partition("=")[::2] for word in said.splitlines()[0].split() if "=" in word)

    def state(self, job):
        return self.show(job)["JobState"]

    def fail_node(self, name):
        subprocess.run([CLUSTER, "fail-node", self.directory, name], check=True, timeout=60)

    def start_node(self, name):
        subprocess.run([CLUSTER, "start-node", self.directory, name], check=True, timeout=60)

    def stop(self):
        subprocess.run([CLUSTER, "stop", self.directory], check=True, timeout=60)

    def log(self):
        path = self.directory / "log" / "slurmctld.log"
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        return "\n".join(line for line in lines if "debug" not in line)[-4000:]


class Bench:
    """The search of all cases, and its undisturbed runs."""

    def __init__(self, program, scratch):
        self.program, self.scratch, self.lock = program, scratch, threading.Lock()
        self.images = jobs.small_images(scratch / "images", 200, 10)
        self.references = {}

    def settings(self, **changed):
        common = {"run.episodes": EPISODES, "run.round": ROUND, "run.seed": 2, "checkpoint.child": "10 min"}
        return [*runs.SETTINGS["train"], *runs.EVERY_RUN, *self.images, *(f"{key}={value}" for key, value in {**common, **changed}.items())]

    def reference(self, **changed):
        key = tuple(sorted(changed.items()))
        with self.lock:
            made = self.references.setdefault(key, threading.Lock())
        directory = self.scratch / f"reference{abs(hash(key))}"
        with made:
            if not directory.exists():
                jobs.run(jobs.command_line(directory, *self.settings(**changed)), RANKS)
                with h5py.File(directory / "run.h5") as file:
                    rewards = file["episodes/reward"][:]
                assert len(set(rewards)) > 1, "the rewards do not differ"
        return directory


class Case:
    """A cluster, a run directory, and the jobs that work on it."""

    def __init__(self, bench, directory):
        self.bench, self.directory, self.cluster = bench, directory, Cluster(directory / "c")
        self.run, self.log_file = directory / "run", directory / "log"
        self.board_file, self.board = directory / "board", None

    def start(self, conf):
        self.cluster.start(conf)

    def close(self):
        self.cluster.stop()

    def slow_down(self, seconds, **blow):
        """Each mini-batch of the jobs submitted from now on takes so much longer, or until a signal comes; negative: in any case."""
        self.board = jobs.Board(self.board_file, slow=seconds, **blow)

    def submit(self, *arguments, script="search.sbatch", options=(), more=None, **changed):
        """The job's number. Without arguments the search, in the case's run directory."""
        if not arguments:
            arguments = ["/dev/null", self.run, *runs.sets(*self.bench.settings(**changed))]
        return self.cluster.call("sbatch", "--parsable", *NODES, f"--output={self.log_file}", *options, SCRIPTS / script, *arguments, more=self.environment(more)).strip()

    def environment(self, more=None):
        """What a job is to find: the program, and the board where there is one."""
        board = {"BROOD_CRASH_BOARD": str(self.board_file), "BROOD_CRASH_HALT": ""} if self.board else {}
        return {"BROOD": str(self.bench.program), **board, **(more or {})}

    def until(self, condition, what, seconds=120):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
            time.sleep(0.02)

    def in_mid_child(self, left=2):
        """Every rank trains, and has begun another mini-batch since this was called, of a child that has more than `left` of them before it: what is
        done within the time of these falls inside that child."""
        before = [self.trained(rank) for rank in range(RANKS)]
        self.until(lambda: all(self.at_work(rank, left) and self.trained(rank) > before[rank] + 1 for rank in range(RANKS)), "all ranks train")

    def trained(self, rank):
        return self.board.place(rank)[2]

    def at_work(self, rank, left):
        return self.board.phase(rank) == "training" and self.trained(rank) % STEPS in range(2, STEPS - left)

    def end_of(self, job, state="COMPLETED", seconds=240):
        """Waits for it; what Slurm knows of it then."""
        last = {}

        def over():
            last.update(self.cluster.show(job))
            return last["JobState"] in OVER

        try:
            self.until(over, f"job {job} ends", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}: {last}") from None
        assert last["JobState"] == state, f"job {job} is {last['JobState']} ({last['Reason']}), expected {state}"
        return last

    def restarts(self, shown, expected):
        found = int(shown["Restarts"])
        assert found == expected, f"{found} restarts, expected {expected}"

    def log(self):
        return "".join(path.read_text(errors="replace") for path in sorted(self.directory.glob("log*")))

    def says(self, expected):
        """What `brood status` prints, with these words in it."""
        said = self.cluster.call(runs.BROOD, "status", self.run)
        assert expected in said, said
        return said

    def other_job(self):
        """One of higher priority that needs all nodes; how long it waited, in seconds."""
        began = self.directory / "began"
        before = time.time()
        self.cluster.call("sbatch", "-p", "high", "--exclusive", "--nodes=2", "--output=/dev/null", f"--wrap=date +%s.%N >{began}; sleep 2")
        self.until(lambda: began.exists() and began.read_text().endswith("\n"), "the other job starts")
        return float(began.read_text()) - before

    def check(self, run=None, reference=None, stopped=True, nothing_twice=True, together=True):
        """The run is that of an undisturbed one; it ran on two nodes each time (`together`); if it was stopped, in mid-child; nothing was done twice."""
        run, reference = run or self.run, reference or self.bench.reference()
        jobs.same(run, reference)
        with h5py.File(run / "run.h5") as file:
            hosts = [host.decode() for host in file["clock/jobs/hosts"][:]]
            ranks = set(file["clock/episodes/rank"][:].tolist())
            nodes = file["clock/jobs/nodes"][:].tolist()
        if together:
            assert set(hosts) == {self.cluster.hosts()} and set(nodes) == {len(self.cluster.hosts().split())}, (hosts, nodes)
        trained = [self.trained(rank) > 0 if self.board else rank in ranks for rank in range(RANKS)]
        assert all(trained), "a rank has trained nothing"
        (resumed,) = jobs.clock(run, "resumed_step")
        episodes = range(len(resumed))
        assert any(step > 0 for step in resumed) == stopped, f"taken up at the steps {resumed}"
        assert (len(hosts) > 1) == stopped, f"{len(hosts)} jobs have worked on it"
        if nothing_twice:
            repeated = jobs.repeated(run, episodes)
            assert not repeated, f"training steps were done twice (episode: worked, of steps): {repeated}"
        return len(hosts)
