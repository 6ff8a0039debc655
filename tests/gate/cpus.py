"""The same bits on every CPU: both paths of this one, on one thread and on two, and CPUs of both makes that qemu emulates (without AVX-512), alone and in one MPI job
together with this one. Emulation is slow: there the children are small, but of all kinds."""

import json
import os
import shutil
import subprocess
import sys

import h5py

import runs

CHILDREN = {"data.train": 60, "data.downscale": 2, "space.kernel_size": "[3, 5, 7]", "space.filters": "[5, 19]", "run.episodes": 6, "run.round": 3}
SMALL = CHILDREN | {"data.train": 30, "data.validation": 20, "child.epochs": 1}
PATHS = {"avx2": {"BROOD_ISA": "avx2"}, "avx512": {"BROOD_ISA": "avx512"}}
LEAST_RATE = 0.35
SANITIZED = os.environ.get("BROOD_TIME_FACTOR", "1") != "1"
QEMU = shutil.which("qemu-x86_64")
EMULATED = {cpu: [QEMU, "-cpu", cpu] for cpu in ("Haswell", "EPYC-Rome")} if QEMU else {}


def call(prefix, environment, *arguments):
    return subprocess.run([*prefix, runs.BROOD, *map(str, arguments)], env={**os.environ, **environment}, capture_output=True, text=True, timeout=300)


def fingerprint(prefix, environment, *options):
    answer = call(prefix, environment, "fingerprint", "--json", *options)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def settings(children):
    return [pair for pair in runs.SETTINGS["train"] if pair.partition("=")[0] not in children] + [f"{key}={value}" for key, value in children.items()]


def search(directory, prefix=(), environment=None, threads=1, children=CHILDREN):
    answer = call(prefix, environment or {}, "search", "/dev/null", "--run", directory, *runs.sets(*settings(children), f"sched.threads={threads}"))
    assert answer.returncode == 0, answer.stderr
    return directory


def same(first, second):
    answer = call([], {}, "compare", first, second)
    assert answer.returncode == 0, answer.stdout


def numerics(directory):
    with h5py.File(directory / "run.h5", "r") as file:
        assert len(set(file["episodes/reward"][:6])) > 1, "all rewards are the same"
        return file["clock/jobs/numerics"][0].decode()


def rate(environment):
    """What of a loop of fused multiply-adds of the same path the products make, in the middle: a path that is slow by mistake (spilt registers, a call
    for each fma) makes a tenth."""
    answer = call([], environment, "bench", "kernels", "--repeats", "1", "--only", "2-D 3x3", "--json")
    assert answer.returncode == 0, answer.stderr
    shares = sorted(product["share_of_fma_rate"] for product in json.loads(answer.stdout)["products"])
    return shares[len(shares) // 2]


def both_paths(scratch):
    for name, environment in PATHS.items():
        if not SANITIZED:
            shares = [rate(environment) for _ in range(2)]
            assert max(shares) > LEAST_RATE, (name, shares)
        told = fingerprint([], environment)
        assert told["path"] == name and name in told["products"], told
        assert told["fingerprint"] == fingerprint([], {})["fingerprint"], told
        search(scratch / name, (), environment)
        assert name in numerics(scratch / name)
    same(scratch / "avx2", scratch / "avx512")


def two_threads(scratch):
    for name, environment in PATHS.items():
        if call([], environment, "fingerprint").returncode == 0:
            assert fingerprint([], environment, "--threads", "2")["fingerprint"] == fingerprint([], environment)["fingerprint"]
    same(search(scratch / "one"), search(scratch / "two", threads=2))
    with h5py.File(scratch / "two" / "run.h5", "r") as file:
        assert file["clock/jobs/threads"][0] == 2
    numerics(scratch / "two")


def emulated_cpus(scratch):
    """The fingerprint is read from the run: to ask `brood fingerprint` as well would take half as long again on an emulated CPU."""
    here = fingerprint([], {})
    search(scratch / "here", children=SMALL)
    for cpu, prefix in EMULATED.items():
        search(scratch / cpu, prefix, children=SMALL)
        told = numerics(scratch / cpu)
        assert told.endswith("portable avx2") and not told.startswith(here["cpu"] + ","), told
        with h5py.File(scratch / cpu / "run.h5", "r") as file:
            computed = file["config/numerics_fingerprint"].asstr()[()]
        assert computed == here["fingerprint"], (cpu, fingerprint(prefix, {}), here)
        same(scratch / "here", scratch / cpu)


def two_cpus_in_one_job(scratch):
    arguments = ["search", "/dev/null", "--run", str(scratch / "mixed"), *runs.sets(*settings(SMALL))]
    both = ["-n", "1", runs.BROOD, *arguments, ":", "-n", "1", *EMULATED["Haswell"], runs.BROOD, *arguments]
    answer = subprocess.run([runs.MPIRUN, *both], capture_output=True, text=True, timeout=300)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    with h5py.File(scratch / "mixed" / "run.h5", "r") as file:
        assert set(file["clock/episodes/rank"][:6]) == {0, 1}, "one of the two trained nothing"
    same(search(scratch / "alone", children=SMALL), scratch / "mixed")


def main():
    cases = [two_threads]
    if call([], PATHS["avx512"], "fingerprint").returncode == 0:
        cases.append(both_paths)
    else:
        print("this CPU has no AVX-512: one path is all there is to see")
    if SANITIZED:
        print("a sanitizer's memory is too large for an emulated CPU")
    elif EMULATED:
        cases += [emulated_cpus, two_cpus_in_one_job]
    else:
        print("there is no qemu-x86_64 here (Debian's qemu-user): other CPUs are not seen")
    for case in cases:
        with runs.Scratch() as scratch:
            case(scratch)
    print(f"{len(cases)} passed, 0 failed")


if __name__ == "__main__":
    sys.exit(main())
