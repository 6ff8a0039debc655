"""The same children trained by Brood and by PyTorch on this machine, in turn: ms of a training step of 100 drawn images, and how many times PyTorch's
time it is.

    /usr/bin/python3 bench/peer_pytorch.py [--brood build/release/brood] [--seed 1] [--random 12] [--processes 5] [--only nas1d,hand2d]

PyTorch (Debian's python3-torch) runs as it comes and with the best settings found: glibc keeps freed blocks (MALLOC_MMAP_THRESHOLD_,
MALLOC_TRIM_THRESHOLD_, MALLOC_TOP_PAD_) and images lie channels last. Each figure of both is the fastest of some processes, a median within each.
OPENBLAS_* and MALLOC_* of the environment are not handed on; BROOD_ISA is, and the last line names the path. One thread."""

import argparse
import importlib.util
import json
import math
import os
import random
import subprocess
import sys
import time

FIXED = {
    "nas1d": ("conv1d", "61,24,60,0; 57,55,59,0", False),
    "hand1d": ("conv1d", "5,32,2,0; 5,64,2,0", False),
    "hand2d": ("conv2d", "5,32,1,2,0; 5,64,1,2,0", False),
    "conv3": ("conv2d", "3,24,1,2,0; 3,48,1,2,0; 3,64,1,2,0", False),
}
KEPT = {"MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "8589934592", "MALLOC_TOP_PAD_": "268435456"}
BATCH, SECONDS, LEAST_STEPS = 100, 1.5, 5


def clean():
    return {name: value for name, value in os.environ.items() if not name.startswith(("OPENBLAS_", "MALLOC_"))}


# ---- PyTorch, in a process of its own ----


def model(torch, kind, architecture, norm):
    nn, F = torch.nn, torch.nn.functional

    class SlidingMax(nn.Module):
        """Stride 1, as large as its input: the odd element behind."""

        def __init__(self, window):
            super().__init__()
            self.window = window

        def forward(self, x):
            before = (self.window - 1) // 2
            return F.max_pool1d(F.pad(x, (before, self.window - 1 - before), value=float("-inf")), self.window, 1)

    layers, channels, side = [], 1, 28
    for text in architecture.split(";"):
        values = [int(value) for value in text.split(",")]
        kernel, filters, pool = values[0], values[1], values[-2]
        if kind == "conv1d":
            layers += [nn.Conv1d(channels, filters, kernel, padding="same"), nn.ReLU()] + ([SlidingMax(pool)] if pool > 1 else [])
        else:
            layers += [nn.Conv2d(channels, filters, kernel, padding="same", bias=not norm)] + ([nn.BatchNorm2d(filters)] if norm else []) + [nn.ReLU()]
            if pool > 1:
                layers.append(nn.MaxPool2d(pool, pool, ceil_mode=True))
                side = -(-side // pool)
        channels = filters
    positions = 784 if kind == "conv1d" else side * side
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(positions * channels, 10))


def torch_process(kind, architecture, norm, last):
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = model(torch, kind, architecture, norm)
    images = torch.rand((BATCH, 1, 784) if kind == "conv1d" else (BATCH, 1, 28, 28))
    if last and kind == "conv2d":
        network, images = network.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
    labels = torch.arange(BATCH) % 10
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    times, began = [], time.perf_counter()
    while len(times) < 2 + LEAST_STEPS or (time.perf_counter() - began < SECONDS and len(times) < 60):
        before = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(network(images), labels).backward()
        optimizer.step()
        times.append(1e3 * (time.perf_counter() - before))
    times = sorted(times[2:])
    print(times[len(times) // 2])


# ---- both, in turn ----


def of_torch(child, best):
    kind, architecture, norm = child
    arguments = [sys.executable, __file__, "--torch", kind, architecture, str(int(norm)), str(int(best))]
    answer = subprocess.run(arguments, env={**clean(), "OMP_NUM_THREADS": "1", **(KEPT if best else {})}, capture_output=True, text=True)
    if answer.returncode:
        sys.exit(answer.stderr)
    return float(answer.stdout)


def of_brood(program, child):
    kind, architecture, norm = child
    keys = [f"space.kind={kind}", f"space.batch_norm={str(norm).lower()}", "space.tail=flatten", f"child.batch={BATCH}", "child.optimizer=adam"]
    sets = [word for key in keys for word in ("--set", key)]
    answer = subprocess.run([program, "bench", "child", *sets, "--arch", architecture, "--json"], env=clean(), capture_output=True, text=True)
    if answer.returncode:
        sys.exit(answer.stderr)
    return json.loads(answer.stdout)


def drawn(kind, number, seed):
    draw = random.Random(f"{kind} {seed}")
    children = []
    for _ in range(number):
        layers = []
        for _ in range(draw.choice([2, 3])):
            filters = draw.randint(8, 64)
            if kind == "conv1d":
                layers.append(f"{draw.randint(1, 50)},{filters},{draw.randint(1, 60)},0")
            else:
                layers.append(f"{draw.randint(1, 7)},{filters},1,{draw.randint(1, 2)},0")
        children.append((kind, "; ".join(layers), kind == "conv2d"))
    return children


def compare(program, child, processes):
    """ms of Brood, of PyTorch as it comes and at its best, the fastest of the processes, which take turns."""
    best = [math.inf] * 3
    for _ in range(processes):
        told = of_brood(program, child)
        times = told["ms_per_step"], of_torch(child, False), of_torch(child, True)
        best = [min(pair) for pair in zip(best, times)]
    return best[0], best[1], min(best[1:]), told


def geometric(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def main():
    if sys.argv[1:2] == ["--torch"]:
        kind, architecture, norm, last = sys.argv[2:]
        return torch_process(kind, architecture, norm == "1", last == "1")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brood", default="build/release/brood")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--random", type=int, default=12, help="children drawn of each kind")
    parser.add_argument("--processes", type=int, default=5)
    parser.add_argument("--only", help=f"some of {','.join(FIXED)},conv1d,conv2d, separated by commas; the last two are those drawn")
    given = parser.parse_args()
    groups = {name: [child] for name, child in FIXED.items()}
    groups |= {kind: drawn(kind, given.random, given.seed) for kind in ("conv1d", "conv2d")}
    if given.only:
        unknown = [name for name in given.only.split(",") if name not in groups]
        if unknown:
            parser.error(f"--only: found {unknown[0]!r}, expected names of {', '.join(groups)}")
        groups = {name: groups[name] for name in given.only.split(",")}
    if not os.access(given.brood, os.X_OK):
        parser.error(f"--brood: there is no program {given.brood}: scripts/build release makes it")
    if not importlib.util.find_spec("torch"):
        parser.error(f"{sys.executable} has no PyTorch: Debian's is python3-torch, for /usr/bin/python3")
    print("| child | Brood ms | PyTorch ms | times | best settings ms | times |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, children in groups.items():
        plain, tuned = [], []
        for child in children:
            ours, theirs, best, told = compare(given.brood, child, given.processes)
            plain.append(theirs / ours)
            tuned.append(best / ours)
            print(f"| {name}: {child[1]} | {ours:.2f} | {theirs:.1f} | {plain[-1]:.2f} | {best:.1f} | {tuned[-1]:.2f} |", flush=True)
        if len(children) > 1:
            print(f"| {name}: geometric mean, least | | | {geometric(plain):.2f}, {min(plain):.2f} | | {geometric(tuned):.2f}, {min(tuned):.2f} |")
    print(f"\n{told['cpu']}, {told['products']}, one thread; fastest of {given.processes} processes, medians within each; seed {given.seed}")


if __name__ == "__main__":
    main()
