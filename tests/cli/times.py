"""Times that are told before they have passed: by --dry-run of a whole search, by status of what is left of a run."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import h5py
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "run"))
import seal  # tests/run/seal.py

BROOD = os.environ["BROOD"]
SMALL = {
    "run.episodes": 8, "run.round": 2, "data.train": 600, "data.validation": 40, "data.downscale": 4, "child.batch": 20, "space.layers": 2,
    "space.filters": [4, 8], "policy.units": 8,
}
SYNTHETIC = {"evaluator.name": "synthetic", "evaluator.delay": 0.1}
UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def sets(**keys):
    return [word for key, value in keys.items() for word in ("--set", f"{key}={value}")]


def brood(*arguments, expected=0):
    answer = subprocess.run([BROOD, *map(str, arguments)], capture_output=True, text=True, timeout=60)
    assert answer.returncode == expected, f"{arguments}: exit code {answer.returncode}:\n{answer.stdout}{answer.stderr}"
    return answer


def seconds(text):
    """Of the first time in a text."""
    found = re.match(r"\D*?((?:[\d.e-]+ (?:min|[dhs])\b ?)+)", text)
    assert found, text
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.e-]+) (min|[dhs])", found.group(1)))


def foreseen(*options, command="search", **keys):
    """Lines of --dry-run by their first words."""
    text = brood(command, "/dev/null", "--dry-run", *options, *sets(**{**SMALL, **keys})).stdout
    return {line[:13].strip(): line[14:] for line in text.split("\n\n", 1)[1].splitlines()}


def left(run):
    return json.loads(brood("status", run, "--json").stdout), next(
        (line for line in brood("status", run).stdout.splitlines() if line.startswith("Left ")), None)


def begin(run, **keys):
    """A job that ends before a child has been trained."""
    brood("search", "/dev/null", "--run", run, "--max-time", "0.1 s", *sets(**{**SMALL, **keys}), expected=75)


def columns(run, *names):
    with h5py.File(run / "run.h5") as file:
        return [file[name][:] for name in names]


def test_dry_run_tells_the_time_of_a_child_of_the_search_and_on_some_ranks(scratch):
    told = foreseen("--ranks", 3, **{"data.train": 20000})
    assert "drawn at random" in told["Child"] and "slowest tenth" in told["Child"], told
    assert {"1 rank", "2 ranks", "3 ranks"} <= set(told) and "16 ranks" not in told, told
    assert "core hours" in told["Search"] and "reference CPU" in told["Estimated"], told
    assert "2 can train at the same time" in told["3 ranks"] and "busy" in told["2 ranks"], told
    assert seconds(told["3 ranks"]) == seconds(told["2 ranks"]) < seconds(told["1 rank"]), told
    assert seconds(told["1 rank"]) >= 4 * seconds(told["Child"]), told
    assert {"1 rank", "16 ranks", "64 ranks"} <= set(foreseen(**{"run.round": 40, "run.lag": 1, "run.episodes": 400}))


def test_half_the_images_or_the_epochs_take_half_the_time(scratch):
    whole = foreseen(**{"data.train": 40000})
    for half in {"data.train": 20000}, {"data.train": 40000, "child.epochs": 1}, {"data.train": 40000, "run.episodes": 4}:
        told = foreseen(**half)
        assert 0.47 < seconds(told["1 rank"]) / seconds(whole["1 rank"]) < 0.53, (half, told, whole)
    two = foreseen(**{"data.train": 40000, "sched.threads": 2})
    assert 0.53 < seconds(two["1 rank"]) / seconds(whole["1 rank"]) < 0.58 and "2 threads" in two["Search"], two


def test_dry_run_of_training_knows_the_networks(scratch):
    told = foreseen("--arch", "3,4,1,1,0", "--arch", "3,8,1,1,0; 3,8,1,1,0", "--seeds", 3, command="train", **{"data.train": 20000})
    first, second = (seconds(part) for part in told["Child"].split(" to "))
    assert "drawn" not in told["Child"] and first < second, told
    assert abs(seconds(told["1 rank"]) - 3 * (first + second)) < 0.1 * seconds(told["1 rank"]), told
    assert abs(seconds(told["6 ranks"]) - second) < 0.1 * second, told


def test_dry_run_of_synthetic_children_tells_their_delay(scratch):
    assert "takes no time" in foreseen(**{"evaluator.name": "synthetic"})["Child"]
    once, twice = (foreseen(**{**SYNTHETIC, "evaluator.delay": delay}) for delay in (10, 20))
    assert 1.9 < seconds(twice["1 rank"]) / seconds(once["1 rank"]) < 2.1 and "evaluator.delay" in once["Estimated"], (once, twice)


def test_ranks_are_for_dry_run(scratch):
    assert "--dry-run" in brood("search", "/dev/null", "--run", scratch / "a", "--ranks", 2, expected=2).stderr
    assert "--ranks" in brood("search", "/dev/null", "--dry-run", "--ranks", 0, expected=2).stderr


def test_before_a_child_has_finished_the_time_left_is_the_models(scratch):
    begin(scratch / "run", **{"child.epochs": 9000})
    told, line = left(scratch / "run")
    assert told["episodes_finished"] == 0 and told["seconds_left_by"] == "model" and told["cost_ratio"] is None, told
    assert "the cost model alone" in line and "reference CPU" in line and "on 1 rank" in line, line
    begin(scratch / "half", **{"child.epochs": 4500})
    assert 1.9 < told["seconds_left"] / left(scratch / "half")[0]["seconds_left"] < 2.1, told
    assert abs(told["core_hours_left"] * 3600 - told["seconds_left"]) < 1e-3 * told["seconds_left"], told


def test_the_time_left_is_told_by_the_runs_own_children(scratch):
    run = scratch / "run"
    brood("search", "/dev/null", "--run", run, *sets(**SMALL))
    begin(run, **{"run.episodes": 400})
    told, line = left(run)
    busy, status = columns(run, "clock/episodes/busy", "episodes/status")
    expected = busy[status == 1].mean() * (400 - told["episodes_finished"])
    assert told["seconds_left_by"] == "children" and told["cost_ratio"] > 0 and told["cost_ratio_children"] == 8, told
    assert expected / 4 < told["seconds_left"] < 4 * expected, (expected, told)
    assert "times what the cost model says (median of the last 8)" in line, line


def test_children_slower_than_predicted_are_believed(scratch):
    """Ten times as slow as the configuration then says."""
    run = scratch / "run"
    brood("search", "/dev/null", "--run", run, *sets(**{**SMALL, **SYNTHETIC}))
    begin(run, **{**SYNTHETIC, "run.episodes": 200, "evaluator.delay": 0.01})
    told, line = left(run)
    (flops,) = columns(run, "episodes/flops")
    mean = np.concatenate([flops[8:], np.full(200 - len(flops), flops.mean())]).mean()
    assert 9.9 < told["cost_ratio"] < 30 and "evaluator.delay" in line, (told, line)
    expected = 0.01 * told["cost_ratio"] * 1e-6 * mean * (200 - told["episodes_finished"])
    assert abs(told["seconds_left"] - expected) < 0.05 * expected, (expected, told)


def test_children_with_a_result_are_not_left(scratch):
    run, parts = scratch / "run", []
    begin(run, **{"child.epochs": 9000, "run.round": 8})
    for name, done in ("first", slice(0, 3)), ("others", slice(3, 8)):
        (scratch / name).mkdir()
        with seal.edited(run / "run.h5", scratch / name / "run.h5") as file:
            file["episodes/status"][done] = 1
        parts.append(left(scratch / name)[0]["core_hours_left"])
    whole = left(run)[0]["core_hours_left"]
    assert min(parts) > 0 and abs(sum(parts) - whole) < 1e-6 * whole, (parts, whole)


def test_ranks_found_idle_take_longer(scratch):
    run, idle = scratch / "run", scratch / "idle"
    begin(run, **{"child.epochs": 9000})
    idle.mkdir()
    with seal.edited(run / "run.h5", idle / "run.h5") as file:
        file["clock/jobs/busy"][-1], file["clock/jobs/idle"][-1] = 1, 3
    assert abs(left(idle)[0]["seconds_left"] / left(run)[0]["seconds_left"] - 4) < 1e-6
    assert left(idle)[0]["core_hours_left"] == left(run)[0]["core_hours_left"]


def test_synthetic_children_without_delay_are_told_by_the_speed_so_far(scratch):
    run = scratch / "run"
    fast = {"evaluator.name": "synthetic"}
    brood("search", "/dev/null", "--run", run, *sets(**{**SMALL, **fast}))
    begin(run, **{**fast, "run.episodes": 1000000})
    told, line = left(run)
    assert told["seconds_left_by"] == "speed" and "at the speed so far" in line, (told, line)


def test_a_complete_run_has_no_time_left(scratch):
    brood("search", "/dev/null", "--run", scratch / "run", *sets(**SMALL))
    told, line = left(scratch / "run")
    assert told["seconds_left"] == 0 and told["core_hours_left"] == 0 and told["cost_ratio"] > 0 and line is None, (told, line)
    assert told["seconds_left_by"] is None, told


def test_a_run_file_that_does_not_know_its_images_still_tells_what_is_left(scratch):
    run, older = scratch / "run", scratch / "older"
    brood("search", "/dev/null", "--run", run, *sets(**SMALL))
    begin(run, **{"run.episodes": 400})
    older.mkdir()
    with seal.edited(run / "run.h5", older / "run.h5") as file:
        assert list(file["config/data_image"][:]) == [7, 7, 1] and file["config/data_train"][()] == 600
        del file["config/data_image"]
    told, line = left(older)
    assert told["seconds_left_by"] == "speed" and told["seconds_left"] > 0 and told["cost_ratio"] is None, (told, line)


def main():
    failed = passed = 0
    for name, test in list(globals().items()):
        if not name.startswith("test_"):
            continue
        with tempfile.TemporaryDirectory(prefix="brood-cli.") as scratch:
            try:
                test(pathlib.Path(scratch))
                passed += 1
            except AssertionError as error:
                failed += 1
                print(f"FAILED: {name}: {error}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
