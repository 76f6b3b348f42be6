"""Stein, PyTorch and JAX on the same workloads, in turns.

    bench.py --peers build/peers-venv/bin/python --write Benchmarks/RESULTS.md      make bench
    bench.py --quick                                                                 make bench-quick: Stein alone

Every contestant is a process of its own, warmed up and then idle until its turn; a round measures each once, so that what disturbs the
machine disturbs all. Figures are medians over the rounds with their range; ratios are taken within a round, those to the better of several
modes against the one with the highest median. A turn in which other processes took more than a tenth of the processors is repeated after a
pause, as often as --patience allows in all.

The floor is the time of the matrix products' operations (workloads.py) at the register peak, which peak.c measures in every round.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "peers"))
from workloads import WORKLOADS

STEIN, TORCH, JAX = "Stein", "PyTorch", "JAX"
# torch.compile can't differentiate twice, and its way around (func) fails on the zero tangents of W3 and W4 in 2.13.
TORCH_MODES = {
    "denoising": ("eager", "fused", "compile-fused"),
    "sliced": ("eager", "fused", "func-fused"),
    "exact": ("eager", "fused", "func-fused"),
    "langevin": ("eager", "compile"),
    "pictures": ("eager", "fused", "cl-fused", "compile-cl-fused", "cl-fused-bf16", "compile-cl-fused-bf16"),
    "heun": ("eager", "cl", "compile-cl", "cl-bf16", "compile-cl-bf16"),
}
JAX_MODES = dict.fromkeys(TORCH_MODES, ("jit", "scan")) | dict.fromkeys(("pictures", "heun"), ("jit",))
# Where one step, or one sampling, takes long: rounds at most, seconds of a turn at least.
LONG = {"pictures": (5, 1.5), "heun": (3, 0.4)}
DISTURBED, NARROW, HALF = "beside a busy process", "products for AVX2", "bf16"
START_LIMIT = 300  # seconds until a contestant must be ready
CORES = len(os.sched_getaffinity(0))


@dataclasses.dataclass
class Contestant:
    library: str
    mode: str
    threads: int
    command: list[str]
    environment: dict[str, str]
    process: subprocess.Popen | None = None
    speeds: list[float] = dataclasses.field(default_factory=list)
    resident: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.library}, {self.mode}" if self.mode else self.library

    @property
    def is_half(self) -> bool:
        return HALF in self.mode.split("-")

    def start(self) -> None:
        """Waits until it is warm; raises if it fails."""
        inner = {k: v for k, v in os.environ.items() if self.library == STEIN or k != "PYTHONPATH"}
        self.process = subprocess.Popen(
            self.command, env=inner | self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, preexec_fn=self._confine,
        )  # fmt: skip
        timer = threading.Timer(START_LIMIT, self.process.kill)
        timer.start()
        ready = self.process.stdout.readline()
        timer.cancel()
        if ready != "ready\n":
            self.process.kill()
            words = self.process.communicate()[1].strip().splitlines()
            raise RuntimeError(words[-1] if words else f"not ready after {START_LIMIT} s")

    def _confine(self) -> None:
        """JAX takes as many threads as it has processors."""
        if self.library != STEIN and self.threads < CORES:
            os.sched_setaffinity(0, set(range(self.threads)))

    def measure(self) -> float:
        """One turn; the share of the processors that others took."""
        with busy_process() if self.mode == DISTURBED else Nobody() as other:
            before, started = busy_seconds(), time.perf_counter()
            own = process_seconds(self.process.pid) + process_seconds(other)
            self.process.stdin.write("\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
            took = time.perf_counter() - started
            own = process_seconds(self.process.pid) + process_seconds(other) - own
            foreign = (busy_seconds() - before - own) / (took * os.cpu_count())
        told = fields(line)
        self.speeds.append(told["steps_per_s"])
        self.resident = told["resident_mb"]
        return max(0.0, foreign)

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait()


class Nobody:
    def __enter__(self) -> int:
        return 0

    def __exit__(self, *_) -> None:
        pass


class busy_process(Nobody):
    """A child that keeps one core busy; its process number."""

    def __enter__(self) -> int:
        self.process = subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"])
        time.sleep(0.1)
        return self.process.pid

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.wait()


def busy_seconds() -> float:
    """That all processors have worked since the start of the machine."""
    with open("/proc/stat") as stat:
        user, nice, system, _idle, _wait, *rest = map(int, stat.readline().split()[1:9])
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


def process_seconds(number: int) -> float:
    if not number:
        return 0.0
    words = pathlib.Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def fields(line: str) -> dict[str, float]:
    return {k: float(v) for k, v in (word.split("=") for word in line.split())}


def contestants(name: str, given) -> list[Contestant]:
    kind = WORKLOADS[name].kind
    threads = sorted({1, given.threads})

    def stein(mode, count, **environment):
        command = [sys.executable, str(HERE / "stein_workloads.py"), *common(count)]
        command += ["--mode", HALF] if mode == HALF else []
        return Contestant(STEIN, mode, count, command, environment)

    def peer(library, mode):
        script = HERE / "peers" / f"{kind}_{library.removeprefix('Py').lower()}.py"
        command = [given.peers, str(script), *common(given.threads), "--mode", mode]
        return Contestant(library, mode, given.threads, command, {})

    def common(count):
        return ["--workload", name, "--threads", str(count), "--seconds", str(frame(name, given)[1])]

    found = [stein("", count) for count in threads]
    flags = processor()["Flags"]
    if "avx512_bf16" in flags:
        found.append(stein(HALF, given.threads))
    if given.quick:
        return found
    if kind == "denoising":
        found.append(stein(DISTURBED, given.threads))
        if "avx512f" in flags:
            found.append(stein(NARROW, given.threads, LIBXSMM_TARGET="hsw"))
    if given.peers:
        found += [peer(TORCH, mode) for mode in TORCH_MODES[kind]]
        found += [peer(JAX, mode) for mode in JAX_MODES[kind]]
    return found


def frame(name: str, given) -> tuple[int, float]:
    """Rounds, and seconds of a turn."""
    usual = given.rounds, given.seconds
    rounds, seconds = usual if given.quick else LONG.get(WORKLOADS[name].kind, usual)
    return min(rounds, given.rounds), max(seconds, given.seconds)


class Bench:
    def __init__(self, given, folder: pathlib.Path) -> None:
        self.given, self.folder = given, folder
        self.patience = given.patience
        self.foreign: list[float] = []
        self.failures: list[str] = []
        # By workload and threads, a number for every round; with NARROW for the threads by AVX2 alone.
        self.peaks: dict[str, dict[int | str, list[float]]] = {}
        self.results: dict[str, list[Contestant]] = {}
        self.compile("peak", "-march=native", "-lpthread")
        self.compile("peak", "-mavx2", "-mfma", "-lpthread", name="narrow_peak")

    def compile(self, program: str, *options: str, name: str = "") -> str:
        path = str(self.folder / (name or program))
        include = f"-I{HERE.parent / 'include'}"
        subprocess.run(["cc", "-O2", include, str(HERE / f"{program}.c"), *options, "-o", path], check=True)
        return path

    def run(self) -> None:
        for name in self.given.workloads:
            self.results[name] = self.started(contestants(name, self.given))
            self.peaks[name] = {count: [] for count in (1, self.given.threads, NARROW)}
            for _ in range(frame(name, self.given)[0]):
                self.measure_peak(self.peaks[name])
                for contestant in self.results[name]:
                    self.turn(contestant)
            for contestant in self.results[name]:
                contestant.stop()
            print(f"{name} measured", file=sys.stderr, flush=True)

    def measure_peak(self, peaks: dict[int | str, list[float]]) -> None:
        for count, found in peaks.items():
            program, threads = ("narrow_peak", self.given.threads) if count == NARROW else ("peak", count)
            printed = subprocess.check_output([str(self.folder / program), str(threads), "0.1"], text=True)
            found.append(fields(printed)["gflops"])

    def started(self, candidates: list[Contestant]) -> list[Contestant]:
        warm = []
        for contestant in candidates:
            try:
                contestant.start()
                warm.append(contestant)
            except (OSError, RuntimeError) as failure:
                workload = contestant.command[contestant.command.index("--workload") + 1]
                self.failures.append(f"{workload}, {contestant.name}: {failure}")
        return warm

    def turn(self, contestant: Contestant) -> None:
        foreign = contestant.measure()
        while foreign > 0.1 and self.patience > 0:
            self.patience -= 1
            contestant.speeds.pop()
            time.sleep(1)
            foreign = contestant.measure()
        self.foreign.append(foreign)

    # ---- What is no speed

    def first_samples(self) -> list[float]:
        """Milliseconds from dlopen to 100 samples, in new processes."""
        model = str(self.folder / "small.safetensors")
        save = [sys.executable, str(HERE / "stein_workloads.py"), "--workload", "W1", "--mode", f"save={model}"]
        subprocess.run(save, check=True)
        return [self.host("samples", model)["ms"] for _ in range(9)]

    def memory(self) -> dict[str, float]:
        """Megabytes of whole processes that train W2."""
        found = {"Stein, program in C": self.host("train", str(self.given.threads))["resident_mb"]}
        for contestant in self.results["W2"]:
            if contestant.threads == self.given.threads and contestant.mode in ("", "eager", "jit"):
                name = "Stein, Python with NumPy" if contestant.library == STEIN else contestant.name
                found[name] = contestant.resident
        return found

    def host(self, *arguments: str) -> dict[str, float]:
        program = self.folder / "host"
        if not program.exists():
            self.compile("host", "-ldl")
        return fields(subprocess.check_output([str(program), os.environ["STEIN_LIBRARY"], *arguments], text=True))


# ---- The report


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def spread(values: list[float]) -> str:
    if not values:
        return ""
    return f"{number(statistics.median(values))} ({number(min(values))}–{number(max(values))})"


def by_rounds(ours: list[float], *theirs: list[float]) -> list[float]:
    """Our speed over that of theirs with the highest median, round by round."""
    return [own / other for own, other in zip(ours, max(theirs, key=statistics.median))] if theirs else []


def table(header: str, rows: list[tuple[str, ...]]) -> str:
    lines = [header, "|" + "---|" * (header.count("|") - 1), *("| " + " | ".join(row) + " |" for row in rows)]
    return "\n".join(lines) + "\n"


class Report:
    def __init__(self, bench: Bench) -> None:
        self.bench, self.most = bench, bench.given.threads

    def speeds(self, name: str, threads: int, mode: str = "") -> list[float]:
        """Stein's."""
        for c in self.bench.results[name]:
            if (c.library, c.threads, c.mode) == (STEIN, threads, mode):
                return c.speeds
        return []

    def rivals(self, name: str, *libraries: str, half: bool = False) -> list[list[float]]:
        """The peers', in float32 or in bfloat16."""
        return [c.speeds for c in self.bench.results[name] if c.library in libraries and c.is_half == half]

    def floor(self, name: str, count: int | str) -> list[float]:
        return [1e9 * peak / WORKLOADS[name].operations for peak in self.bench.peaks[name][count]]

    def share(self, name: str, contestant: Contestant) -> str:
        """Of the float32 floor; of AVX2's own for what is held to that."""
        narrow = contestant.mode == NARROW
        shares = by_rounds(contestant.speeds, self.floor(name, NARROW if narrow else contestant.threads))
        return f"{statistics.median(shares):.0%}" + (" of AVX2's" if narrow else "")

    def peak(self, count: int | str) -> str:
        return spread([peak for peaks in self.bench.peaks.values() for peak in peaks[count]])

    def quick(self) -> str:
        rows = []
        for name, found in self.bench.results.items():
            for c in found:
                rows.append((name, c.mode, str(c.threads), spread(c.speeds), self.share(name, c)))
        peaks = ", ".join(f"{self.peak(count)} GFLOP/s with {count} threads" for count in sorted({1, self.most}))
        header = "| workload | precision | threads | steps/s, median (range) | of the float32 floor |"
        return f"{table(header, rows)}\nRegister peak: {peaks}. {self.quiet()}\n{self.failures()}"

    def failures(self) -> str:
        return "".join(f"- Not measured: {failure}\n" for failure in self.bench.failures)

    def quiet(self) -> str:
        foreign = self.bench.foreign or [0.0]
        middle, worst = statistics.median(foreign), max(foreign)
        busy = "." if worst < 0.1 else ": not quiet, and whoever waits for threads by spinning suffers most."
        return f"Other processes took {middle:.0%} of the processors in the median turn, {worst:.0%} in the worst{busy}"

    def summary(self) -> str:
        rows = []
        for name in self.bench.results:
            one, many = self.speeds(name, 1), self.speeds(name, self.most)
            ratios = [spread(by_rounds(many, *self.rivals(name, *l))) for l in ((TORCH,), (JAX,), (TORCH, JAX))]
            rows.append((f"{name}: {WORKLOADS[name].title}", spread(many), spread(by_rounds(many, one)), *ratios))
        columns = ("workload", f"Stein, steps/s, {self.most} threads", f"{self.most} threads over 1")
        return table("| " + " | ".join((*columns, "over PyTorch", "over JAX", "over the better")) + " |", rows)

    def details(self) -> str:
        rows = []
        for name, found in self.bench.results.items():
            for c in found:
                own = (c.library, c.mode, c.threads) == (STEIN, "", self.most)
                ratio = "" if own else spread(by_rounds(self.speeds(name, self.most), c.speeds))
                rows.append((name, c.name, str(c.threads), spread(c.speeds), self.share(name, c), ratio))
            floor = spread(self.floor(name, self.most))
            rows.append((name, "floor", str(self.most), floor, "100%", ""))
        return table("| workload | contestant | threads | steps/s | of the floor | Stein over it |", rows)

    def others(self) -> str:
        memory = self.bench.memory().items()
        rows = [("`dlopen` to the first 100 samples of a saved W1, new process in C, ms", spread(self.bench.first_samples()))]
        for name in self.bench.results:
            half = self.speeds(name, self.most, HALF)
            rivals, alike = (self.rivals(name, TORCH, JAX, half=h) for h in (False, True))
            if half:
                rows.append((f"{name}, precision=bf16, times its usual speed", spread(by_rounds(half, self.speeds(name, self.most)))))
                rows.append((f"{name}, precision=bf16, over the better peer in float32", spread(by_rounds(half, *rivals))))
            if half and alike:
                rows.append((f"{name}, precision=bf16, over PyTorch in bf16", spread(by_rounds(half, *alike))))
        rows += [(f"memory of W2, whole process at its most, MB: {who}", number(size)) for who, size in memory]
        for mode in (DISTURBED, NARROW):
            for name in ("W1", "W2"):
                share = by_rounds(self.speeds(name, self.most, mode), self.speeds(name, self.most))
                if share:
                    rows.append((f"{name}, {mode}, share of its usual speed", spread(share)))
        return table("| Stein | median (range) |", rows)

    def full(self) -> str:
        bench, given = self.bench, self.bench.given
        usual = given.rounds, given.seconds
        frames = {f"{name} ": frame(name, given) for name in bench.results}
        frames = {"": usual} | {name: found for name, found in frames.items() if found != usual}
        seconds = ", ".join(f"{name}{rounds} rounds of {length:g} s" for name, (rounds, length) in frames.items())
        peaks = ", ".join(f"{self.peak(count)} with {count}" for count in sorted({1, self.most}))
        peaks += f"; by AVX2 alone {self.peak(NARROW)} with {self.most}"
        return f"""# Results

Written by `make bench` on {time.strftime("%Y-%m-%d")}; [README](README.md) says what is measured.

- Machine: {machine()}
- Versions: {", ".join(f"{k} {v}" for k, v in versions(given.peers).items())}
- Register peak, GFLOP/s in float32 by threads: {peaks}
- {seconds}, but a step, or a sampling, at least; contestants in turns; medians (ranges), ratios within a round. {self.quiet()}
{self.failures()}
{self.summary()}
"Over PyTorch" and "over JAX" are against that of the modes below in float32 with the highest median, "over the better" against that of both.

{self.others()}
## All contestants

{self.details()}"""


def processor() -> dict[str, str]:
    found = json.loads(subprocess.check_output(["lscpu", "-J"], text=True))["lscpu"]
    flat = {}
    while found:
        entry = found.pop()
        flat[entry["field"].rstrip(":")] = entry.get("data") or ""
        found += entry.get("children", [])
    return flat


def machine() -> str:
    cpu = processor()
    vectors = "AVX-512" if "avx512f" in cpu["Flags"] else "AVX2"
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    return f"{CORES} cores of {cpu['Model name']} (family {cpu['CPU family']}, model {cpu['Model']}, {vectors}), {system}"


def versions(peers: str | None) -> dict[str, str]:
    import stein

    git = subprocess.run(["git", "-C", str(HERE), "describe", "--always", "--dirty"], capture_output=True, text=True)
    found = {"Stein": f"{stein.version()} ({git.stdout.strip()})", "Python": platform.python_version()}
    if peers:
        code = "from importlib.metadata import version as v; print(*(v(p) for p in ('torch', 'jax', 'optax')))"
        found |= zip((TORCH, JAX, "optax"), subprocess.check_output([peers, "-c", code], text=True).split())
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="Stein alone, three rounds")
    parser.add_argument("--short", action="store_true", help="two rounds, to see that all works")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--threads", type=int, default=2, help="of the peers, and of Stein beside 1")
    parser.add_argument("--patience", type=int, default=20, help="turns that may be repeated")
    parser.add_argument("--peers", help="the Python with PyTorch and JAX")
    parser.add_argument("--write", type=pathlib.Path, help="the report's file")
    given = parser.parse_args()
    given.rounds = given.rounds or (3 if given.quick else 2 if given.short else 13)
    given.seconds = 0.5 if given.quick else 0.4
    given.workloads = [name for name, work in WORKLOADS.items() if not (given.quick and work.kind == "heun")]
    if given.quick:
        given.peers = None
    if given.short or given.quick:
        given.patience = 0
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(given, pathlib.Path(folder))
        bench.run()
        report = Report(bench)
        text = report.quick() if given.quick else report.full()
    print(text)
    if given.write:
        given.write.write_text(text)


if __name__ == "__main__":
    main()
