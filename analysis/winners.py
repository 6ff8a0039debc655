#!/usr/bin/python3
"""What a search was worth: analysis/winners.py SEARCH TRAIN [NAME=ARCHITECTURE]...

Prints the best architecture of the first round (nothing learned yet), the best found, and the test accuracy of each
architecture that `brood train` trained in full, over its seeds. NAME labels an architecture of one's own."""

import sys

try:
    import h5py
    import numpy as np
except ImportError as error:
    sys.exit(f"winners.py: {error}; on Debian: apt-get install python3-h5py python3-numpy")


def texts(dataset):
    return [t.decode() if isinstance(t, bytes) else t for t in dataset[:]]


def read(directory):
    try:
        return h5py.File(f"{directory}/run.h5", "r")
    except OSError as error:
        sys.exit(f"winners.py: {directory}/run.h5: {error}")


def main():
    if len(sys.argv) < 3 or not all("=" in label for label in sys.argv[3:]):
        sys.exit(__doc__)
    given = {text: name for name, text in (label.split("=", 1) for label in sys.argv[3:])}
    with read(sys.argv[1]) as search:
        episodes = search["episodes"]
        told = episodes["round"][:] < search["updates/update"].shape[0]
        reward = np.where(told & (episodes["status"][:] != 0), episodes["reward"][:], -np.inf)
        accuracy = episodes["validation_accuracy"][:]
        architecture = texts(episodes["architecture"])
        first = int(np.argmax(np.where(episodes["round"][:] == 0, reward, -np.inf)))
        best = int(np.argmax(reward))
    rows = [
        ("best of round 0", accuracy[first], None, architecture[first]),
        ("best found", accuracy[best], None, architecture[best]),
    ]
    with read(sys.argv[2]) as train:
        episodes = train["episodes"]
        names = np.array(texts(episodes["architecture"]))
        test = episodes["test_accuracy"][:]
        for name in dict.fromkeys(names):
            values = test[(names == name) & ~np.isnan(test)]
            label = "winner" if name == architecture[best] else given.get(name, "other")
            if len(values):
                rows.append((f"{label}, in full", None, values, name))
    print(f"{'':20} {'validation':>10} {'test':>16}  architecture")
    for label, validation, values, name in rows:
        left = "" if validation is None else f"{validation:.4f}"
        right = ""
        if values is not None:
            right = f"{values.mean():.4f}" + (f" ± {values.std(ddof=1):.4f}" if len(values) > 1 else "")
        print(f"{label:20} {left:>10} {right:>16}  {name}")


if __name__ == "__main__":
    main()
