"""The table of file operations is complete: what the kernel is asked to do in a run directory is what was asked of the table."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

# The kernel's names where they are others than the table's.
NAMES = {
    "openat": "open", "pread64": "pread", "newfstatat": "stat", "linkat": "link", "renameat": "rename",
    "renameat2": "rename", "unlinkat": "unlink", "mkdirat": "mkdir",
}
LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)$")
DESCRIPTOR = re.compile(r"^(\d+)<([^>]*)>")
PATH = re.compile(r'^(?:AT_FDCWD<[^>]*>, )?"([^"]*)"')


def kernel_calls(trace, directory):
    """(call, path) of each system call that has to do with the directory; those that write anywhere else."""
    calls, elsewhere, listing = [], [], set()
    for line in trace:
        match = LINE.match(line)
        if not match or match[1] == "execve":
            continue
        name, rest = match.groups()
        if directory not in line:
            # HDF5 asks for a file of the image's name before it makes it in memory: there is none.
            if re.search(r"O_WRONLY|O_RDWR|O_CREAT", line) and " = -1 ENOENT" not in line:
                elsewhere.append(PATH.match(rest)[1])
            continue
        at, path = DESCRIPTOR.match(rest), PATH.match(rest)
        if at and at[1] in listing:  # opendir, readdir and closedir are one call of the table
            if name == "close":
                listing.remove(at[1])
        elif path and "O_NONBLOCK" in line and "O_DIRECTORY" in line:
            listing.update(re.findall(r"= (\d+)<", line))
            calls.append(("list", path[1]))
        elif path and "AT_REMOVEDIR" not in line:
            calls.append((NAMES.get(name, name), path[1]))
        elif at:
            calls.append(("fstat" if name == "newfstatat" else NAMES.get(name, name), at[2]))
        else:
            calls.append((name, line.strip()))
    return calls, elsewhere


def trace(program, *arguments):
    """What the table and what the kernel was asked to do in and below a directory; those that write anywhere else."""
    with tempfile.TemporaryDirectory(prefix="brood_test_") as place, tempfile.TemporaryDirectory() as notes:
        return trace_in(program, os.path.realpath(place), os.path.realpath(notes), *arguments)


def trace_in(program, place, notes, *arguments):
    log, out = (os.path.join(notes, name) for name in ("calls", "trace"))
    command = ["strace", "-f", "-y", "-s", "0", "-o", out, program, place + "/some/run", log, *arguments]
    sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"  # it can't look for them in a traced process
    ran = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"ASAN_OPTIONS": sanitizer})
    if ran.returncode and "ptrace" in ran.stderr.lower():
        print("skipped: no process may be traced here:", ran.stderr.strip())
        sys.exit(77)
    assert ran.returncode == 0, ran.stderr
    with open(log) as file:
        table = [tuple(line.rstrip("\n").split(" ", 1)) for line in file]
    table = [call for call in table if place in call[1]]  # those above are looked at, too
    with open(out) as file:
        kernel, elsewhere = kernel_calls(file, place)
    return table, kernel, [path for path in elsewhere if path != log]


def first_difference(table, kernel):
    for number, (a, b) in enumerate(zip(table + [None], kernel + [None])):
        if a != b:
            return f"call {number}: of the table {a}, of the kernel {b}"
    return None if len(table) == len(kernel) else "one has more calls"


def main():
    program = sys.argv[1]
    if not shutil.which("strace"):
        print("skipped: strace is not here")
        sys.exit(77)
    table, kernel, elsewhere = trace(program)
    difference = first_difference(table, kernel)
    assert difference is None, difference
    assert not elsewhere, elsewhere
    used = sorted({call for call, _ in table})
    assert used == sorted("open pread write fsync close fstat stat link rename unlink mkdir rmdir list".split()), used
    difference = first_difference(*trace(program, "stray")[:2])
    assert difference and "access" in difference, f"a call past the table was not seen: {difference}"
    print(f"{len(kernel)} calls in the run directory, of {len(used)} kinds: all through the table")


main()
