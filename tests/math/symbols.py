"""Whether archives call functions of libm whose bits depend on its version or the CPU: symbols.py NM LIBM ARCHIVE…

What an archive leaves undefined and LIBM (libm.so) exports is refused, but for the few functions that IEEE 754 fixes.
"""
import os
import subprocess
import sys

EXACT = {"sqrt", "fma", "fabs", "floor", "ceil", "rint", "trunc", "copysign"}
ALLOWED = EXACT | {name + "f" for name in EXACT}


def symbols(nm, *options_and_file):
    # nm's own memory is not what a preloaded sanitizer is to look at.
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    answer = subprocess.run([nm, "-P", *options_and_file], check=True, capture_output=True, text=True, env=environment)
    lines = answer.stdout.splitlines()
    return {line.split()[0].split("@")[0] for line in lines if line and not line.endswith(":")}


def main(nm, libm, archives):
    exported = symbols(nm, "-D", "--defined-only", libm)
    if not {"exp", "sqrt", "fmaf"} <= exported:
        sys.exit(f"{libm} exports no exp, sqrt and fmaf: is it libm?")
    refused = 0
    for archive in archives:
        defined = symbols(nm, "--defined-only", archive)
        for name in sorted((symbols(nm, "-u", archive) & exported) - ALLOWED - defined):
            print(f"{archive} calls {name} of libm: its bits depend on libm's version; see brood/math/function.h")
            refused += 1
    sys.exit(1 if refused else 0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
