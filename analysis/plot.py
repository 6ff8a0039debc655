#!/usr/bin/python3
"""Draws what a search has found so far: analysis/plot.py RUN [-o FILE]

RUN is a run directory, or a run file; it may be written to meanwhile. One picture: the reward of every episode and the
best so far, the rewards of each round, the learning curves. FILE (RUN/plot.png) may end in .png, .pdf or .svg."""

import argparse
import os
import sys
import textwrap

try:
    import h5py
    import matplotlib
    import numpy as np

    matplotlib.use("Agg")  # works without a display
    import matplotlib.pyplot as plt
    from matplotlib.collections import LineCollection
    from matplotlib.ticker import MaxNLocator
except ImportError as error:
    sys.exit(
        f"plot.py: {sys.executable} has no module {error.name}; on Debian: apt-get install "
        "python3-h5py python3-numpy python3-matplotlib, and use /usr/bin/python3"
    )

import runfile

# Their reward is reward.failure, which says nothing of an accuracy and would squeeze the axes.
FAILED = ("invalid", "refused", "diverged", "skipped")
CURVES_SHOWN = 2000  # more of them only blacken the picture
INK, FRAME, GRID = "#22272e", "#9aa3ad", "#e3e7eb"
EPISODE, LINE, BEST, BAD = "#8fa3b5", "#1f6f9f", "#d1570a", "#a3324a"


class Run:
    """What is drawn, row = episode. `value` is the reward; in a run of `brood train`, whose rewards can be unknown, the
    test accuracy."""

    def __init__(self, run):
        with runfile.open_run(run) as file:
            episodes, curves = file["episodes"], file["curves"]
            names = {code: name for name, code in h5py.check_enum_dtype(episodes["status"].dtype).items()}
            status = np.array([names[code] for code in episodes["status"][:].tolist()], dtype=object)
            self.round = episodes["round"][:]
            self.architecture = episodes["architecture"].asstr()[:]
            reward, test = episodes["reward"][:], episodes["test_accuracy"][:]
            accuracy = episodes["validation_accuracy"][:]
            offset, length = curves["offset"][:], curves["length"][:]
            values = {name: curves[name][:] for name in ("accuracy", "training_loss")}
            self.curves = {name: [v[at : at + n] for at, n in zip(offset, length)] for name, v in values.items()}
            told = self.round < len(file["updates/update"])
        failed = np.isin(status, FAILED)
        trained = ~failed & (status != "open")
        # Rounds beyond the goal have been asked; what is refused or invalid there is known, and has not happened yet.
        begun = told | np.isin(self.round, self.round[trained])
        self.finished = begun & (trained | failed)
        self.failed = begun & failed
        self.value, self.label = reward, "reward"
        if trained.any() and np.isnan(reward[trained]).all():
            self.value, self.label = test, "test accuracy"
        elif np.array_equal(reward[trained], accuracy[trained]):
            self.label = "reward (validation accuracy)"
        self.trained = trained & ~np.isnan(self.value)
        self.best = int(np.argmax(np.where(self.trained, self.value, -np.inf))) if self.trained.any() else None


def count(n, noun):
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def prepare(axes, title, x, y):
    axes.set_title(title, loc="left", fontsize=10.5, fontweight="bold", color=INK, pad=8)
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FRAME)
    axes.tick_params(color=FRAME, labelcolor=INK)


def explain(axes):
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        axes.legend(
            handles, labels, loc="upper center", bbox_to_anchor=(0.5, -0.19), ncol=len(handles), frameon=False,
            fontsize=8.5, labelcolor=INK, columnspacing=1.6, handletextpad=0.6,
        )


def limit(axes, values):
    low, high = float(np.min(values)), float(np.max(values))
    room = 0.06 * (high - low) or 0.02
    axes.set_ylim(low - 1.6 * room, high + room)


def draw_episodes(axes, run):
    prepare(axes, "Best so far", "episode", run.label)
    episode = np.arange(len(run.value))
    if run.finished.any():
        last = int(episode[run.finished][-1])
        axes.set_xlim(-0.5 - 0.01 * last, last + 0.5 + 0.01 * last)
    if run.best is not None:
        shown = np.where(run.trained, run.value, np.nan)
        axes.plot(
            episode, shown, "o", color=EPISODE, markersize=4.5, markeredgewidth=0, alpha=0.9, label="an episode",
            zorder=3,
        )
        axes.plot(
            episode[: last + 1], np.fmax.accumulate(shown[: last + 1]), color=LINE, linewidth=2,
            drawstyle="steps-post", label="best so far",
        )
        axes.plot(
            run.best, run.value[run.best], "o", color=BEST, markersize=7.5, label=f"best: episode {run.best}", zorder=4
        )
        limit(axes, shown[run.trained])
    failures = int(run.failed.sum())
    if failures:
        axes.plot(
            episode[run.failed], np.full(failures, 0.015), "x", color=BAD, markersize=4, clip_on=False,
            transform=axes.get_xaxis_transform(), label=f"failed ({failures:,}): reward not drawn",
        )
    explain(axes)


def draw_rounds(axes, run):
    prepare(axes, "By round", "round", run.label)
    if run.best is None:
        return
    rounds = np.arange(run.round[run.trained].max() + 1)
    of, value = run.round[run.trained], run.value[run.trained]
    with np.errstate(invalid="ignore"):
        mean = np.bincount(of, value) / np.bincount(of)  # NaN where none was trained: the line has a gap
    low, high = np.full(len(rounds), np.inf), np.full(len(rounds), -np.inf)
    np.minimum.at(low, of, value)
    np.maximum.at(high, of, value)
    low[np.isnan(mean)] = high[np.isnan(mean)] = np.nan
    waiting = run.round[~run.finished & (run.round <= rounds[-1])]
    partial = (np.bincount(waiting, minlength=len(rounds)) > 0) & ~np.isnan(mean)
    width = float(np.clip(120 / len(rounds), 1, 4))
    axes.vlines(rounds, low, high, color=EPISODE, linewidth=width, alpha=0.7, label="lowest to highest")
    axes.plot(rounds, mean, "o-", color=LINE, linewidth=1.6, markersize=5 if len(rounds) <= 60 else 2.5, label="mean")
    if partial.any():
        axes.plot(
            rounds[partial], mean[partial], "o", color=LINE, markerfacecolor="white", markersize=5,
            label="not all finished",
        )
    if run.failed.any():
        axes.plot([], [], "x", color=BAD, markersize=4, label="failed: left out")
    limit(axes, run.value[run.trained])
    axes.set_xlim(-0.6, rounds[-1] + 0.6)
    explain(axes)


def draw_curves(axes, run):
    name, label = "accuracy", "validation accuracy"
    shown = [e for e in np.flatnonzero(run.trained) if len(run.curves[name][e])]
    if shown and all(np.isnan(run.curves[name][e]).all() for e in shown):
        name, label = "training_loss", "training loss (nat)"  # all images were trained on
    prepare(axes, "Learning curves", "epoch", label)
    longest = max((len(run.curves[name][e]) for e in shown), default=0)
    if not longest:
        return
    marker = "o" if longest <= 12 else None
    others = [run.curves[name][e] for e in shown if e != run.best]
    label = "an episode"
    if len(others) > CURVES_SHOWN:
        label = f"{CURVES_SHOWN:,} of {len(others):,} episodes"
        others = [others[i] for i in np.linspace(0, len(others) - 1, CURVES_SHOWN).astype(int)]
    if others:
        look = dict(color=EPISODE, alpha=float(np.clip(12 / len(shown), 0.25, 0.8)))
        curves = [np.column_stack((np.arange(1, len(y) + 1), y)) for y in others]
        axes.add_collection(LineCollection(curves, linewidths=0.9, label=label, **look))
        if marker:
            axes.plot(*np.concatenate(curves).T, marker, markersize=2.5, **look)
    y = run.curves[name][run.best]
    axes.plot(
        np.arange(1, len(y) + 1), y, marker=marker, color=BEST, linewidth=2.2, markersize=5, zorder=4,
        label=f"best: episode {run.best}",
    )
    margin = 0.04 * longest
    axes.set_xlim(1 - margin, longest + margin)
    explain(axes)


def draw(run, name):
    figure = plt.figure(figsize=(10.5, 8))
    grid = figure.add_gridspec(2, 2, left=0.08, right=0.975, top=0.865, bottom=0.1, hspace=0.47, wspace=0.22)
    draw_episodes(figure.add_subplot(grid[0, :]), run)
    draw_rounds(figure.add_subplot(grid[1, 0]), run)
    draw_curves(figure.add_subplot(grid[1, 1]), run)
    title = f"{name}: {count(int(run.finished.sum()), 'episode')} finished"
    figure.text(0.08, 0.968, title, fontsize=14, fontweight="bold", color=INK, va="center")
    said = "no accuracy is known" if (run.finished & ~run.failed).any() else "no child has been trained yet"
    if run.best is not None:
        said = f"best {run.value[run.best]:.4f}   {run.architecture[run.best]}"
    said = textwrap.fill(said, 118, max_lines=2)
    figure.text(0.08, 0.945, said, fontsize=9.5, color=INK, va="top", family="monospace")
    return figure


def main():
    parser = argparse.ArgumentParser(
        usage="analysis/plot.py RUN [-o FILE]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", metavar="RUN", help="run directory, or run file")
    parser.add_argument("-o", "--output", metavar="FILE", help="picture to write")
    arguments = parser.parse_args()
    directory = os.path.dirname(arguments.run) if os.path.isfile(arguments.run) else arguments.run
    output = arguments.output or os.path.join(directory, "plot.png")
    try:
        run = Run(arguments.run)
    except FileNotFoundError as error:
        sys.exit(f"plot.py: {error.filename}: {error.strerror}; RUN is the directory of a run, such as runs/quickstart")
    except (OSError, KeyError) as error:
        sys.exit(f"plot.py: {arguments.run} cannot be read as a run of Brood: {error}")
    try:
        draw(run, os.path.basename(os.path.abspath(directory))).savefig(output, dpi=150)
    except (OSError, ValueError) as error:
        sys.exit(f"plot.py: {output} cannot be written: {error}")
    print(output)


if __name__ == "__main__":
    main()
