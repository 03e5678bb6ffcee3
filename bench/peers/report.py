"""What came out of a benchmark: on the terminal, as tables of docs/performance.md, as a chart."""
import importlib.metadata
import math
import os
import platform
import re
import subprocess
from statistics import median

STRICT = ("clang", "gcc")  # what Einkorn's results and times are compared with
BEHIND = 1.05              # times the best time with one thread: less is noise
JITS = ("numba", "numba2", "taichi", "warp")
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
    return ", ".join(" ".join(str(one[key]) for key in ("internal_api", "version", "architecture")
                              if one.get(key)) for one in found) or "none"


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
            if value is not None and value > BEHIND:
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
    def compiling(results):
        """Median milliseconds until a kernel is compiled, by title."""
        for name, title, threads in results["columns"]:
            rows = [r["rows"].get(name, {}) for r in results["cases"].values()]
            times = [row["compile_ms"] for row in rows if "compile_ms" in row]
            if name in JITS:
                # Compiled by the first call, which then runs it once.
                times = [row["first_ms"] - row["ms"] for row in rows if "ms" in row]
            if times:
                yield title if threads == 1 else f"{title}, {threads} threads", median(times)

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
        print(line + " " + " ".join(f"{e:>8}" for e in ends), flush=True)

    def head(self):
        ends = ["/ C++", "checks"] + (["/ before"] if "before" in self.columns else [])
        self.print_row("ms", self.columns, ends)

    def line(self, name, result):
        mark = "~" if result["foreign"] > FOREIGN else ""
        ends = [shown(ratio(result, "einkorn", STRICT)),
                shown(ratio(result, "einkorn", ["unchecked"]))]
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
        compiling = [f"{title} {ms:.0f}" for title, ms in summary.compiling(results)]
        if compiling:
            print("Median ms to compile a kernel: " + ", ".join(compiling))
        for name, why in summary.missing.items():
            print(f"{name} is missing: {why}")
        if summary.behind:
            print("\nSlower than the best with one thread:")
            for value, name, best in summary.behind:
                print(f"  {value:6.2f}  {name:20} {best}")



# --- pages ----------------------------------------------------------------------------

def headline(column):
    name, title, threads = column
    return title if threads == 1 else f"{title}, {threads} threads"


def full_cell(result, name):
    """Milliseconds, and how many times those of the best strict C++ they are."""
    text = cell(result["rows"].get(name))
    value = ratio(result, name, STRICT)
    return f"{text} ({value:.2f})" if value is not None else text


def table(results, names, columns):
    shown_columns = [c for c in columns
                     if any(milliseconds(results["cases"][n], c[0]) is not None for n in names)]
    yield "| kernel | " + " | ".join(headline(c) for c in shown_columns) + " |"
    yield "|---|" + "---|" * len(shown_columns)
    for name in names:
        result = results["cases"][name]
        mark = "~" if result["foreign"] > FOREIGN else ""
        cells = [full_cell(result, c[0]) for c in shown_columns]
        yield f"| {name}{mark} | " + " | ".join(cells) + " |"


def page(results):
    """The lines between the markers of docs/performance.md."""
    about, summary = results["machine"], Summary(results)
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    yield (f"Measured on {about['threads']} processors of {about['processor']}, with {versions}; "
           f"NumPy's BLAS is {about['blas']}. At most {about['rounds']} rounds.")
    disturbed = sum(r["foreign"] > FOREIGN for r in results["cases"].values())
    if disturbed:
        yield (f"While {disturbed} of the {len(results['cases'])} kernels were measured, other "
               "programs used the machine: their times are rough.")
    yield ""
    yield "| times | geometric mean | greatest |"
    yield "|---|---|---|"
    for title, mean, worst in summary.lines():
        yield f"| {title} | {mean} | {worst} |"
    yield ""
    compiling = ", ".join(f"{title} {ms:.0f} ms" for title, ms in summary.compiling(results))
    yield f"Compiling one kernel takes, at the median of all: {compiling}."
    yield ""
    cases = results["cases"]
    yield "Kernels of every competitor, ms:"
    yield ""
    yield from table(results, [n for n in cases if cases[n]["everywhere"]], results["columns"])
    yield ""
    yield "Kernels of public benchmarks, ms:"
    yield ""
    yield from table(results, [n for n in cases if not cases[n]["everywhere"]], results["columns"])
    yield ""
    if summary.behind:
        titles = {c[0]: c[1] for c in results["columns"]}
        yield "Kernels in which Einkorn, checked, is slower than the best of all with one thread:"
        yield ""
        yield "| kernel | times | than |"
        yield "|---|---|---|"
        for value, name, best in summary.behind:
            yield f"| {name} | {value:.2f} | {titles[best]} |"
        yield ""
    for case, name, why in summary.problems:
        yield f"- `{case}`, {name}: {why.splitlines()[0]}"
    for name, why in summary.missing.items():
        yield f"- {name} is missing: {why}"


def between(text, name, lines):
    """The text with other lines between its markers of this name."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    first, rest = text.split(begin)
    _, last = rest.split(end)
    return first + begin + "\n".join(lines).rstrip() + "\n" + end + last


def write(results, samples, folder):
    """Puts the tables into performance.md and draws performance.svg beside it."""
    path = os.path.join(folder, "performance.md")
    with open(path) as file:
        text = file.read()
    text = between(text, "peers", page(results))
    text = between(text, "samples", samples.splitlines())
    with open(path, "w") as file:
        file.write(text)
    with open(os.path.join(folder, "performance.svg"), "w") as file:
        file.write("\n".join(chart(results)) + "\n")


# --- the chart ------------------------------------------------------------------------

DRAWN = (("einkorn", "#c0392b", 5), ("unchecked", "#e59866", 3.5), ("numba", "#2e86c1", 3.5),
         ("taichi", "#8e44ad", 3.5), ("warp", "#27ae60", 3.5), ("fast", "#7f8c8d", 3.5))
LEAST, MOST = 1 / 16, 128  # times the best strict C++; what lies outside is drawn at the edge
LEFT, RIGHT, TOP, ROW = 150, 860, 60, 14


def x_of(value):
    share = math.log(min(max(value, LEAST), MOST) / LEAST) / math.log(MOST / LEAST)
    return LEFT + share * (RIGHT - LEFT)


def chart(results):
    """A dot for each competitor in the line of each kernel; 1 is the best strict C++."""
    cases, titles = results["cases"], {c[0]: c[1] for c in results["columns"]}
    bottom = TOP + ROW * len(cases)
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{RIGHT + 30}" height="{bottom + 40}" '
           'font-family="sans-serif" font-size="11">')
    yield f'<rect width="{RIGHT + 30}" height="{bottom + 40}" fill="white"/>'
    yield f'<text x="{LEFT}" y="16">time with one thread over that of the best strict C++</text>'
    x = LEFT
    for name, color, radius in DRAWN:
        if name not in titles:
            continue
        yield f'<circle cx="{x}" cy="34" r="{radius}" fill="{color}"/>'
        yield f'<text x="{x + 9}" y="38">{titles[name]}</text>'
        x += 24 + 6.5 * len(titles[name])
    value = LEAST
    while value <= MOST:
        color = "#444444" if value == 1 else "#dddddd"
        label = f"{value:g}" if value >= 1 else f"1/{1 / value:g}"
        yield (f'<line x1="{x_of(value):.1f}" y1="{TOP - 6}" x2="{x_of(value):.1f}" y2="{bottom}" '
               f'stroke="{color}"/>')
        yield f'<text x="{x_of(value):.1f}" y="{bottom + 16}" text-anchor="middle">{label}</text>'
        value *= 2
    for row, (name, result) in enumerate(cases.items()):
        y = TOP + ROW * row + ROW / 2
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{name}</text>'
        for competitor, color, radius in reversed(DRAWN):
            value = ratio(result, competitor, STRICT)
            if value is not None:
                yield f'<circle cx="{x_of(value):.1f}" cy="{y:.1f}" r="{radius}" fill="{color}"/>'
    yield "</svg>"
