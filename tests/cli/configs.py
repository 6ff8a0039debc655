"""The configurations that are shipped hold: each is read, completed and checked, and says how large its space is."""

import os
import pathlib
import subprocess
import sys

BROOD, SOURCE = os.environ["BROOD"], pathlib.Path(os.environ["BROOD_SOURCE"])


def main():
    files = sorted((SOURCE / "configs").glob("*.yaml"))
    assert {f.stem for f in files} >= {"quickstart", "article", "mnist", "fashion-mnist"}, files
    failed = 0
    for file in files:
        # MNIST itself is not shipped: the formula needs no images, and everything else is checked all the same.
        extra = ["--set", "evaluator.name=synthetic"] if file.stem in ("article", "mnist") else []
        answer = subprocess.run([BROOD, "search", file, "--dry-run", *extra], capture_output=True, text=True, timeout=60)
        if answer.returncode != 0 or "architectures" not in answer.stdout:
            failed += 1
            print(f"FAILED: {file.name}: {answer.stdout}{answer.stderr}")
    print(f"{len(files) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
