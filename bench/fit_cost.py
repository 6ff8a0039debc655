"""The cost model against this machine: random children are timed layer by layer, and what each kind of work takes is fitted to that.

    /usr/bin/python3 bench/fit_cost.py [--brood build/release/brood] [--seed 1] [--children 24]

For who changes src/nn/cost.c, not for sites: brood status finds a machine's factor by itself. Prints the times of kinds of work (cost.h) in nanoseconds, as they are
fitted here ("-": these children do not tell), and how far the predicted time of a child's training step is from the measured one:
by the times built in, up to one factor for the machine, and by those fitted, the optimiser aside, for other children than they were fitted to. Half of the children are
conv1d, half conv2d. Nothing else should run on the machine."""

import argparse
import json
import random
import subprocess
import sys

try:
    import numpy as np
except ImportError:
    sys.exit(f"fit_cost: {sys.executable} has no NumPy: Debian's is python3-numpy, for /usr/bin/python3")

from peer_pytorch import clean

BATCH = 100
SWEEPS = 20000
WITHIN = 0.25
LAYERS = 0.3  # weight of a layer beside its child


def drawn(number, seed):
    """Children of both kinds, with and without batch normalisation, dropout and a flat tail."""
    draw = random.Random(f"cost {seed}")
    children = []
    for i in range(number):
        kind, layers = ("conv1d", "conv2d")[i % 2], []
        for _ in range(draw.randint(1, 4)):
            filters, dropout = draw.randint(8, 64), draw.choice([0, 0, 20])
            if kind == "conv1d":
                layers.append(f"{draw.randint(1, 60)},{filters},{draw.choice([1, 2, 3, draw.randint(4, 60)])},{dropout}")
            else:
                layers.append(f"{draw.randint(1, 7)},{filters},1,{draw.randint(1, 3)},{dropout}")
        children.append({"space.kind": kind, "space.batch_norm": draw.choice(["true", "false"]), "space.tail": draw.choice(["average", "flatten"]), "--arch": "; ".join(layers)})
    return children


def timed(program, child):
    keys = [f"{key}={value}" for key, value in child.items() if key != "--arch"] + [f"child.batch={BATCH}", "child.optimizer=adam"]
    sets = [word for key in keys for word in ("--set", key)]
    answer = subprocess.run([program, "bench", "child", *sets, "--arch", child["--arch"], "--json"], env=clean(), capture_output=True, text=True)
    if answer.returncode:
        sys.exit(answer.stderr)
    return json.loads(answer.stdout)


def timed_apart(told):
    """Layers, a convolution together with what is fused behind it, whose forward pass is in its own."""
    layers = []
    for layer in told["layers"]:
        if layer["way"].endswith(", fused"):
            made_by = next(other for other in reversed(layers) if other["way"].startswith("convolution"))
            for time in ("forward_ms", "backward_ms", "predicted_ms"):
                made_by[time] += layer[time]
            made_by["work"] = {kind: work + layer["work"][kind] for kind, work in made_by["work"].items()}
            made_by["way"] += f", {layer['way']}"
        else:
            layers.append(dict(layer))
    return layers


def rows_of(told, kinds):
    """Of each layer: counted work of a mini-batch, milliseconds."""
    layers = timed_apart(told)
    work = np.array([[layer["work"][kind] * BATCH for kind in kinds] for layer in layers])
    return work, np.array([layer["forward_ms"] + layer["backward_ms"] for layer in layers])


def fit(work, wanted):
    """times ≥ 0 that minimise |work times − wanted|: coordinate by coordinate."""
    squares, target = work.T @ work, work.T @ wanted
    times = np.zeros(len(target))
    for _ in range(SWEEPS):
        for k in range(len(times)):
            if squares[k, k] > 0:
                times[k] = max(0, times[k] + (target[k] - squares[k] @ times) / squares[k, k])
    return times


def fitted(children, kinds):
    """Children count alike, and their layers by their share, less than the whole: what one layer writes another may pay for."""
    rows = [rows_of(told, kinds) for told in children]
    work = np.vstack([np.vstack([LAYERS * work, work.sum(axis=0)]) / times.sum() for work, times in rows])
    wanted = np.concatenate([np.append(LAYERS * times, times.sum()) / times.sum() for work, times in rows])
    return fit(work, wanted)


def describe(label, ratios):
    ratios = np.array(ratios) / np.median(ratios)
    near = np.mean(np.abs(ratios - 1) <= WITHIN)
    print(f"{label}: {100 * near:.0f} % of {len(ratios)} children within {100 * WITHIN:.0f} % (measured / predicted {ratios.min():.2f} to {ratios.max():.2f} of the median)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brood", default="build/release/brood")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--children", type=int, default=24)
    options = parser.parse_args()
    if options.children < 8:
        parser.error(f"--children: found {options.children}, expected at least 8: two for each of the four they are told by")
    all_children = [timed(options.brood, child) for child in drawn(options.children, options.seed)]
    kinds = list(all_children[0]["layers"][0]["work"])
    print(f"{all_children[0]['cpu']}, {all_children[0]['products']}; {options.children} children, seed {options.seed}")
    describe("times built in", [told["ms_per_step"] / told["predicted_ms"] for told in all_children])
    print(f"  median measured / predicted {np.median([told['ms_per_step'] / told['predicted_ms'] for told in all_children]):.2f}")
    by_way = {}
    for told in all_children:
        for layer in timed_apart(told):
            by_way.setdefault(layer["way"], []).append((layer["forward_ms"] + layer["backward_ms"], layer["predicted_ms"]))
    for way, times in sorted(by_way.items()):
        measured, predicted = (sum(column) for column in zip(*times))
        if predicted > 0:
            print(f"  {way:48} {measured:9.2f} ms measured, {measured / predicted:5.2f} of predicted; least {min(m / p for m, p in times if p > 0):.2f}, most {max(m / p for m, p in times if p > 0):.2f}")
    times = fitted(all_children, kinds)
    for kind, time in zip(kinds, times):
        print(f"  {kind:8} {f'{1e6 * time:.4g} ns' if time > 0 else '-'}")
    ratios = []
    for fold in range(4):  # each child by the times of others
        others = [told for i, told in enumerate(all_children) if i // 2 % 4 != fold]
        times = fitted(others, kinds)
        for i, told in enumerate(all_children):
            if i // 2 % 4 == fold:
                ratios.append((told["ms_per_step"] - told["optimizer_ms"]) / sum(rows_of(told, kinds)[0] @ times))
    describe("times fitted", ratios)


if __name__ == "__main__":
    main()
