"""The examples beyond one process: C with MPI, mpi4py with a killed rank, sampling as Dask's tasks."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import stein

ROOT = pathlib.Path(stein.__file__).resolve().parents[3]
EXAMPLES = ROOT / "bindings/python/examples"
MPI = shutil.which("mpirun") and shutil.which("mpicc")
# Ranks are more than processors here, and may be root's in a container.
ENVIRONMENT = {
    **os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_mpi_yield_when_idle": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
}


def mpirun(ranks, *command):
    return ["mpirun", "-n", str(ranks), *map(str, command)]


@pytest.mark.skipif(not MPI, reason="no MPI here: Debian's libopenmpi-dev and openmpi-bin")
@pytest.mark.parametrize("ranks", [1, 3])
def test_c_with_mpi(tmp_path, ranks):
    library = pathlib.Path(os.environ.get("STEIN_LIBRARY", ROOT / "build/lib/libstein.so")).resolve()
    built = subprocess.run(
        ["mpicc", "-std=c99", "-Wall", "-Wextra", f"-I{ROOT}/include", ROOT / "bindings/c/examples/ranks.c", library, "-lm",
         f"-Wl,-rpath,{library.parent}", "-o", tmp_path / "ranks"], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    run = subprocess.run(mpirun(ranks, tmp_path / "ranks"), env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0 and f"{ranks} ranks" in run.stdout, run.stdout + run.stderr


@pytest.mark.skipif(not MPI, reason="no MPI here: Debian's libopenmpi-dev and openmpi-bin")
def test_a_killed_rank_ends_the_job_and_training_resumes(tmp_path, rows):
    """R15 over ranks: what three ranks end with after two were killed is what two ranks end with, up to float32 sums."""
    pytest.importorskip("mpi4py")
    np.save(tmp_path / "table.npy", rows)
    command = [sys.executable, "-m", "mpi4py", EXAMPLES / "ranks.py", tmp_path / "table.npy"]
    job = subprocess.Popen(
        mpirun(2, *command, tmp_path / "first", "--steps", 1200, "--checkpoint", tmp_path / "checkpoint"), env=ENVIRONMENT,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    lines = [job.stdout.readline() for _ in range(3)]
    assert "step 300 of 1200 on 2 ranks" in lines[-1], lines
    children = subprocess.run(["pgrep", "-P", str(job.pid)], capture_output=True, text=True).stdout.split()
    os.kill(int(children[-1]), signal.SIGKILL)
    assert job.wait(60) != 0 and not (tmp_path / "first").exists()

    def whole(ranks, name, *more):
        run = subprocess.run(
            mpirun(ranks, *command, tmp_path / name, "--steps", 1200, *more), env=ENVIRONMENT, capture_output=True, text=True, timeout=180)
        assert run.returncode == 0, run.stdout + run.stderr
        model = stein.Model.load(tmp_path / name)
        return run.stdout, np.concatenate([v.ravel() for v in model.parameters().values()])

    printed, resumed = whole(3, "resumed", "--checkpoint", tmp_path / "checkpoint")
    assert "step 400 of 1200 on 3 ranks" in printed and "step 100 of" not in printed
    _, plain = whole(2, "plain")
    np.testing.assert_allclose(resumed, plain, atol=0.02 * np.abs(plain).max())


def test_rows_are_the_same_however_they_are_split(tmp_path, model):
    pytest.importorskip("distributed")
    model.save(tmp_path / "model")
    for task, workers in ((300, 2), (1000, 1)):
        run = subprocess.run(
            [sys.executable, EXAMPLES / "dask_sampling.py", tmp_path / "model", tmp_path / f"{task}.npy", "--rows", "1000",
             "--task", str(task), "--workers", str(workers)], capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stdout + run.stderr
    drawn = np.load(tmp_path / "300.npy")
    assert drawn.tobytes() == np.load(tmp_path / "1000.npy").tobytes() == model.sample(1000, seed=7).tobytes()
