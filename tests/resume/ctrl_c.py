"""Ctrl-C and TERM under scripts/brood-run, on a terminal of its own.

ctrl_c.py BROOD_CRASH [test_…]; ctrl_c.py terminal DEVICE COMMAND … is the child process that the tests start."""

import os
import pty
import signal
import sys
import threading
import time

import jobs
import stage
import runs
from stage import Slow

WRAPPER = runs.SOURCE / "scripts" / "brood-run"


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
    assert f"To go on      {WRAPPER} search --run {place.directory}" in said, said
    assert len(jobs.inflight(place.directory)) == 2
    place.complete()


def test_a_second_ctrl_c_under_brood_run_kills(place):
    """One rank stands still, so that the stop can't be completed."""
    job, terminal = wrapped(place, 2, 0.1)
    ranks = job.ranks()
    job.send(signal.SIGSTOP, [ranks[1]])
    terminal.press(b"\x03")
    job.wait_for(lambda: "brood-run: stopping" in terminal.words(), 30)
    terminal.press(b"\x03")  # at once: a key that bounced
    time.sleep(3)  # two seconds of a clock that knows whole ones
    assert job.running() and "killed" not in terminal.words(), terminal.words()
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


if __name__ == "__main__":
    if sys.argv[1] == "terminal":
        on_terminal(*sys.argv[2:])
    stage.main(globals())
