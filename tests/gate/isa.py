"""The AVX2 and the AVX-512 path train the same children to the same bits, and it is really two paths."""

import os
import subprocess
import sys

import h5py

import runs


def search(directory, isa):
    environment = {**os.environ, "BROOD_ISA": isa}
    arguments = ["search", "/dev/null", "--run", directory, *runs.sets(*runs.SETTINGS["train"], "run.episodes=8", "run.round=4")]
    return subprocess.run([runs.BROOD, *map(str, arguments)], env=environment, capture_output=True, text=True, timeout=60)


def main():
    with runs.Scratch() as scratch:
        first = search(scratch / "avx2", "avx2")
        assert first.returncode == 0, first.stderr
        second = search(scratch / "avx512", "avx512")
        if second.returncode == 10 and "avx512" in second.stderr:
            print("this CPU has no AVX-512: one path is all there is to see\n1 passed, 0 failed")
            return
        assert second.returncode == 0, second.stderr
        answer = subprocess.run([runs.BROOD, "compare", scratch / "avx2", scratch / "avx512"], capture_output=True, text=True)
        assert answer.returncode == 0, answer.stdout
        paths = []
        for name in "avx2", "avx512":
            with h5py.File(scratch / name / "run.h5", "r") as file:
                paths.append(file["clock/jobs/numerics"][0].decode())
        assert "avx2" in paths[0] and "avx512" in paths[1], paths
    print("2 passed, 0 failed")


if __name__ == "__main__":
    sys.exit(main())
