"""Jobs to be stopped and killed: a launcher with files of its own, its ranks, the board on which they say where they are
(tests/crash/brood_crash.c), and what a run directory holds afterwards."""

import gzip
import mmap
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

import h5py

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "gate"))
import runs

COMPLETE, LOCKED, RANKS, STOPPED, HALTED, KILLED = 0, 9, 11, 75, 76, 128 + signal.SIGKILL
PHASES = ("training", "evaluating", "updating", "writing", "idle")
SELF, ALL, LAUNCHER = range(3)
CRASHES = (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS)
DEAF = (-signal.SIGUSR1, -signal.SIGTERM)  # of mpirun, which hands them on, but for its first instants and its last
WORDS = {"complete": COMPLETE, "stopped by a signal": STOPPED, "stopped on request": HALTED, "": KILLED}  # /clock/jobs/why
crashes = []  # what was said in those of MPI itself
DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")


class Board:
    """What the ranks of one job tell, and the blow that they are to deal themselves."""

    RANKS = 16
    BLOW = struct.Struct("<11q")
    PLACE = struct.Struct("<8q")  # process, phase, entries of each phase, struck

    def __init__(self, path, phase=None, entry=1, updates=0, rank=-1, signal=0, whom=SELF, halt=False, after=0, pause=0, hold=False, slow=0):
        number = -1 if phase is None else PHASES.index(phase)
        blow = self.BLOW.pack(number, entry, updates, rank, signal, whom, halt, int(1e6 * after), int(1e3 * pause), hold, int(1e3 * slow))
        path.write_bytes(blow + bytes(self.PLACE.size * self.RANKS))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)

    def forgive(self):
        """No blow is ordered any more."""
        struct.pack_into("<q", self.map, 0, -1)

    def place(self, rank):
        return self.PLACE.unpack_from(self.map, self.BLOW.size + rank * self.PLACE.size)

    def process(self, rank):
        return self.place(rank)[0]

    def phase(self, rank):
        """Where the rank is, or was when it died; None: not at work yet."""
        process, phase, *_ = self.place(rank)
        return PHASES[phase] if process and phase >= 0 else None

    def steps(self):
        """Mini-batches that the ranks have begun."""
        return sum(training + evaluating for _, _, training, evaluating, *_ in map(self.place, range(self.RANKS)))

    def struck(self):
        return [rank for rank in range(self.RANKS) if self.place(rank)[-1]]


def lives(process):
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class Job:
    """A started program in a session of its own, whose files (mpirun's, and the ranks' shared memory) go with it.

    `wrapper` stands for mpirun: a command that knows the program by $BROOD; `blow` and `halt` are for brood_crash.
    Open MPI 4.1 crashes now and then in its own PMIx_Finalize, when Brood has nothing left to do, and its mpirun hangs now and
    then where a rank is killed while it starts; how the job ended is then in the run file (`word`)."""

    def __init__(self, arguments, ranks=0, program=None, wrapper=None, blow=None, halt=None):
        program = str(program or runs.BROOD)
        command = [*wrapper] if wrapper else [*([runs.MPIRUN, "-n", str(ranks)] if ranks else []), program]
        self.launcher, self.launcher_failed = not wrapper and ranks > 0, False
        self.directory = arguments[arguments.index("--run") + 1] if "--run" in arguments else None
        self.rows = words(self.directory)[0] if self.directory else 0
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="j."))
        files = {"BROOD": program, "TMPDIR": self.place, "OMPI_MCA_btl_vader_backing_directory": self.place, "OMPI_MCA_osc_sm_backing_directory": self.place}
        # Looking for leaks takes each rank a second at its end, and crashes now and then in a program without mpirun; all other tests look.
        if "ASAN_OPTIONS" in os.environ:
            files["ASAN_OPTIONS"] = os.environ["ASAN_OPTIONS"] + ":detect_leaks=0"
        self.board = None
        if blow is not None:
            self.board = Board(self.place / "board", **blow)
            files["BROOD_CRASH_BOARD"] = self.place / "board"
            files["BROOD_CRASH_HALT"] = halt or ""
        with open(self.place / "log", "wb") as log:
            self.process = subprocess.Popen(
                [*map(str, command), *map(str, arguments)],
                env={**os.environ, **{name: str(value) for name, value in files.items()}},
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )

    def running(self):
        return self.process.poll() is None

    def log(self):
        return (self.place / "log").read_text(errors="replace")

    def session(self):
        """Its living processes, the launcher's, too: {process id: rank or None}."""
        found = {}
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                state, _, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(session) != self.process.pid or state in "ZX":
                    continue
                words = (entry / "environ").read_bytes().split(b"\0")
            except (OSError, ValueError):
                continue
            rank = [word.partition(b"=")[2] for word in words if word.startswith((b"OMPI_COMM_WORLD_RANK=", b"PMI_RANK="))]
            found[int(entry.name)] = int(rank[0]) if rank else None
        return found

    def ranks(self):
        """{rank: process id}; a program without a launcher is rank 0."""
        found = {rank: process for process, rank in self.session().items() if rank is not None}
        return found or ({0: self.process.pid} if self.running() else {})

    def send(self, number, processes):
        for process in processes:
            try:
                os.kill(process, number)
            except ProcessLookupError:
                pass

    def until_the_ranks_have_ended(self, processes, seconds=120):
        """They, not the launcher, which takes a second or two of its own after them. The time at which the last one had."""
        deadline = time.monotonic() + seconds
        while any(map(lives, processes)):
            assert time.monotonic() < deadline, f"{processes} do not end:\n{self.log()}"
            time.sleep(0.002)
        return time.monotonic()

    def wait_for(self, condition, seconds=120):
        """True once it holds; False where the job ended before, or time is over."""
        deadline = time.monotonic() + seconds
        while not condition():
            if not self.running() or time.monotonic() > deadline:
                return bool(condition())
            time.sleep(0.002)
        return True

    def finish(self, seconds=240):
        """Exit code and output. What still lives then is killed, and the files go."""
        hangs = False
        try:
            code, hangs = self.wait(seconds)
        finally:
            self.end()
            output = self.log()
            shutil.rmtree(self.place, ignore_errors=True)
        assert code is not None, f"the job did not end within {seconds} s:\n{output}"
        crashed = hangs or code in CRASHES or (128 - code in CRASHES and "PMIx_Finalize" in output)
        if self.directory and self.launcher and (crashed or code in DEAF):
            if crashed:
                crashes.append(output)
            self.launcher_failed = True
            return word(self.directory, self.rows), output
        return (128 - code if code < 0 else code), output

    def wait(self, seconds):
        """The exit code, None where it does not end, and whether it is mpirun alone that does not: no rank has lived for 20 s."""
        deadline, alone = time.monotonic() + seconds, 0
        while time.monotonic() < deadline:
            try:
                return self.process.wait(timeout=10), False
            except subprocess.TimeoutExpired:
                begun = self.board is not None and any(map(self.board.process, range(Board.RANKS)))
                alone = alone + 1 if begun and not any(rank is not None for rank in self.session().values()) else 0
            if self.launcher and alone == 3:
                return KILLED, True
        return None, False

    def end(self):
        """Nothing of it lives any more: the next job is not to find its lock's holder alive."""
        left = self.session()
        while left:
            self.send(signal.SIGKILL, left)
            self.process.poll()
            time.sleep(0.005)
            left = self.session()
        self.process.wait()


def ended(code, output, *expected):
    assert code in expected, f"exit code {code}, expected {' or '.join(map(str, expected))}:\n{output}"


def run(arguments, ranks=0, expected=COMPLETE, **how):
    """A job from its start to its end."""
    return run_on_board(arguments, ranks, expected, **how)[0]


def run_on_board(arguments, ranks=0, expected=COMPLETE, **how):
    """The same; what was said, and the board (of brood_crash with a blow, be it an empty one)."""
    job = Job(arguments, ranks, **how)
    code, output = job.finish()
    ended(code, output, expected)
    return output, job.board


def report_crashes():
    if crashes:
        print(f"Open MPI crashed or hung when its ranks had ended, {len(crashes)} times, the last time so:\n{crashes[-1]}")


# What a run directory holds.


def newest(directory):
    """The run file that counts, open; None where there is none yet."""
    for name in "run.h5", "run.prev.h5":
        try:
            return h5py.File(directory / name, "r")
        except OSError:
            continue
    return None


def results(directory):
    """{episode: status} of the episodes asked."""
    file = newest(directory)
    if file is None:
        return {}
    with file:
        return dict(enumerate(file["episodes/status"][:].tolist()))


def finished(directory):
    return {episode for episode, status in results(directory).items() if status != 0}


def rounds_told(directory):
    file = newest(directory)
    if file is None:
        return 0
    with file:
        return file["updates/update"].shape[0]


def words(directory):
    """How many jobs there are in the run file, and what the last one wrote of its end."""
    file = newest(pathlib.Path(directory))
    if file is None:
        return 0, ""
    with file:
        why = file["clock/jobs/why"][:]
        return len(why), why[-1].decode()


def word(directory, before):
    """The exit code that goes with what the last job wrote of its end; KILLED where it left no word, or no row behind those of `before`."""
    rows, why = words(directory)
    if rows == before:
        return KILLED
    for start, code in WORDS.items():
        if why == start or (start and why.startswith(start)):
            return code
    raise AssertionError(f"the last job ended with an error: {why}")


def inflight(directory):
    """{episode: (step, rank that saved it)} of the children in flight whose files are whole."""
    found = {}
    for path in (directory / "inflight").glob("*.h5"):
        try:
            with h5py.File(path, "r") as file:
                found[int(path.stem)] = (int(file["inflight/steps"][()]), int(file["inflight/rank"][()]))
        except OSError:
            continue
    return found


def clock(directory, *names):
    """Columns of /clock/episodes, as lists."""
    with h5py.File(directory / "run.h5", "r") as file:
        return [file["clock/episodes"][name][:].tolist() for name in names]


def repeated(directory, episodes):
    """Of these episodes, those with training steps done twice: {episode: (worked, steps)}."""
    with h5py.File(directory / "run.h5", "r") as file:
        worked, steps = file["clock/episodes/worked"][:], file["episodes/steps"][:]
    return {e: (int(worked[e]), int(steps[e])) for e in episodes if worked[e] != steps[e]}


def counted(directory, episodes, boards):
    """That the ranks of all jobs have begun as many mini-batches as these episodes have: none twice, none of a result that was lost."""
    with h5py.File(directory / "run.h5", "r") as file:
        steps = int(file["episodes/steps"][:][list(episodes)].sum())
    worked = sum(board.steps() for board in boards)
    assert worked == steps, f"the ranks have begun {worked} mini-batches; the episodes have {steps}"


def moved(directory):
    """Episodes taken up at a step above 0, on another rank than saved them."""
    columns = clock(directory, "resumed_step", "resumed_rank", "rank")
    return [episode for episode, (step, before, now) in enumerate(zip(*columns)) if step > 0 and before != now]


def same(directory, reference):
    """By `brood compare`, and by an independent program on h5py."""
    from compare import compare  # tests/run/compare.py

    answer = subprocess.run([runs.BROOD, "compare", directory, reference], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    difference = compare(directory / "run.h5", reference / "run.h5")
    assert difference is None, f"h5py finds a difference: {difference}"


def tidy(directory):
    """A run that is complete leaves two files and nothing else."""
    names = {path.name for path in directory.iterdir()}
    assert names in ({"run.h5"}, {"run.h5", "run.prev.h5"}), f"a complete run leaves {sorted(names)}"


def small_images(directory, train, test):
    """The first of Fashion-MNIST's images, as plain IDX files: a job is not to spend its start on unpacking."""
    directory.mkdir()
    for part, count in ("train", train), ("t10k", test):
        for kind, header, size in ("images-idx3", 16, 28 * 28), ("labels-idx1", 8, 1):
            with gzip.open(DATA / f"{part}-{kind}-ubyte.gz", "rb") as packed:
                head, body = bytearray(packed.read(header)), packed.read(count * size)
            struct.pack_into(">I", head, 4, count)
            (directory / f"{part}-{kind}-ubyte").write_bytes(bytes(head) + body)
    return ["data.name=idx", f"data.dir={directory}"]


def command_line(directory, *settings):
    return ["search", "/dev/null", "--run", directory, *runs.sets(*settings)]

