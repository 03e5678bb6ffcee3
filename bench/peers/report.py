"""What came out of a benchmark: on the terminal, as tables of docs/performance.md, as a chart."""
import importlib.metadata
import math
import os
import platform
import re
import subprocess

STRICT = ("clang", "gcc")  # what Einkorn's results and times are compared with
FOREIGN = 0.1              # processors used by others, above which a kernel is marked


def machine():
    """The processor and the versions of everything that is compared."""
    with open("/proc/cpuinfo") as info:
        model = re.search(r"model name\s*: (.*)", info.read())
    versions = {}
    for package in ("numpy", "scipy", "numba", "taichi", "warp-lang"):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    for program in ("clang++-19", "g++"):
        try:
            versions[program] = subprocess.run([program, "-dumpfullversion", "-dumpversion"],
                                               capture_output=True, text=True).stdout.strip()
        except OSError:
            continue
    return {"processor": model.group(1) if model else platform.processor(),
            "threads": os.cpu_count(), "versions": versions, "blas": blas()}


def blas():
    """The code that NumPy's BLAS has chosen for this processor."""
    try:
        import threadpoolctl
    except ImportError:
        return "unknown"
    import numpy  # noqa: F401: loads the library that is asked about
    found = [one for one in threadpoolctl.threadpool_info() if one["user_api"] == "blas"]
    return ", ".join(f"{one['internal_api']} {one.get('version')} {one.get('architecture', '')}".strip()
                     for one in found) or "none"


def number(ms):
    """Three digits."""
    if ms >= 100:
        return f"{ms:.0f}"
    return f"{ms:.1f}" if ms >= 10 else f"{ms:.2f}" if ms >= 1 else f"{ms:.3f}"


def cell(row):
    if row is None or row.get("missing") == "no version":
        return "–"
    if "missing" in row:
        return "missing"
    if "failed" in row:
        return "failed"
    return "wrong" if "wrong" in row else number(row["ms"])


def milliseconds(result, name):
    return result["rows"].get(name, {}).get("ms")


def ratio(result, name, others):
    """The time of `name` over the least of `others`; nothing if one of them is not known."""
    mine = milliseconds(result, name)
    theirs = [t for t in (milliseconds(result, other) for other in others) if t is not None]
    return mine / min(theirs) if mine is not None and theirs else None


def geometric_mean(values):
    values = [v for v in values if v is not None]
    return math.exp(sum(math.log(v) for v in values) / len(values)) if values else None


def shown(value, digits=2):
    return "–" if value is None else f"{value:.{digits}f}"


class Summary:
    """The figures of a whole run."""

    def __init__(self, results):
        cases = results["cases"]
        one_thread = [c[0] for c in results["columns"]
                      if c[2] == 1 and c[0] not in ("einkorn", "unchecked", "before")]
        self.to_strict = {k: ratio(r, "einkorn", STRICT) for k, r in cases.items()}
        self.checks = {k: ratio(r, "einkorn", ["unchecked"]) for k, r in cases.items()}
        self.scaling = {k: ratio(r, "einkorn", ["einkorn2"]) for k, r in cases.items()}
        self.change = {k: ratio(r, "einkorn", ["before"]) for k, r in cases.items()}
        behind = []
        for name, result in cases.items():
            value = ratio(result, "einkorn", one_thread)
            if value is not None and value > 1:
                best = min((milliseconds(result, c), c) for c in one_thread
                           if milliseconds(result, c) is not None)[1]
                behind.append((value, name, best))
        self.behind = sorted(behind, reverse=True)
        self.problems = [(k, c, row.get("wrong") or row.get("failed"))
                         for k, r in cases.items() for c, row in r["rows"].items()
                         if "wrong" in row or "failed" in row]
        self.missing = {}
        for result in cases.values():
            for name, row in result["rows"].items():
                if row.get("missing", "no version") != "no version":
                    self.missing[name] = row["missing"]

    @staticmethod
    def worst(values):
        known = [(v, k) for k, v in values.items() if v is not None]
        return max(known) if known else None

    def lines(self):
        """Name, geometric mean, and the greatest with its kernel."""
        rows = [("Einkorn checked / best strict C++, 1 thread", self.to_strict),
                ("Einkorn checked / unchecked, 1 thread", self.checks),
                ("Einkorn checked, 1 thread / 2 threads", self.scaling),
                ("Einkorn now / before", self.change)]
        for title, values in rows:
            mean, worst = geometric_mean(values.values()), self.worst(values)
            if mean is not None:
                yield title, shown(mean), f"{worst[0]:.2f} ({worst[1]})"


class Terminal:
    """A table whose lines appear as they are measured. Milliseconds."""

    def __init__(self, columns):
        self.columns = [c[0] for c in columns]
        self.widths = [max(7, len(name)) for name in self.columns]

    def print_row(self, name, cells, ends):
        line = f"{name:19}" + " ".join(f"{c:>{w}}" for c, w in zip(cells, self.widths))
        print(line + " " + " ".join(f"{e:>7}" for e in ends), flush=True)

    def head(self):
        self.print_row("ms", self.columns, ["/ C++", "checks", *(["before"] if "before" in self.columns else [])])

    def line(self, name, result):
        mark = "~" if result["foreign"] > FOREIGN else ""
        ends = [shown(ratio(result, "einkorn", STRICT)), shown(ratio(result, "einkorn", ["unchecked"]))]
        if "before" in self.columns:
            ends.append(shown(ratio(result, "einkorn", ["before"])))
        self.print_row(name + mark, [cell(result["rows"].get(c)) for c in self.columns], ends)
        for column, row in result["rows"].items():
            if "wrong" in row or "failed" in row:
                print(f"    {column}: {row.get('wrong') or row['failed']}", flush=True)

    def foot(self, results):
        summary = Summary(results)
        print("\n/ C++: einkorn over the best of clang and gcc; checks: einkorn over unchecked;"
              "\n~: others used the machine meanwhile\n")
        for title, mean, worst in summary.lines():
            print(f"{title}: geometric mean {mean}, greatest {worst}")
        for name, why in summary.missing.items():
            print(f"{name} is missing: {why}")
        if summary.behind:
            print("\nSlower than the best with one thread:")
            for value, name, best in summary.behind:
                print(f"  {value:6.2f}  {name:20} {best}")


def write(results, folder):
    pass
