"""The trace of a context: every step with its time, whole JSON whatever ends the process, and never in the way of the work."""

import json
import subprocess
import sys

import numpy as np
import pytest
import stein

CHILD = """
import os, resource, sys
import numpy as np
import stein
context = stein.Context(trace=sys.argv[1], threads=2)
rows = stein.Dataset(np.random.default_rng(0).standard_normal((400, 3)), context=context)
trainer = stein.Trainer(stein.Model(rows, widths=[16]), rows, steps=40, batch=64)
"""


def child(path, rest, **more):
    return subprocess.run([sys.executable, "-c", CHILD + rest, str(path)], capture_output=True, text=True, **more)


def trained(rows, **options):
    context = stein.Context(threads=2, **options)
    data = stein.Dataset(rows, context=context)
    model = stein.Model(data, widths=[16])
    trainer = stein.Trainer(model, data, steps=20, batch=64, seed=3, validation=0)
    return context, model, trainer


def test_events(rows, tmp_path):
    path = tmp_path / "trace.json"
    context, model, trainer = trained(rows, trace=path)
    trainer.run()
    model.sample(10, steps=3, seed=1)
    context.check_trace()
    events = json.loads(path.read_text())
    assert {event["cat"] for event in events} == {"call", "shard", "once"} and {event["ph"] for event in events} == {"X"}
    steps = [event for event in events if event["name"] == "training step"]
    assert [event["args"]["number"] for event in steps] == list(range(20))
    assert all(event["dur"] >= 0 and 1 <= event["tid"] <= 2 for event in events)
    # Each step's work lies within it.
    first, last = steps[5], steps[6]
    inside = [e for e in events if e["cat"] == "shard" and first["ts"] <= e["ts"] < first["ts"] + first["dur"]]
    assert {"product", "elementwise"} <= {event["name"] for event in inside} and first["ts"] + first["dur"] <= last["ts"]
    assert all(event["args"]["bytes"] >= 0 and event["args"]["size"] for event in inside)
    # On one thread events of steps do not overlap.
    for thread in (1, 2):
        own = sorted((e["ts"], e["dur"]) for e in events if e["tid"] == thread and e["cat"] == "shard")
        assert all(a + dur <= b + 0.002 for (a, dur), (b, _) in zip(own, own[1:]))


def test_a_trace_changes_no_bit(rows, tmp_path):
    drawn = []
    for options in ({}, {"trace": tmp_path / "trace"}):
        _context, model, trainer = trained(rows, **options)
        trainer.run()
        drawn.append((model.sample(50, seed=2), trainer.describe()["loss"]))
    assert np.array_equal(drawn[0][0], drawn[1][0]) and drawn[0][1] == drawn[1][1]


def test_what_cannot_be_a_trace(tmp_path):
    with pytest.raises(stein.SteinFileError) as caught:
        stein.Context(trace=tmp_path / "none" / "trace")
    assert (caught.value.name, caught.value.option) == ("STEIN_NO_FILE", "trace")
    with pytest.raises(stein.SteinFileError, match="directory"):
        stein.Context(trace=tmp_path)
    with pytest.raises(stein.SteinFileError, match="regular file"):
        stein.Context(trace="/dev/null")
    path = tmp_path / "trace"
    path.write_text("what was there before, and longer than an empty trace")
    with stein.Context(trace=path) as context:
        with pytest.raises(stein.SteinFileError, match="another context"):
            stein.Context(trace=path)
        context.check_trace()
        assert json.loads(path.read_text()) == []
    stein.Context(trace=path).close()
    stein.Context().check_trace()


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), 9)", "os.abort()"])
def test_the_file_is_whole_without_an_end(tmp_path, end):
    path = tmp_path / "trace"
    child(path, f"trainer.run(7)\n{end}\n")
    assert sum(event["name"] == "training step" for event in json.loads(path.read_text())) == 7


def test_a_cancelled_run(rows, tmp_path):
    path = tmp_path / "trace"
    _context, _model, trainer = trained(rows, trace=path)
    with pytest.raises(stein.SteinInterrupted):
        trainer.run(progress=lambda watch: watch.cancel())
    assert isinstance(json.loads(path.read_text()), list)
    trainer.run()
    assert sum(event["name"] == "training step" for event in json.loads(path.read_text())) >= 20


def test_a_full_disk_ends_the_trace_alone(tmp_path):
    path = tmp_path / "trace"
    done = child(
        path,
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "assert trainer.run() and trainer.describe()['step'] == 40\n"
        "try:\n    context.check_trace()\n"
        "except stein.SteinFileError as failure:\n    print(failure.name, failure)\n",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("STEIN_IO") and "trace" in done.stdout
    events = json.loads(path.read_text())
    assert events and path.stat().st_size <= 20000


def test_a_fork_leaves_the_trace_to_its_parent(tmp_path):
    path = tmp_path / "trace"
    done = child(
        path,
        "trainer.run(2)\nif os.fork() == 0:\n    trainer.run(3)\n    os._exit(0)\nos.wait()\ntrainer.run(1)\n",
    )
    assert done.returncode == 0, done.stderr
    steps = [event for event in json.loads(path.read_text()) if event["name"] == "training step"]
    assert [event["args"]["number"] for event in steps] == [0, 1, 2] and len({event["pid"] for event in steps}) == 1
