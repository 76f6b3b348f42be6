"""Training over ranks with mpi4py: every rank reads its part of a table; rank 0 writes checkpoints and the model.

    mpirun -n 2 python -m mpi4py ranks.py table.npy model.safetensors [--steps 2000] [--checkpoint FILE]

`-m mpi4py` ends the whole job when one rank fails. Started again with the checkpoint there, on any number of ranks, it goes on from it.
"""

from __future__ import annotations

import argparse
import pathlib

import numpy as np
import stein
from mpi4py import MPI


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("table", type=pathlib.Path)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--checkpoint", type=pathlib.Path)
    arguments = parser.parse_args()
    world = MPI.COMM_WORLD
    rank, ranks = world.Get_rank(), world.Get_size()

    table = np.load(arguments.table, mmap_mode="r")
    cuts = np.linspace(0, len(table), ranks + 1).astype(int)
    context = stein.Context(threads=1)
    rows = stein.Dataset(np.array(table[cuts[rank] : cuts[rank + 1]]), context=context)

    resumed = world.bcast(arguments.checkpoint is not None and arguments.checkpoint.exists())
    if resumed:
        trainer = stein.Trainer.resume(rows, arguments.checkpoint)
    else:
        # The columns' scales are those of rank 0's rows.
        made = stein.Model(rows, widths=[64, 64]).to_bytes() if rank == 0 else None
        model = stein.Model.from_bytes(world.bcast(made), context=context)
        trainer = stein.Trainer(model, rows, steps=arguments.steps, seed=1)
    trainer.set_allreduce(lambda array: world.Allreduce(MPI.IN_PLACE, array), rank, ranks)

    finished = False
    while not finished:
        finished = trainer.run(100)
        if rank == 0:
            state = trainer.describe()
            print(f"step {state['step']} of {state['steps']} on {ranks} ranks, loss {state['loss']}", flush=True)
            if arguments.checkpoint:
                trainer.save(arguments.checkpoint)
    if rank == 0:
        trainer.model.save(arguments.model)


if __name__ == "__main__":
    main()
