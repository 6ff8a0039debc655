"""The arrows of the house point down, and outside libraries stand behind one door each: read from the #include lines."""

import os
import pathlib
import re
import sys

SOURCE = pathlib.Path(os.environ["BROOD_SOURCE"])

# What each room may include, itself apart.
MAY = {
    "util": set(),
    "rng": {"util"},
    "math": {"util", "rng"},
    "nn": {"util", "rng", "math"},
    "data": {"util"},
    "space": {"util", "rng", "math", "nn"},
    "history": {"util", "rng", "math"},
    "policy": {"util", "rng", "math", "nn", "space"},
    "search": {"util", "rng", "math", "nn", "space", "history", "policy"},
    "child": {"util", "rng", "math", "nn", "space", "history", "data"},
    "run": {"util"},
}
ALL = set(MAY)
MAY["sched"] = ALL
MAY["cli"] = ALL | {"sched"}

DOORS = {"mpi.h": {"sched", "cli"}, "hdf5.h": {"run", "data"}, "hdf5_hl.h": {"run"}, "cblas.h": {"math"}, "yaml.h": {"util"}, "zlib.h": {"run", "data"}}


def main():
    wrong, seen = [], 0
    for room, allowed in MAY.items():
        for folder in "include/brood", "src":
            for path in sorted((SOURCE / folder / room).rglob("*.[ch]")):
                for line in path.read_text(encoding="utf-8").splitlines():
                    match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
                    if not match:
                        continue
                    name, seen = match.group(1), seen + 1
                    inside = re.match(r"brood/(\w+)/", name)
                    if inside and inside.group(1) != room and inside.group(1) not in allowed:
                        wrong.append(f"{path.relative_to(SOURCE)} includes {name}")
                    if name in DOORS and room not in DOORS[name]:
                        wrong.append(f"{path.relative_to(SOURCE)} includes {name}")
    assert seen > 200, f"only {seen} includes found: nothing was read"
    print("\n".join(wrong))
    print(f"{seen - len(wrong)} passed, {len(wrong)} failed")
    sys.exit(len(wrong) > 0)


if __name__ == "__main__":
    main()
