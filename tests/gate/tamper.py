"""One changed byte, and one changed attribute, in each dataset outside /clock: `brood compare` and the program on h5py both name it.

The changed files are sealed anew, so that nothing but the content tells them apart. `full` makes both changes in each
dataset, `half` one of them, in turn."""

import subprocess
import sys

import h5py
import numpy as np

import runs
import seal  # tests/run/seal.py
from compare import compare


def names_outside_clock(path):
    names = []
    with h5py.File(path, "r") as file:
        file.visititems(lambda name, item: names.append(item.name) if isinstance(item, h5py.Dataset) else None)
    return [name for name in names if not name.startswith("/clock/")]


def change_byte(dataset):
    """The lowest bit of the first element, or the last letter of a text."""
    where = () if dataset.shape == () else (0,) * dataset.ndim
    value = dataset[where]
    if isinstance(value, bytes):
        dataset[where] = value[:-1] + bytes([value[-1] ^ 1]) if value else b"!"
        return
    raw = bytearray(np.asarray(value, dtype=dataset.dtype).tobytes())
    raw[0] ^= 1
    dataset[where] = np.frombuffer(bytes(raw), dtype=dataset.dtype)[0]


def change_attribute(dataset):
    text = dataset.attrs["description"]
    dataset.attrs.modify("description", text[:-1] + (b"!" if isinstance(text, bytes) else "!"))


def both_name(original, changed, name):
    answer = subprocess.run([runs.BROOD, "compare", original, changed], capture_output=True, text=True)
    assert answer.returncode == 1, f"brood compare: exit code {answer.returncode}: {answer.stdout}{answer.stderr}"
    assert f" {name}" in answer.stdout and "trailer" not in answer.stdout, f"brood compare: {answer.stdout}"
    found = compare(original, changed)
    assert found and found.startswith(name), f"h5py: {found}"


def main():
    checked = failed = empty = 0
    full = sys.argv[1] == "full"
    with runs.Scratch() as scratch:
        directory = scratch / "run"
        settings = [*runs.SETTINGS["train"], "run.episodes=4", "run.round=2", "run.lag=1"]
        runs.run(0, "search", "/dev/null", "--run", directory, *runs.sets(*settings))
        original, changed = directory / "run.h5", scratch / "changed.h5"
        for number, name in enumerate(names_outside_clock(original)):
            for change in (change_byte, change_attribute) if full else ((change_byte, change_attribute)[number % 2],):
                with seal.edited(original, changed) as file:
                    if change is change_byte and file[name].size == 0:
                        empty += 1
                        continue
                    change(file[name])
                try:
                    both_name(original, changed, name)
                except AssertionError as error:
                    failed += 1
                    print(f"FAILED: {name}, {change.__name__}: {error}")
                checked += 1
        with seal.edited(original, changed) as file:
            file["clock/jobs/ranks"][0] = 99
        assert compare(original, changed) is None, "h5py looks into /clock"
        assert subprocess.run([runs.BROOD, "compare", original, changed], capture_output=True).returncode == 0
    assert checked > (200 if full else 100) and empty == 0, f"{checked} checked, {empty} datasets without rows"
    print(f"{checked - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
