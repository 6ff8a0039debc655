"""An fma is an fma: the rooms rng, math and nn, compiled in plain C for another architecture and run under qemu, give the fingerprint of this CPU."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE, BROOD = pathlib.Path(os.environ["BROOD_SOURCE"]), os.environ["BROOD"]
COMPILER, EMULATOR, LIBRARIES = "aarch64-linux-gnu-gcc", "qemu-aarch64", "/usr/aarch64-linux-gnu"
FLAGS = "-std=c11 -O2 -ffp-contract=off -fno-fast-math -fno-math-errno -D_GNU_SOURCE -DBROOD_PATH=generic -DBROOD_PATH_generic".split()
SOURCES = [
    "tests/cross/print_fingerprint.c", "src/rng/*.c", "src/nn/*.c", "src/nn/kernels/*.c",
    *(f"src/math/{name}.c" for name in ("isa_generic", "math", "function", "path")), *(f"src/util/{name}.c" for name in ("error", "arena", "hash", "field", "team")),
]


def main():
    for tool in COMPILER, EMULATOR:
        if not shutil.which(tool):
            print(f"there is no {tool} here (Debian's gcc-aarch64-linux-gnu, qemu-user)")
            return 77
    here = json.loads(subprocess.run([BROOD, "fingerprint", "--json"], capture_output=True, text=True, check=True).stdout)
    with tempfile.TemporaryDirectory(prefix="brood-cross.") as scratch:
        program = pathlib.Path(scratch) / "print_fingerprint"
        files = [str(file) for pattern in SOURCES for file in sorted(SOURCE.glob(pattern))]
        subprocess.run([COMPILER, *FLAGS, f"-I{SOURCE / 'include'}", "-o", program, *files, "-lm", "-pthread"], check=True)
        told = subprocess.run([EMULATOR, "-L", LIBRARIES, program], capture_output=True, text=True, check=True).stdout.split()
    there = dict(part.split("=") for part in told[1:-1])
    assert told[-1] == "generic", told
    assert there == here["parts"] and told[0] == here["fingerprint"], f"here {here}, there {told}"
    print("1 passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
