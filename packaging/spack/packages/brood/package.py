# spack repo add packaging/spack && spack dev-build brood@main    (in a clone of Brood)
from spack.package import *


class Brood(CMakePackage):
    """Neural architecture search with reinforcement learning as a checkpointed batch pipeline: a recurrent controller proposes convolutional
    networks, MPI ranks train them, and an HDF5 file keeps everything, from which a preempted job goes on to the same bits."""

    license("BSD-3-Clause")

    # Built from the clone that holds this recipe: spack dev-build.
    version("main")

    variant("plots", default=True, description="What analysis/plot.py and analysis/winners.py need")

    depends_on("c", type="build")
    depends_on("cmake@3.18:", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi@3:")
    # Rank 0 alone writes: a serial HDF5 does, a parallel one does as well.
    depends_on("hdf5@1.10: +hl")
    depends_on("openblas@0.3:")
    depends_on("zlib-api")
    depends_on("libyaml")
    depends_on("cmocka", type="test")
    with when("+plots"):
        depends_on("python@3.9:", type="run")
        depends_on("py-h5py", type="run")
        depends_on("py-numpy", type="run")
        depends_on("py-matplotlib", type="run")

    # The training's bits are a promise: no value-changing optimisation, no other instruction set than the one chosen at run time.
    conflicts("%intel", msg="icc reorders floating-point operations by default")

    def cmake_args(self):
        return [self.define("BROOD_TESTS", self.run_tests)]
