"""Where cells are run: on this machine, on a Ray cluster, as Slurm jobs."""
