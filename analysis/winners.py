#!/usr/bin/python3
"""What a search was worth: analysis/winners.py SEARCH TRAIN [NAME=ARCHITECTURE]...

Prints the best architecture of the first round (nothing learned yet), the best found, and the test accuracy of each
architecture that `brood train` trained in full, over its seeds. NAME labels an architecture of one's own."""

import sys

try:
    import h5py
    import numpy as np
except ImportError as error:
    sys.exit(f"winners.py: {error}; on Debian: apt-get install python3-h5py python3-numpy, and use /usr/bin/python3")


import runfile


class Episodes:
    """The rows of a run, those beyond its rounds told left out."""

    def __init__(self, run):
        try:
            with runfile.open_run(run) as file:
                rows = file["episodes"]
                codes = h5py.check_enum_dtype(rows["status"].dtype)
                status, self.round = rows["status"][:], rows["round"][:]
                self.told = self.round < len(file["updates/update"])
                self.trained = np.isin(status, [codes[name] for name in ("done", "stopped", "reused")])
                self.architecture = rows["architecture"].asstr()[:]
                self.reward, self.validation = rows["reward"][:], rows["validation_accuracy"][:]
                self.test = rows["test_accuracy"][:]
        except (OSError, KeyError) as error:
            sys.exit(f"winners.py: {run} cannot be read as a run of Brood: {error}")

    def best(self, of):
        """The row of the highest reward among these, or None."""
        of = of & self.told & self.trained & ~np.isnan(self.reward)
        return int(np.argmax(np.where(of, self.reward, -np.inf))) if of.any() else None


def found(search):
    best = search.best(np.full(len(search.round), True))
    first = search.best(search.round == 0)
    rows = [("best of round 0", first), ("best found", best)]
    return best, [(label, search.validation[row], None, search.architecture[row]) for label, row in rows if row is not None]


def trained(train, winner, given):
    rows = []
    for name in dict.fromkeys(train.architecture[train.told]):
        values = train.test[(train.architecture == name) & ~np.isnan(train.test)]
        label = given.get(name, "winner" if name == winner else "other")
        if len(values):
            rows.append((f"{label}, in full", None, values, name))
    return rows


def main():
    if sys.argv[1:] in (["-h"], ["--help"]):
        return print(__doc__)
    if len(sys.argv) < 3:
        sys.exit(f"winners.py: found {len(sys.argv) - 1} runs, expected two: that of the search, and that of `brood train`; --help tells more")
    for label in sys.argv[3:]:
        if "=" not in label:
            sys.exit(f"winners.py: found \"{label}\", expected NAME=ARCHITECTURE; --help tells more")
    given = {text: name for name, text in (label.split("=", 1) for label in sys.argv[3:])}
    search, train = Episodes(sys.argv[1]), Episodes(sys.argv[2])
    if not np.isnan(search.test).all():
        sys.exit(f"winners.py: {sys.argv[1]} was trained by `brood train`; the search comes first, then the run of its winners")
    best, rows = found(search)
    if best is None:
        sys.exit(f"winners.py: {sys.argv[1]}: no round has been told yet in which a network was trained")
    in_full = trained(train, search.architecture[best], given)
    if not in_full:
        sys.exit(f"winners.py: {sys.argv[2]} has no test accuracy: expected a run of `brood train` with test images")
    for name in given:
        if name not in train.architecture:
            print(f"winners.py: {sys.argv[2]} has no architecture \"{name}\"", file=sys.stderr)
    print(f"{'':20} {'validation':>10} {'test':>16}  architecture")
    for label, validation, values, name in rows + in_full:
        left = "" if validation is None else f"{validation:.4f}"
        right = ""
        if values is not None:
            right = f"{values.mean():.4f}" + (f" ± {values.std(ddof=1):.4f}" if len(values) > 1 else "")
        print(f"{label:20} {left:>10} {right:>16}  {name}")


if __name__ == "__main__":
    main()
