#!/usr/bin/python3
"""What analysis/plot.py draws, and what it says, of searches made here with the evaluator `synthetic`."""

import contextlib
import importlib.util
import io
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import unittest.mock

try:
    import h5py
    import matplotlib  # noqa: F401
    import numpy as np
except ImportError as missing:
    print(f"skipped: no module {missing.name}")
    sys.exit(77)

BROOD = os.environ["BROOD"]
PLOT = os.path.join(os.environ["BROOD_SOURCE"], "analysis", "plot.py")

sys.path.insert(0, os.path.dirname(PLOT))
spec = importlib.util.spec_from_file_location("plot", PLOT)
plot = importlib.util.module_from_spec(spec)
spec.loader.exec_module(plot)

CONFIG = """
evaluator: {name: synthetic}
space: {filters: [16, 32, 48, 64]}
child: {epochs: 3}
run: {round: 4, episodes: 12}
"""


def program(*arguments):
    """Exit code, stdout and stderr of the program, run in this process: importing matplotlib takes seconds."""
    out, code, message = io.StringIO(), 0, ""
    with contextlib.redirect_stdout(out), unittest.mock.patch.object(sys, "argv", ["plot.py", *arguments]):
        try:
            plot.main()
        except SystemExit as end:
            code, message = 1, f"{end}\n"
    return code, out.getvalue(), message


class Plot(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory()
        cls.config = os.path.join(cls.place.name, "config.yaml")
        with open(cls.config, "w") as file:
            file.write(CONFIG)
        cls.whole = cls.search("whole")

    @classmethod
    def tearDownClass(cls):
        cls.place.cleanup()

    @classmethod
    def brood(cls, command, name, *arguments):
        run = os.path.join(cls.place.name, name)
        done = subprocess.run([BROOD, command, cls.config, "--run", run, *arguments], capture_output=True, text=True)
        if done.returncode:
            raise AssertionError(done.stderr)
        return run

    @classmethod
    def search(cls, name, *assignments):
        return cls.brood("search", name, *(word for key in assignments for word in ("--set", key)))

    def draw(self, run):
        """The axes of the picture, by title."""
        figure = plot.draw(plot.Run(os.path.join(run, "run.h5")), "a run")
        figure.canvas.draw()
        return {axes.get_title(loc="left"): axes for axes in figure.axes}

    def line(self, axes, label):
        found = [line for line in axes.lines if line.get_label().startswith(label)]
        self.assertEqual(len(found), 1, label)
        return found[0]

    def columns(self, run, *names):
        with h5py.File(os.path.join(run, "run.h5"), "r") as file:
            return [file["episodes"][name][:] for name in names]

    def test_a_picture_is_written_without_a_display_and_its_path_printed(self):
        without = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "MPLBACKEND")}
        done = subprocess.run([sys.executable, PLOT, self.whole], capture_output=True, text=True, env=without)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        out = done.stdout
        self.assertEqual(out, os.path.join(self.whole, "plot.png") + "\n")
        with open(out.strip(), "rb") as file:
            self.assertEqual(file.read(8), b"\x89PNG\r\n\x1a\n")
        other = os.path.join(self.place.name, "x.svg")
        code, out, err = program(os.path.join(self.whole, "run.h5"), "-o", other)
        self.assertEqual((code, out), (0, other + "\n"))

    def test_panels_show_the_file(self):
        reward, episode_round, status = self.columns(self.whole, "reward", "round", "status")
        finished = status != 0
        self.assertEqual(finished.sum(), 12)
        self.assertEqual(len(status), 16)  # a round beyond the goal is open
        axes = self.draw(self.whole)
        best = axes["Best so far"]
        np.testing.assert_array_equal(self.line(best, "best so far").get_ydata(), np.maximum.accumulate(reward[:12]))
        np.testing.assert_array_equal(self.line(best, "an episode").get_ydata()[:12], reward[:12])
        self.assertEqual(self.line(best, "best: episode").get_xdata()[0], np.argmax(reward[:12]))
        self.assertEqual(best.get_ylabel(), "reward (validation accuracy)")
        rounds = axes["By round"]
        means = [reward[:12][episode_round[:12] == r].mean() for r in range(3)]
        np.testing.assert_allclose(self.line(rounds, "mean").get_ydata(), means)
        bars = rounds.collections[0].get_segments()
        for r in range(3):
            mine = reward[:12][episode_round[:12] == r]
            np.testing.assert_array_equal([bars[r][0][1], bars[r][1][1]], [mine.min(), mine.max()])
        curves = axes["Learning curves"]
        others = curves.collections[0].get_segments()
        self.assertEqual(len(others), 11)
        self.assertEqual(list(others[0][:, 0]), [1, 2, 3])
        np.testing.assert_allclose(self.line(curves, "best: episode").get_ydata()[-1], reward[:12].max(), rtol=1e-6)

    def test_failed_episodes_do_not_squeeze_the_axes_and_are_counted(self):
        run = self.search("limited", "limits.flops=20000000", "run.episodes=40", "strategy.name=random")
        reward, status, parameters = self.columns(run, "reward", "status", "parameters")
        failed = status[:40] == 5
        self.assertTrue(0 < failed.sum() < 40)
        axes = self.draw(run)
        best = axes["Best so far"]
        self.assertGreater(best.get_ylim()[0], 0.3)
        self.assertEqual(len(self.line(best, f"failed ({failed.sum()})").get_xdata()), failed.sum())
        trained = [reward[e] for e in range(40) if not failed[e]]
        self.assertEqual(len(axes["Learning curves"].collections[0].get_segments()), len(trained) - 1)

    def test_one_episode_can_be_drawn(self):
        run = self.search("one", "run.episodes=1", "run.round=1", "child.epochs=1")
        self.assertEqual(program(run)[0], 0)
        self.assertEqual(len(self.line(self.draw(run)["Learning curves"], "best: episode 0").get_xdata()), 1)

    def test_a_round_not_all_finished_is_marked(self):
        run = os.path.join(self.place.name, "partial")
        os.mkdir(run)
        shutil.copy(os.path.join(self.whole, "run.h5"), run)
        os.chmod(os.path.join(run, "run.h5"), 0o644)
        with h5py.File(os.path.join(run, "run.h5"), "r+") as file:
            for episode in (9, 11):
                file["episodes/status"][episode] = 0
                file["episodes/reward"][episode] = np.nan
        axes = self.draw(run)
        self.assertEqual(list(self.line(axes["By round"], "not all finished").get_xdata()), [2])
        self.assertEqual(len(axes["Learning curves"].collections[0].get_segments()), 9)

    def test_a_run_without_any_result_is_drawn_empty(self):
        run = os.path.join(self.place.name, "empty")
        os.mkdir(run)
        shutil.copy(os.path.join(self.whole, "run.h5"), run)
        os.chmod(os.path.join(run, "run.h5"), 0o644)
        with h5py.File(os.path.join(run, "run.h5"), "r+") as file:
            file["episodes/status"][:] = 0
            file["episodes/reward"][:] = np.nan
        code, _, err = program(run)
        self.assertEqual((code, err), (0, ""))

    def test_training_in_full_shows_test_accuracy_and_training_loss(self):
        texts = ("3,16,1,2,0; 3,32,1,2,0; 3,32,1,2,0", "3,16,1,2,0; 5,32,1,2,0; 5,64,1,2,0")
        run = self.brood("train", "train", *(word for text in texts for word in ("--arch", text)), "--seeds", "2")
        (test,) = self.columns(run, "test_accuracy")
        axes = self.draw(run)
        self.assertEqual(axes["Best so far"].get_ylabel(), "test accuracy")
        self.assertEqual(self.line(axes["Best so far"], "best so far").get_ydata()[-1], np.nanmax(test))
        self.assertEqual(axes["Learning curves"].get_ylabel(), "training loss (nat)")

    def test_a_file_that_is_being_replaced_is_looked_for_again(self):
        run = os.path.join(self.place.name, "replaced")
        os.mkdir(run)
        shutil.copy(os.path.join(self.whole, "run.h5"), os.path.join(run, "run.prev.h5"))

        def arrive():
            time.sleep(0.3)
            shutil.copy(os.path.join(self.whole, "run.h5"), os.path.join(run, "new"))
            os.rename(os.path.join(run, "new"), os.path.join(run, "run.h5"))

        thread = threading.Thread(target=arrive)
        thread.start()
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertIsNotNone(plot.Run(run).best)
        self.assertEqual(said.getvalue(), "")
        thread.join()

    def test_a_damaged_file_is_said_and_the_generation_before_is_read(self):
        run = os.path.join(self.place.name, "damaged")
        shutil.copytree(self.whole, run)
        newest, previous = os.path.join(run, "run.h5"), os.path.join(run, "run.prev.h5")
        for path in newest, previous:
            os.chmod(path, 0o644)
        before = plot.Run(previous).finished.sum()
        self.assertNotEqual(before, plot.Run(newest).finished.sum())
        for path, words in (newest, "the generation before it is read"), (previous, "read all the same"):
            with open(path, "r+b") as file:
                file.seek(-50, os.SEEK_END)
                byte = file.read(1)
                file.seek(-50, os.SEEK_END)
                file.write(bytes([byte[0] ^ 1]))
            with contextlib.redirect_stderr(io.StringIO()) as said:
                drawn = plot.Run(run).finished.sum()
            self.assertIn(words, said.getvalue())
            self.assertEqual(drawn, before if path == newest else plot.Run(self.whole).finished.sum())

    def test_what_cannot_be_drawn_is_said_in_a_line(self):
        broken = os.path.join(self.place.name, "broken.h5")
        with open(broken, "w") as file:
            file.write("no run file")
        for arguments, words in (
            ((self.place.name,), ("run.h5", "directory of a run")),
            ((broken,), (broken, "cannot be read")),
            ((self.whole, "-o", "/nonexistent/x.png"), ("/nonexistent/x.png", "cannot be written")),
            ((self.whole, "-o", os.path.join(self.place.name, "x.nothing")), ("x.nothing", "nothing")),
        ):
            code, out, err = program(*arguments)
            self.assertEqual((code, out), (1, ""))
            self.assertEqual(err.count("\n"), 1, err)
            for word in words:
                self.assertIn(word, err)

    def test_a_missing_module_is_named_with_its_package(self):
        done = subprocess.run([sys.executable, "-I", "-S", PLOT, self.whole], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no module h5py", done.stderr)
        self.assertIn("python3-h5py", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main(verbosity=1)
