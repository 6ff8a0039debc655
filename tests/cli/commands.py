"""The commands as a user types them: help, search and going on, status in its three forms, train with its options, compare."""

import csv
import io
import json
import math
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

import h5py
import numpy as np

BROOD = os.environ["BROOD"]
SOURCE = pathlib.Path(__file__).resolve().parents[2]
TIME_FACTOR = int(os.environ.get("BROOD_TIME_FACTOR", 1))
SMALL = [
    "run.episodes=6", "run.round=2", "data.train=120", "data.validation=40", "data.downscale=4", "child.batch=20", "space.layers=2",
    "space.filters=[4, 8]", "policy.units=8", "retrain.epochs=2",
]
SETS = [word for pair in SMALL for word in ("--set", pair)]


def brood(*arguments, expected=0, path=None):
    environment = {**os.environ, "BROOD_ISA": path} if path else None
    answer = subprocess.run([BROOD, *map(str, arguments)], capture_output=True, text=True, timeout=60 * TIME_FACTOR, env=environment)
    assert answer.returncode == expected, f"{arguments}: exit code {answer.returncode}:\n{answer.stdout}{answer.stderr}"
    return answer


def test_help_of_every_command_begins_with_two_examples_and_fits_a_screen(scratch):
    whole = brood("--help").stdout
    names = [line.split()[0] for line in whole.split("Commands:\n")[1].split("\n\n")[0].splitlines()]
    assert {"search", "train", "status", "compare", "help"} <= set(names), names
    for text in [whole] + [brood(name, "--help").stdout for name in names]:
        examples = text.splitlines()[:2]
        assert all(line.startswith("  brood ") for line in examples), examples
        assert len(text.splitlines()) <= 45 and max(map(len, text.splitlines())) <= 120, text
    assert "75" in whole and "submit it again" in whole


def test_help_on_keys_names_unit_default_and_effect_of_each(scratch):
    text = brood("help", "keys").stdout
    for word in "run.episodes", "child.learning_rate", "policy.cell", "checkpoint.every":
        assert word in text, word
    assert "| key |" in brood("help", "keys", "--markdown").stdout


def test_help_on_a_section_or_a_key_says_no_more_than_that(scratch):
    section, key = brood("help", "policy").stdout, brood("help", "run.lag").stdout
    assert "policy.cell = " in section and "run.lag" not in section, section
    assert "run.lag = " in key and "run.round" not in key, key
    assert "did you mean run.lag?" in brood("help", "run.lga", expected=2).stderr
    assert brood("help").stdout == brood("--help").stdout


def test_fingerprint_is_that_of_the_numerics_asked_for(scratch):
    told = json.loads(brood("fingerprint", "--json").stdout)
    assert told["fingerprint"] in brood("fingerprint").stdout and set(told["parts"]) == {"products", "kernels", "functions", "training"}, told
    assert f"`{told['fingerprint']}`" in (SOURCE / "docs/performance.md").read_text(), told  # users compare theirs with it
    native = json.loads(brood("fingerprint", "--json", "--numerics", "native").stdout)
    assert native["parts"]["functions"] == told["parts"]["functions"] and native["fingerprint"] != told["fingerprint"], native
    assert "openblas" in native["products"], native
    assert "portable or native" in brood("fingerprint", "--numerics", "exact", expected=2).stderr


def test_bench_child_needs_no_images(scratch):
    network = "3,16,1,2,0; 3,8,1,1,0"
    told = json.loads(brood("bench", "child", *SETS, "--set", "data.dir=/nowhere", "--arch", network, "--steps", 3, "--json").stdout)
    assert told["batch"] == 20 and told["bytes"] > 0 and told["architecture"] == network, told
    assert abs(told["images_per_second"] - 20e3 / told["ms_per_step"]) < 1e-6 * told["images_per_second"], told
    assert sum(layer["forward_ms"] + layer["backward_ms"] for layer in told["layers"]) > 0, told
    text = brood("bench", "child", *SETS, "--arch", network, "--steps", 3).stdout
    assert "convolution, " in text and "optimiser" in text and told["rest_ms"] > 0, text
    crowded = brood("bench", "child", *SETS, "--arch", network, "--steps", 3, "--threads", 8)
    assert ("for 8 threads: they wait" in crowded.stderr) == (len(os.sched_getaffinity(0)) < 8), crowded.stderr
    assert "of the first thread" in crowded.stdout and "reference CPU" in crowded.stdout, crowded.stdout
    assert "--arch" in brood("bench", "child", "--arch", "3,16", expected=2).stderr
    assert "data.downscale: found 29" in brood("bench", "child", "--arch", network, "--set", "data.downscale=29", expected=3).stderr
    assert "--steps" in brood("bench", "child", "--arch", network, "--steps", 0, expected=2).stderr


def test_a_mini_batch_takes_room_for_the_images_that_there_are(scratch):
    keys = ["run.episodes=2", "run.round=2", "data.train=120", "data.validation=40", "child.batch=65536", "space.filters=[64]", "child.epochs=1"]
    sets = [word for pair in keys for word in ("--set", pair)]
    brood("search", "/dev/null", "--run", scratch / "run", *sets)  # for 65536 images some 50 GB


def test_bench_kernels_counts_and_times_each_product_and_layer_once(scratch):
    told = json.loads(brood("bench", "kernels", "--repeats", 1, "--json").stdout)
    assert told["fma_gflops"] > 0 and told["path"].startswith("portable "), told
    names = [row["name"] for rows in (told["products"], told["layers"]) for row in rows]
    assert len(names) == len(told["products"]) + len(told["layers"]) == len(set(names)) >= 40, names
    for row in told["products"] + told["layers"]:
        numbers = {key: value for key, value in row.items() if not isinstance(value, str)}
        if row.get("way") in ("max-pooling", "batch normalisation"):
            assert numbers.pop("gflops") is numbers.pop("share_of_fma_rate") is None, row
        else:
            assert abs(row["share_of_fma_rate"] * told["fma_gflops"] - row["gflops"]) < 1e-6 * row["gflops"], row
        assert all(0 < value < math.inf for value in numbers.values()), row
    for row in told["products"]:
        flops = 2 * row["m"] * row["n"] * row["k"]
        assert abs(1e3 * row["gflops"] * row["microseconds"] - flops) < 1e-6 * flops, row
    for row in told["layers"]:
        assert abs(row["forward_ms"] + row["backward_ms"] - row["ms_per_step"]) < 1e-6 * row["ms_per_step"], row
        if row["way"].startswith("convolution"):
            assert row["way"].removeprefix("convolution, ") == row["name"].rpartition(", ")[2], row


def test_bench_kernels_prints_those_asked_for_and_takes_the_path_asked_for(scratch):
    told = brood("bench", "kernels", "--repeats", 1, "--only", "3x3 24 to 48,", path="avx2").stdout
    names = [line.partition("  ")[0] for line in told.splitlines() if line.startswith("2-D")]
    assert names == [f"2-D 3x3 24 to 48, {what}" for what in ("Toom-Cook y", "Toom-Cook dW", "Toom-Cook dx", "direct", "Toom-Cook", "Fourier")], told
    assert "portable avx2" in told and "1-D" not in told and "pooling" not in told and max(map(len, told.splitlines())) <= 120, told
    for wrong in (["--steps", 3], ["--repeats", 0], ["some.yaml"], ["--only", "9x9"]):
        refused = brood("bench", "kernels", *wrong, expected=2)
        assert wrong[0] in refused.stderr and refused.stdout == "", refused
    assert "kernels" in brood("bench", "kernel", expected=2).stderr


def test_dry_run_starts_nothing_and_tells_size_and_ranges(scratch):
    (scratch / "c.yaml").write_text("space: {layers: 2, kernel_size: [1, 3], filters: [4, 8], pool_size: [1], dropout: [0]}\n")
    before = sorted(scratch.rglob("*"))
    text = brood("search", scratch / "c.yaml", "--dry-run").stdout
    assert "16 architectures" in text and "Parameters" in text and "layers: 2" in text, text
    assert sorted(scratch.rglob("*")) == before


def test_dry_run_refuses_what_a_job_on_that_run_would(scratch):
    run = scratch / "run"
    brood("search", "/dev/null", "--run", run, *SETS)
    before = {path: path.stat().st_mtime_ns for path in run.iterdir()}
    assert "Goal          6 episodes" in brood("search", "--run", run, "--dry-run").stdout
    assert "Goal          10 episodes" in brood("search", "--run", run, "--dry-run", "--set", "run.episodes=10").stdout
    refused = brood("search", "/dev/null", *SETS, "--run", run, "--dry-run", "--set", "run.round=3", expected=3)
    assert "run.round" in refused.stderr, refused.stderr
    assert {path: path.stat().st_mtime_ns for path in run.iterdir()} == before
    brood("search", "/dev/null", *SETS, "--run", scratch / "new", "--dry-run")
    assert not (scratch / "new").exists()
    brood("search", "--dry-run", expected=2)


def test_dry_run_of_train_names_what_would_be_trained(scratch):
    run = scratch / "run"
    brood("search", "/dev/null", "--run", run, *SETS)
    text = brood("train", "--from", run, "--top", 2, "--seeds", 3, "--arch", "3,4,1,1,0", "--run", scratch / "new", "--dry-run").stdout
    assert "Goal          9 episodes: 3 architectures, each from 3 seeds" in text and '"3,4,1,1,0"' in text, text
    assert not (scratch / "new").exists()
    brood("train", "--from", scratch / "none", "--dry-run", expected=6)


def test_a_search_is_begun_gone_on_with_and_extended_by_the_same_command(scratch):
    run = scratch / "run"
    first = brood("search", "/dev/null", "--run", run, *SETS)
    assert "6 of 6" in first.stdout and "Best" in first.stdout and "run.episodes=" in first.stdout, first.stdout
    again = brood("search", "/dev/null", "--run", run, *SETS)
    assert "6 of 6" in again.stdout
    more = brood("search", "--run", run, "--set", "run.episodes=7")
    assert "8 of 8" in more.stdout, more.stdout
    refused = brood("search", "--run", run, "--set", "run.round=3", expected=3)
    assert "run.round" in refused.stderr and "2" in refused.stderr and "3" in refused.stderr
    brood("search", "--run", scratch / "none", expected=2)
    assert not (scratch / "none").exists()


def test_a_search_whose_log_nobody_reads_any_longer_goes_on_to_its_end(scratch):
    run = scratch / "run"
    job = subprocess.Popen([BROOD, "search", "/dev/null", "--run", run, *SETS, "--set", "log.level=debug"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    job.stdout.readline()
    job.stdout.close()
    assert job.wait(timeout=60 * TIME_FACTOR) == 0
    assert "6 of 6" in " ".join(brood("status", run).stdout.split()) and not (run / "lock").exists()


def test_the_command_to_paste_is_quoted_where_a_shell_needs_it(scratch):
    for name in "a b;ls", "it's $HOME", "plain-1.0":
        told = brood("search", "/dev/null", "--run", scratch / name, *SETS, "--set", "evaluator.name=synthetic").stdout
        command = next(line for line in told.splitlines() if line.startswith("To extend it")).removeprefix("To extend it").strip()
        assert shlex.split(command) == [BROOD, "search", "--run", str(scratch / name), "--set", "run.episodes=12"], command
        assert ("'" in command) == (name != "plain-1.0"), command


def test_a_halt_that_came_too_late_does_not_stop_a_later_job(scratch):
    run = scratch / "run"
    brood("search", "/dev/null", "--run", run, *SETS, "--set", "evaluator.name=synthetic")
    (run / "halt").touch()
    assert "halt is removed" in brood("search", "--run", run).stderr and not (run / "halt").exists()
    assert "12 of 12" in brood("search", "--run", run, "--set", "run.episodes=12").stdout


def test_a_run_is_gone_on_with_by_the_command_that_began_it(scratch):
    search, train = scratch / "search", scratch / "train"
    brood("search", "/dev/null", "--run", search, *SETS)
    brood("train", "--from", search, "--top", 2, "--run", train)
    assert "brood train" in brood("search", "--run", train, expected=2).stderr
    assert "is a search" in brood("train", "--arch", "3,4,1,1,0", "--run", search, expected=2).stderr
    assert "stays with them" in brood("train", "--from", search, "--top", 3, "--run", train).stderr


def test_status_says_the_same_as_text_json_and_csv(scratch):
    run = scratch / "run"
    brood("search", "/dev/null", "--run", run, *SETS)
    text = brood("status", run).stdout
    report = json.loads(brood("status", run, "--json").stdout)
    rows = list(csv.DictReader(io.StringIO(brood("status", run, "--csv").stdout)))
    assert "6 of 6" in text and report["episodes_goal"] == 6 and report["complete"] is True
    assert "Nodes" in text and report["node_hours"] > 0 and report["jobs"][0]["nodes"] == 1, report
    assert report["holder"] == "" and report["holder_lives"] is False and report["slurm"]["job"] == "", report
    finished = [row for row in rows if row["status"] != "open"]
    assert len(finished) == report["episodes_finished"] == 6 and len(rows) == 8
    assert report["steps"] == sum(int(row["steps"]) for row in finished) > 0
    best = max(finished, key=lambda row: float(row["reward"]))
    assert report["best"][0]["architecture"] == best["architecture"] and best["architecture"] in text
    brood("status", scratch / "none", expected=6)


def test_status_reads_a_run_file_and_says_when_the_newest_is_damaged(scratch):
    run = scratch / "run"
    brood("search", "/dev/null", "--run", run, *SETS)
    newest, before = brood("status", run / "run.h5"), brood("status", run / "run.prev.h5")
    assert "6 of 6" in newest.stdout and newest.stderr == before.stderr == "", newest.stderr
    (run / "run.h5").chmod(0o644)
    (run / "run.h5").write_bytes(b"nonsense")
    fallen_back = brood("status", run)
    assert "run.h5" in fallen_back.stderr and "generation before" in fallen_back.stderr, fallen_back.stderr
    assert fallen_back.stdout.splitlines()[1:] == before.stdout.splitlines()[1:]
    assert "run.h5" in brood("status", run / "run.h5", expected=5).stderr


def test_networks_above_a_limit_are_counted_as_refused(scratch):
    run = scratch / "run"
    sizes = [int(row["parameters"]) for row in csv.DictReader(io.StringIO(csv_of(scratch / "all", [])))]
    limit = sorted(sizes[:6])[2]
    told = brood("search", "/dev/null", "--run", run, *SETS, "--set", f"limits.parameters={limit}").stdout
    count = json.loads(brood("status", run, "--json").stdout)["episodes_by_status"]
    assert 0 < count["refused"] < 6 and sum(count.values()) == 6, count
    failures = f"6 of 6, {count['refused']} of them failed ({count['refused']} refused)"
    assert failures in told, told
    assert failures.replace("6 of 6", "6 of 6 have a result") in brood("status", run).stdout


def csv_of(run, sets):
    brood("search", "/dev/null", "--run", run, *SETS, *sets)
    return brood("status", run, "--csv").stdout


def test_train_repeats_the_winners_over_seeds_with_test_accuracy(scratch):
    run, full = scratch / "run", scratch / "full"
    brood("search", "/dev/null", "--run", run, *SETS)
    winner = json.loads(brood("status", run, "--json").stdout)["best"][0]["architecture"]
    brood("train", "--from", run, "--top", 2, "--arch", "3,4,1,1,0", "--run", full)
    brood("train", "--from", run, "--seeds", 2, "--run", full)
    with h5py.File(full / "run.h5") as file:
        rows = file["episodes"]
        done = rows["status"][:] == 1
        names = [name.decode() for name in rows["architecture"][:]]
        assert done.sum() == 6 and names[:3] == names[3:6] and names[0] == winner and names[2] == "3,4,1,1,0", names
        test = rows["test_accuracy"][:6]
        assert ((test >= 0) & (test <= 1)).all() and test[0] != test[3], test
    brood("search", "--run", full, expected=2)


def test_save_keeps_one_network_and_refuses_more(scratch):
    model = scratch / "model.h5"
    brood("train", "/dev/null", "--arch", "3,4,1,1,0", "--save", model, "--run", scratch / "a", *SETS)
    with h5py.File(model) as file:
        names = []
        file.visit(names.append)
        assert any("weights" in name for name in names) and file["architecture"][()] == b"3,4,1,1,0", names
    brood("train", "/dev/null", "--arch", "3,4,1,1,0", "--seeds", 2, "--save", model, "--run", scratch / "b", *SETS, expected=2)


def test_save_is_part_of_the_command_to_go_on_with_and_may_be_repeated(scratch):
    model, run = scratch / "model.h5", scratch / "a"
    train = ["train", "/dev/null", "--arch", "3,4,1,1,0", "--save", model, "--run", run, *SETS]
    told = brood(*train, "--max-time", "0.1 s", expected=75).stdout
    assert f"train --run {run} --save {model}" in told, told
    brood("train", "--run", run, "--save", model)
    assert model.exists()
    brood(*train)
    model.unlink()
    assert "was not kept" in brood(*train, expected=2).stderr


def test_images_that_would_make_accuracies_worthless_are_warned_of_by_dry_run_and_job(scratch):
    classes, shape = np.arange(100) % 4, (100, 8, 8, 3)
    given = {
        "good": (shape, classes, ()),
        "sorted": (shape, np.sort(classes), ["the validation images show 0 of the 3 classes trained on"]),
        "two, sorted": (shape, (np.arange(100) >= 25).astype(int), ["the validation images show 0 of the 1 classes trained on"]),
        "from 1": (shape, classes + 1, ["labels go up to 4, but only 4 of these 5 classes"]),
        "channels first": ((100, 3, 8, 8), classes, ["look like [N, channels, height, width]"]),
        "signals": ((100, 1, 64, 9), classes, ()),
    }
    for name, (shape, labels, warnings) in given.items():
        place = scratch / name
        place.mkdir()
        with h5py.File(place / "data.h5", "w") as file:
            file["train/images"] = np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)
            file["train/labels"] = labels
        images = [f"data.dir={place}", "data.name=hdf5", "data.train=70", "data.validation=20"]
        options = [word for pair in images + [pair for pair in SMALL if not pair.startswith(("data.", "run."))] for word in ("--set", pair)]
        for more in (["--dry-run"], ["--run", place / "run", "--set", "run.episodes=2", "--set", "run.round=2"]):
            answer = brood("search", "/dev/null", *options, *more)
            assert f"100 of {' x '.join(map(str, shape[1:]))} in {max(labels) + 1} classes" in answer.stdout + answer.stderr, answer
            told = [line for line in answer.stderr.splitlines() if "warning" in line]
            assert len(told) == len(warnings) and all(words in line for words, line in zip(warnings, told)), (name, more, told)
        told = brood("train", "--arch", "3,4,1,1,0", "--dry-run", *options).stderr
        assert "no accuracy will be known" in told and "the validation images" not in told, told


def test_save_finds_a_place_that_will_not_do_before_the_training(scratch):
    (scratch / "notes.txt").write_text("not to be lost")
    train = ["train", "/dev/null", "--arch", "3,4,1,1,0", "--run", scratch / "a", *SETS]
    for place, code in (scratch / "notes.txt", 5), (scratch, 2), (scratch / "none/model.h5", 6):
        refused = brood(*train, "--save", place, expected=code)
        assert str(place) in refused.stderr and not (scratch / "a").exists(), refused.stderr
    assert (scratch / "notes.txt").read_text() == "not to be lost"
    for run in "b", "c":
        brood("train", "/dev/null", "--arch", "3,4,1,1,0", "--run", scratch / run, *SETS, "--save", scratch / "again.h5")


def test_output_that_cannot_be_written_is_an_error(scratch):
    with open("/dev/full", "w") as full:
        for arguments in ["help", "keys"], ["--help"], ["search", "/dev/null", "--dry-run"]:
            answer = subprocess.run([BROOD, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
            assert answer.returncode == 7 and "cannot be written: No space left" in answer.stderr, (arguments, answer)
        job = ["search", "/dev/null", "--run", scratch / "run", *SETS, "--set", "evaluator.name=synthetic"]
        answer = subprocess.run([BROOD, *job], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        assert answer.returncode == 0 and "warning: the summary cannot be written" in answer.stderr, answer  # why is gone where MPI unbuffers it


def test_compare_tells_equal_from_different(scratch):
    for name, seed in ("a", 1), ("b", 1), ("c", 2):
        brood("search", "/dev/null", "--run", scratch / name, *SETS, "--set", "evaluator.name=synthetic", "--set", f"run.seed={seed}")
    assert "same content" in brood("compare", scratch / "a", scratch / "b").stdout
    assert "/config" in brood("compare", scratch / "a", scratch / "c", expected=1).stdout
    brood("compare", scratch / "a", expected=2)


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
