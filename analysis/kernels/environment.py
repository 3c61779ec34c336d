"""Environment of every kernel and of the fork server.

One BLAS thread a kernel: several kernels share the machine, and forks share no threads. Arrow takes
memory from the system and gives it back; its own pool holds on to what the largest table took, in
each kernel.
"""

ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MPLBACKEND": "agg",
}
