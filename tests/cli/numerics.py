"""Ranks and jobs that compute other bits than the run are refused by name, or allowed and recorded."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import h5py

BROOD, MPIRUN = os.environ["BROOD"], os.environ.get("BROOD_MPIRUN", "mpirun")
CONFIG = ["/dev/null", "--set", "evaluator.name=synthetic", "--set", "run.episodes=4", "--set", "run.round=2"]
NATIVE = ["--set", "run.numerics=native"]


def run(*commands):
    """One job; each command is (environment, arguments), a rank each."""
    words = []
    for environment, arguments in commands:
        words += [":"] if words else []
        words += ["-n", "1", "env", "-u", "OPENBLAS_CORETYPE", *(f"{k}={v}" for k, v in environment.items()), BROOD, *map(str, arguments)]
    return subprocess.run([MPIRUN, *words], capture_output=True, text=True, timeout=100)


def fingerprint(directory):
    with h5py.File(directory / "run.h5") as file:
        return file["config/numerics_fingerprint"][()], file["clock/jobs/numerics"][-1].decode()


def both_paths_of_portable_numerics_are_one(place):
    if "avx512dq" not in pathlib.Path("/proc/cpuinfo").read_text():
        return
    answer = run(*(({"BROOD_ISA": isa}, ["search", *CONFIG, "--run", place / "isa"]) for isa in ("avx2", "avx512")))
    assert answer.returncode == 0, answer.stderr
    for isa in ("avx2", "avx512"):
        answer = run(({"BROOD_ISA": isa}, ["search", *CONFIG, "--run", place / isa]))
        assert answer.returncode == 0, answer.stderr
        assert isa in fingerprint(place / isa)[1], "that path was not taken"
    assert fingerprint(place / "avx2")[0] == fingerprint(place / "avx512")[0]


def a_rank_with_other_kernels_is_refused_by_name(place):
    cores = [({"OPENBLAS_CORETYPE": core}, ["search", *CONFIG, *NATIVE, "--run", place / "ranks"]) for core in ("Haswell", "Nehalem")]
    answer = run(*cores)
    assert answer.returncode == 10, answer.stderr
    for word in ("rank 1 on", "Nehalem", "rank 0 on", "Haswell", "products", "--allow-inexact"):
        assert word in answer.stderr, f"{word!r} is not in {answer.stderr}"
    assert not (place / "ranks").exists(), "a refused job leaves something behind"
    assert run(*cores[:1]).returncode == 0
    haswell = fingerprint(place / "ranks")[0]
    other = [(environment, [*arguments[:-1], place / "other"]) for environment, arguments in cores[1:]]
    assert run(*other).returncode == 0
    assert fingerprint(place / "other")[0] != haswell, "the two kernel sets have the same bits: nothing was tested"


def a_node_with_other_kernels_does_not_go_on_unless_it_is_allowed(place):
    begin = ["search", *CONFIG, *NATIVE, "--run", place / "run"]
    more = ["search", "--run", place / "run", "--set", "run.episodes=8"]
    assert run(({"OPENBLAS_CORETYPE": "Haswell"}, begin)).returncode == 0
    before = fingerprint(place / "run")[0]
    answer = run(({"OPENBLAS_CORETYPE": "Nehalem"}, more))
    assert answer.returncode == 10 and "Nehalem" in answer.stderr and "Haswell" in answer.stderr, answer.stderr
    answer = run(({"OPENBLAS_CORETYPE": "Nehalem"}, [*more, "--allow-inexact"]))
    assert answer.returncode == 0 and "warning" in answer.stderr, answer.stderr
    after, numerics = fingerprint(place / "run")
    assert after == before, "the fingerprint is not that of the node that began the run"
    assert "inexact" in numerics, "it is not recorded"


def native_numerics_do_not_depend_on_the_threads_either(place):
    def told(threads):
        answer = run(({"OPENBLAS_CORETYPE": "Haswell"}, ["fingerprint", "--numerics", "native", "--threads", threads, "--json"]))
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)["fingerprint"]

    found = {threads: told(threads) for threads in (1, 2, 3, 8)}
    assert len(set(found.values())) == 1, found


def main():
    tests = [both_paths_of_portable_numerics_are_one, native_numerics_do_not_depend_on_the_threads_either, a_rank_with_other_kernels_is_refused_by_name, a_node_with_other_kernels_does_not_go_on_unless_it_is_allowed]
    failed = 0
    for test in tests:
        with tempfile.TemporaryDirectory(prefix="brood-numerics.") as place:
            try:
                test(pathlib.Path(place))
            except AssertionError as error:
                failed += 1
                print(f"FAILED: {test.__name__}: {error}")
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
