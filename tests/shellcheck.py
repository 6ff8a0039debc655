"""shellcheck finds nothing in any script of sh or bash: shellcheck.py   (exit code 77 where it is not installed)"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

SOURCE = pathlib.Path(os.environ["BROOD_SOURCE"])
SHELL = re.compile(rb"#!\s*/bin/(ba)?sh\b|# shellcheck shell=")
ELSEWHERE = {"build", "runs", ".git"}


def scripts():
    for directory, directories, files in os.walk(SOURCE):
        directories[:] = [name for name in directories if name not in ELSEWHERE]
        for name in files:
            path = pathlib.Path(directory) / name
            if path.is_file() and SHELL.match(path.read_bytes()[:64]):
                yield str(path.relative_to(SOURCE))


if not shutil.which("shellcheck"):
    print("shellcheck is not installed")
    sys.exit(77)
found = sorted(scripts())
assert {"scripts/brood-run", "scripts/brood-slurm", "jobs/slurm/submit", "jobs/slurm/site.conf", "tests/slurm/cluster"} <= set(found), found
sys.exit(subprocess.run(["shellcheck", *found], cwd=SOURCE).returncode)
