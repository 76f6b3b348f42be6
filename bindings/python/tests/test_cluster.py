"""Beyond one process: C with MPI, mpi4py with a killed rank, two hosts with a socket, sampling as Dask's tasks."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import stein
from conftest import PATIENCE

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
    run = subprocess.run(mpirun(ranks, tmp_path / "ranks"), env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE)
    assert run.returncode == 0 and f"{ranks} ranks" in run.stdout, run.stdout + run.stderr


@pytest.mark.skipif(not MPI, reason="no MPI here: Debian's libopenmpi-dev and openmpi-bin")
def test_a_killed_rank_ends_the_job_and_training_resumes(tmp_path, rows):
    """R15 over ranks: what three ranks end with after two were killed is what two ranks end with, up to float32 sums."""
    pytest.importorskip("mpi4py")
    np.save(tmp_path / "table.npy", rows)
    command = [sys.executable, "-m", "mpi4py", EXAMPLES / "ranks.py", tmp_path / "table.npy"]
    for _ in range(20):  # on a busy machine it may be through before it is killed
        job = subprocess.Popen(
            mpirun(2, *command, tmp_path / "first", "--steps", 1200, "--checkpoint", tmp_path / "checkpoint"), env=ENVIRONMENT,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        lines = [job.stdout.readline() for _ in range(3)]
        assert "step 300 of 1200 on 2 ranks" in lines[-1], lines
        children = subprocess.run(["pgrep", "-P", str(job.pid)], capture_output=True, text=True).stdout.split()
        for child in children[-1:]:
            os.kill(int(child), signal.SIGKILL)
        ended = job.wait(PATIENCE)
        if children and not (tmp_path / "first").exists():
            break
        (tmp_path / "first").unlink(missing_ok=True)
        (tmp_path / "checkpoint").unlink(missing_ok=True)
    assert ended != 0 and not (tmp_path / "first").exists()

    def whole(ranks, name, *more):
        run = subprocess.run(
            mpirun(ranks, *command, tmp_path / name, "--steps", 1200, *more), env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE)
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
             "--task", str(task), "--workers", str(workers)], capture_output=True, text=True, timeout=PATIENCE)
        assert run.returncode == 0, run.stdout + run.stderr
    drawn = np.load(tmp_path / "300.npy")
    assert drawn.tobytes() == np.load(tmp_path / "1000.npy").tobytes() == model.sample(1000, seed=7).tobytes()


HOST = """
import socket, sys, time
import numpy as np, stein
rank, address, rows, out = int(sys.argv[1]), sys.argv[2], np.load(sys.argv[3]), sys.argv[4]
if rank == 0:
    server = socket.create_server((address, 7341))
    peer = server.accept()[0]
else:
    for attempt in range(36000):
        try:
            peer = socket.create_connection((address, 7341), timeout=3600)
            break
        except OSError:
            time.sleep(0.1)
peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

def receive(size):
    parts = bytearray()
    while len(parts) < size:
        part = peer.recv(size - len(parts))
        if not part:
            raise ConnectionError("the other host is gone")
        parts += part
    return bytes(parts)

def allreduce(array):
    # Rank 0 adds, so that both have its bits.
    if rank == 0:
        array += np.frombuffer(receive(array.nbytes), array.dtype)
        peer.sendall(array.tobytes())
    else:
        peer.sendall(array.tobytes())
        array[:] = np.frombuffer(receive(array.nbytes), array.dtype)

part = rows[:100] if rank == 0 else rows[100:]
model = stein.Model.from_bytes(open(sys.argv[5], "rb").read(), context=stein.Context(threads=1))
trainer = stein.Trainer(model, stein.Dataset(part, context=model.context), steps=150, seed=4)
trainer.set_allreduce(allreduce, rank, 2)
trainer.run()
model.save(out)
"""


def _network(*command):
    return subprocess.run(["ip", *command], capture_output=True, text=True)


@pytest.mark.skipif(not shutil.which("ip") or os.geteuid() != 0, reason="needs ip (iproute2) and root")
def test_two_hosts(tmp_path, rows):
    """Two network namespaces as two machines, with a sum over a socket: no engine at all."""
    first, second = f"stein{os.getpid()}a", f"stein{os.getpid()}b"
    links = f"sa{os.getpid() % 10**6}", f"sb{os.getpid() % 10**6}"
    try:
        made = [_network("netns", "add", first), _network("netns", "add", second)]
        made.append(_network("link", "add", links[0], "netns", first, "type", "veth", "peer", "name", links[1], "netns", second))
        for space, link, address in ((first, links[0], "10.77.1.1/24"), (second, links[1], "10.77.1.2/24")):
            made += [_network("-n", space, "addr", "add", address, "dev", link), _network("-n", space, "link", "set", link, "up")]
        if any(step.returncode for step in made):
            pytest.skip("network namespaces are not allowed here")
        np.save(tmp_path / "rows.npy", rows)
        start = stein.Model(rows, widths=[24], seed=1)
        start.save(tmp_path / "start")
        hosts = [
            subprocess.Popen(
                ["ip", "netns", "exec", space, sys.executable, "-c", HOST, str(rank), "10.77.1.1", tmp_path / "rows.npy",
                 tmp_path / f"model{rank}", tmp_path / "start"], stderr=subprocess.PIPE, text=True)
            for rank, space in enumerate((first, second))
        ]
        messages = [host.communicate(timeout=PATIENCE)[1] for host in hosts]
        assert [host.returncode for host in hosts] == [0, 0], messages
    finally:
        _network("netns", "del", first), _network("netns", "del", second)
    assert (tmp_path / "model0").read_bytes() == (tmp_path / "model1").read_bytes()
    alone = stein.Model.from_bytes(start.to_bytes())
    stein.Trainer(alone, rows, steps=150, seed=4).run()
    pair = stein.Model.load(tmp_path / "model0")
    for name, value in alone.parameters().items():
        np.testing.assert_allclose(pair.parameter(name), value, atol=2e-3)
