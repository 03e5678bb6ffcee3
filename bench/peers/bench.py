"""Measures Einkorn's kernels against the same ones elsewhere: `./dev bench --help`.

Every competitor runs in this one process. For each kernel all results are compared first; a wrong
one is shown and not timed. Then come rounds, in each of which every competitor runs once, beginning
with another one each time, so that a slow moment of the machine meets all of them. What counts is
the median of the rounds. Time that others used on the machine is measured too, and kernels with
much of it are marked with `~`.
"""
import argparse
import faulthandler
import json
import os
import re
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROUNDS, QUICK_ROUNDS, SLOW_ROUNDS, LEAST_ROUNDS = 15, 5, 1, 3
SECONDS_A_KERNEL = 10.0

# Libraries read these when they are loaded: one thread each but for the parallel competitors, whose
# idle threads sleep, and OpenBLAS chooses its code for this processor by itself.
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)
os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_WAIT_POLICY="passive", NUMBA_NUM_THREADS="2",
                  OMP_NUM_THREADS="2", TI_LOG_LEVEL="error", ENABLE_TAICHI_HEADER_PRINT="False")

import report  # noqa: E402
from cases import CASES  # noqa: E402
from competitors import Data, Failed, Missing, competitors  # noqa: E402


def machine_seconds():
    """What all processors worked, and what was stolen by other machines on this one."""
    with open("/proc/stat") as stat:
        ticks = [int(x) / os.sysconf("SC_CLK_TCK") for x in stat.readline().split()[1:9]]
    return ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6], ticks[7]


class Load:
    """How many processors others used, on average, since it was made."""

    def __init__(self):
        self.begin, self.own = time.perf_counter(), time.process_time()
        self.machine = machine_seconds()

    def foreign(self):
        seconds = time.perf_counter() - self.begin
        work, stolen = machine_seconds()
        others = work - self.machine[0] - (time.process_time() - self.own)
        return max(0.0, (others + stolen - self.machine[1]) / seconds)


# These must give the bits of the first of them.
SAME_BITS = ("einkorn", "unchecked", "einkorn2")


def judge(case, name, run, reference, known):
    """Runs once and compares with C++, and with the bits in `known`: the row so far."""
    run.prepare(everything=True)
    row = {"first_ms": run.once() * 1e3}
    got = run.outputs()
    row["difference"], is_right = case.difference(reference, got)
    if not is_right:
        row["wrong"] = f"differs from C++ by {row['difference']:.2g}"
    elif name in SAME_BITS:
        first = known.setdefault("einkorn", got)
        if any(first[output].tobytes() != got[output].tobytes() for output in got):
            row["wrong"] = "differs from Einkorn checked with one thread"
    if run.compile_seconds is not None:
        row["compile_ms"] = run.compile_seconds * 1e3
    return row


def reference_of(case, data, makers):
    """What the first compiler of strict C++ that is there gives."""
    run = makers[0].run(case, data)
    run.prepare(everything=True)
    run.once()
    return run.outputs()


def start(case, data, makers, reference):
    """A first row for every competitor, and the runs of those whose results are right."""
    rows, runs, known = {}, {}, {}
    for name, maker in makers.items():
        try:
            if isinstance(maker, Missing):
                raise maker
            run = maker.run(case, data)
            rows[name] = judge(case, name, run, reference, known)
        except Missing as why:
            rows[name] = {"missing": str(why)}
        except Failed as why:
            rows[name] = {"failed": str(why)}
        except Exception as why:  # whatever a competitor thinks of: it is shown in its place
            rows[name] = {"failed": f"{type(why).__name__}: {why}"}
        else:
            if "wrong" in rows[name]:
                run.close()
            else:
                runs[name] = run
    return rows, runs


def measure(case, makers, references, rounds, is_busy):
    """The rows of all competitors on one case, by name, and how much others used the machine."""
    data = Data(case)
    rows, runs = start(case, data, makers, reference_of(case, data, references))
    clock = time.process_time if is_busy else time.perf_counter
    order, seconds = list(runs), {name: [] for name in runs}
    load, begin = Load(), time.perf_counter()
    for turn in range(rounds):
        if turn >= LEAST_ROUNDS and time.perf_counter() - begin > SECONDS_A_KERNEL:
            break
        for i in range(len(order)):
            name = order[(i + turn) % len(order)]
            runs[name].prepare()
            seconds[name].append(runs[name].once(clock))
    foreign = load.foreign()
    for name, run in runs.items():
        run.close()
        times = seconds[name]
        rows[name]["ms"] = 1e3 * (min(times) if is_busy else statistics.median(times))
        rows[name]["least_ms"] = 1e3 * min(times)
        rows[name]["rounds"] = len(times)
    return {"rows": rows, "foreign": foreign, "everywhere": case.everywhere}


def measure_samples(build):
    """What compiling the samples costs, and their checks and threads: a table."""
    program = os.path.join(build, "einkorn_bench")
    return subprocess.run([program], check=True, capture_output=True, text=True).stdout


def parse():
    parser = argparse.ArgumentParser(prog="./dev bench",
                                     description="Measures kernels against peers.")
    parser.add_argument("filter", nargs="*",
                        metavar="KERNEL",
                        help="names of kernels, or regular expressions that match them")
    parser.add_argument("--rounds", type=int, help=f"at most so many; {ROUNDS} if not given")
    parser.add_argument("--quick", action="store_true",
                        help=f"{QUICK_ROUNDS} rounds, and no kernel that takes seconds")
    parser.add_argument("--competitors", default="", metavar="A,B",
                        help="names as --list shows them; einkorn is all three of its columns")
    parser.add_argument("--baseline", metavar="FOLDER",
                        help="another build folder, whose Einkorn is a competitor: before")
    parser.add_argument("--busy", action="store_true",
                        help="for a machine that others use: the least processor time of all "
                             "rounds, of all threads together, instead of the median of time")
    parser.add_argument("--samples", action="store_true",
                        help="only the samples: compiling, checks, threads")
    parser.add_argument("--list", action="store_true", help="names of kernels and competitors")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def select(filters):
    """The cases whose kernel has one of these names, or else whose name matches one of them."""
    if not filters:
        return CASES
    def is_meant(case, one):
        is_name = any(one in (c.name, c.base) for c in CASES)
        return one in (case.name, case.base) if is_name else re.search(one, case.name)
    return [case for case in CASES if any(is_meant(case, one) for one in filters)]


def available(rows):
    """The competitors of rows that are there, by name; in place of others, why they are missing."""
    makers = {}
    for name, _, _, make in rows:
        try:
            makers[name] = make()
        except Missing as why:
            makers[name] = why
    return makers


def choose(known, names):
    """The rows of the competitors that are wanted."""
    unknown = {*names} - {row[0] for row in known}
    if unknown:
        sys.exit(f"no competitor is named {', '.join(sorted(unknown))}")
    if "einkorn" in names:
        names = [*names, *SAME_BITS]
    return [row for row in known if not names or row[0] in names or row[0].startswith("before")]


def measure_all(options, chosen, wanted, references, is_complete):
    """Measures, prints and keeps the results of one kernel after the other."""
    makers = available(wanted)
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    results = {"machine": report.machine() | {"rounds": rounds}, "columns": [row[:3] for row in wanted], "cases": {}}
    path = os.path.join(ROOT, "build", "bench.json" if is_complete else "bench-part.json")
    terminal = report.Terminal(results["columns"])
    terminal.head()
    for case in chosen:
        at_most = min(rounds, SLOW_ROUNDS) if case.is_slow else rounds
        result = measure(case, makers, references, at_most, options.busy)
        results["cases"][case.name] = result
        terminal.line(case.name, result)
        with open(path, "w") as file:
            json.dump(results, file, indent=1)
    terminal.foot(results)
    return results


def main():
    faulthandler.enable()
    options = parse()
    if options.samples:
        print(measure_samples(options.build), end="")
        return
    kernels = os.path.join(ROOT, "bench", "peers", "kernels")
    known = competitors(options.build, kernels, options.baseline)
    names = [name for name in options.competitors.split(",") if name]
    wanted = choose(known, names)
    chosen = select(options.filter)
    if options.quick and not options.filter:
        chosen = [case for case in chosen if not case.is_slow]
    if not chosen:
        sys.exit("no kernel matches")
    if options.list:
        print("competitors: " + ", ".join(row[0] for row in known))
        print("\n".join(case.name for case in chosen))
        return
    strict = available([row for row in known if row[0] in report.STRICT])
    references = [one for one in strict.values() if not isinstance(one, Missing)]
    if not references:
        sys.exit("neither clang++-19 nor g++ is installed; results are compared with theirs")
    is_complete = not (options.filter or names or options.quick or options.baseline
                       or options.busy)
    results = measure_all(options, chosen, wanted, references, is_complete)
    if is_complete:
        samples = measure_samples(options.build)
        print("\n" + samples)
        report.write(results, samples, os.path.join(ROOT, "docs"))


if __name__ == "__main__":
    main()
