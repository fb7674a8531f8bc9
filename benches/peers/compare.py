#!/usr/bin/env python3
"""Times the same networks here and in other libraries, on this machine.

    python3 benches/peers/compare.py [CASE ...] [--quick] [--libs A,B] [--sizes 256,512]
                                        [--threads N] [--cpu] [--markdown]

Makes the Python environments that it needs (about 7 GB, under ~/.cache/snn-peers), builds `cargo bench
--bench peers`, and runs us, one library, us, the next, and so on, several rounds, one process each. A
library's time is its best iteration of all rounds: whatever else the machine does only adds to it. Its
memory is the least of the rounds' peaks above what the process had after its imports.

On a machine that is not quiet, threads that wait for each other lose far more than their share: use
--threads 1 --cpu there, which compares the processor time of an iteration.

Results are kept in target/peers/results.json, together with those of other libraries that were measured before
in the same way; --markdown prints them as tables and runs nothing. Where we fail, or all the others, a case is
left out, and the exit code is 1.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import venv

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "snn-peers"
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
RESULTS = TARGET / "peers" / "results.json"
RECORDING = TARGET / "peers" / "recording.npy"
DATA = pathlib.Path(os.environ.get("SNN_DATA_DIR", ROOT.parent / "shared" / "data"))

TITLES = {
    "C1": "Linear(N, N) and LIF, T = 500, batch 16; gradient of the spike count",
    "C2": "12C5-MP2-64C5-MP2-1024FC10 on a still image, T = 50, batch 128; cross entropy per step, Adam",
    "C3": "12C5-MP2-32C5-MP2-800FC11 on [25, 64, 2, 32, 32]; count MSE, Adam",
    "C4": "recurrent CUBA-LIF 2450-100, readout of 4, T = 100, batch 32; maximum over time, Adam",
    "C5": "5-120 CUBA-LIF, readout of 3, T = 30, batch 75; maximum over time, Adam",
    "C6": "one transform of 1,000,000 events of 128x128 in 6 s; one thread",
    "C7": "LIF alone on [100, 32, 4096]; gradient of the input",
    "C8": "from recordings to batches: frames into a cache, out of it, padding, an epoch of N-MNIST",
    "C9": "the MNIST network of sinabs, converted: 100 images as spikes, 32 steps; forward alone",
}
EAGER = ["snntorch-layers", "norse", "spikingjelly"]
# Left out is what takes many times as long as the next; by `--libs` it runs as well.
PEERS = {
    "C1": ["spyx-layers", "spyx", "snntorch-compiled", *EAGER, "snntorch"],
    "C2": ["snntorch", *EAGER, "sinabs", "spyx-layers", "spyx"],
    "C3": ["snntorch", *EAGER, "sinabs", "spyx-layers", "spyx"],
    "C4": ["spyx-layers", "sinabs", "norse", "snntorch"],
    "C5": ["spyx-layers", "sinabs", "norse", "snntorch"],
    "C6": ["tonic"],
    "C7": ["spyx", "snntorch-compiled", *EAGER],
    "C8": ["tonic"],
    "C9": ["sinabs"],
}
# What a case does, in place of sizes, and with which files.
WORKS = {
    "C6": (RECORDING, ["denoise", "refractory", "hot-pixels", "time-bins", "event-count", "windows",
                       "windows-sparse", "voxel-grid", "time-surface"]),
    "C8": (DATA, ["pipeline", "hit", "pad", "epoch"]),
    "C9": (DATA, ["spikes", "synops"]),
}
ACTIVE = ["C2", "C3"]
ACTIVITIES = [0.01, 0.05, 0.2]


def environment(kind):
    """The Python of an environment with the pinned packages."""
    directory, pinned = CACHE / kind, (HERE / f"requirements-{kind}.txt").read_text()
    python, done = directory / "bin" / "python", directory / "pinned.txt"
    if not done.exists() or done.read_text() != pinned:
        print(f"installing {', '.join(pinned.split())} under {directory}", file=sys.stderr)
        venv.create(directory, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *pinned.split()], check=True)
        done.write_text(pinned)
    return python


def build():
    """Our program."""
    command = ["cargo", "bench", "--workspace", "--bench", "peers", "--no-run", "--message-format=json"]
    lines = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    messages = [json.loads(line) for line in lines if line.startswith("{")]
    return next(m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == "peers")


def run(command, options):
    cores = sorted(os.sched_getaffinity(0))[:options.threads]
    pools = ("RAYON", "OMP", "MKL", "OPENBLAS")
    threads = {f"{pool}_NUM_THREADS": str(options.threads) for pool in pools}
    done = subprocess.run(
        [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | threads | {"JAX_PLATFORMS": "cpu"}, preexec_fn=lambda: os.sched_setaffinity(0, cores))
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def measure(lib, case, size, options, activity=None):
    if lib == "snn":
        command = [options.program, "--case", case, "--json", "--runs", options.runs, "--budget", options.budget]
        if case in WORKS:
            command += ["--work", size, "--files", WORKS[case][0]]
        elif size:
            command += ["--size", size]
        return run(command + (["--activity", activity] if activity else []), options)
    python = environment({"spyx": "jax", "tonic": "tonic"}.get(lib.split("-")[0], "torch"))
    limits = [options.threads, options.runs, options.budget]
    size = f"{size}={WORKS[case][0]}" if case in WORKS else size or 0
    return run([python, HERE / "measure.py", lib, case, size, *limits], options)


def best(results):
    """One result of several: the best of each number."""
    laps = results[0]["ms"]
    return results[0] | {
        "ms": {name: min(r["ms"][name]["min"] for r in results) for name in laps},
        "median_ms": min(r["ms"]["total"]["median"] for r in results),
        "cpu_ms": min(r["cpu_ms"] for r in results),
        "mb": min(r["mb"] for r in results),
    }


def attempt(lib, case, size, options, activity=None):
    """A list of one result, or of none."""
    try:
        return [measure(lib, case, size, options, activity)]
    except RuntimeError as error:
        print(f"{case}: {error}", file=sys.stderr)
        return []


def compare(case, size, options):
    """What was measured, or nothing, where there is nothing to compare."""
    peers = [lib for lib in (options.libs or PEERS[case])]
    runs = {lib: [] for lib in ["snn", *peers]}
    for turn in range(options.rounds):
        for peer in peers:
            # One round of what takes long is enough.
            if turn and runs[peer] and runs[peer][0]["ms"]["total"]["min"] > 1e3 * options.budget / 3:
                continue
            # In C6 the peer makes the recording.
            for lib in (peer, "snn") if case == "C6" else ("snn", peer):
                runs[lib] += attempt(lib, case, size, options)
    row = {"case": case, "size": size, "cpu": options.cpu, "threads": options.threads}
    row["load"] = round(os.getloadavg()[0], 1)
    row["libs"] = {lib: best(results) for lib, results in runs.items() if results}
    if "snn" not in row["libs"] or len(row["libs"]) == 1:
        return None
    if case in ACTIVE:
        results = [attempt("snn", case, size, options, rate) for rate in ACTIVITIES]
        if not all(results):
            return None
        row["active"] = [best(result) for result in results]
    return row


def merged(row, kept):
    """The row with those libraries of the kept one that were not measured again, if they were in the same way."""
    same = [old for old in kept if all(old[key] == row[key] for key in ("case", "size", "cpu", "threads"))]
    return row | {"libs": same[0]["libs"] | row["libs"]} if same else row


def time(lib, row):
    return lib["cpu_ms"] if row["cpu"] else lib["ms"]["total"]


def ratio(row):
    ours = row["libs"]["snn"]
    peers = [lib for lib in row["libs"].values() if lib is not ours]
    fastest = min(peers, key=lambda peer: time(peer, row))
    leanest = min(peers, key=lambda peer: peer["mb"])
    eager = [p for p in peers if not p["lib"].startswith(("spyx", "tonic")) and not p["lib"].endswith("compiled")]
    line = {
        "case": row["case"], "size": row["size"], "ours_ms": time(ours, row),
        "peer": fastest["lib"], "peer_ms": time(fastest, row),
        "time_ratio": time(fastest, row) / time(ours, row),
        "ours_mb": ours["mb"], "peer_mb": leanest["mb"], "leanest": leanest["lib"],
        "memory_ratio": leanest["mb"] / ours["mb"],
        "cpu": row["cpu"], "threads": row["threads"], "load": row["load"],
    }
    if eager:
        eager = min(eager, key=lambda peer: time(peer, row))
        line |= {"eager": eager["lib"], "eager_ms": time(eager, row)}
        line["eager_ratio"] = line["eager_ms"] / line["ours_ms"]
    return {key: round(value, 3) if isinstance(value, float) else value for key, value in line.items()}


def name(row):
    size = row["size"]
    return row["case"] + (f", {size}" if isinstance(size, str) else f", N = {size}" if size else "")


def number(x):
    return f"{x:.3g}" if x < 100 else f"{x:.0f}"


def table(head, rows):
    for row in [head, ["---"] * len(head), *rows]:
        print("| " + " | ".join(number(cell) if isinstance(cell, float) else str(cell) for cell in row) + " |")
    print()


def markdown(rows):
    lines = [(row, ratio(row)) for row in rows]
    table(["case", "ours, ms", "fastest, ms", "ratio", "fastest eager PyTorch, ms", "ratio",
           "ours, MB", "leanest, MB", "ratio"],
          [[name(row), r["ours_ms"], f"{r['peer']} {number(r['peer_ms'])}", r["time_ratio"],
            f"{r['eager']} {number(r['eager_ms'])}" if "eager" in r else "", r.get("eager_ratio", ""),
            r["ours_mb"], f"{r['leanest']} {number(r['peer_mb'])}", r["memory_ratio"]] for row, r in lines])
    active = [(row, one) for row in rows for one in row.get("active", [])]
    if active:
        table(["case", "neurons that spike at a step", "ours, ms", "MB"],
              [[row["case"], f"{100 * one['activity']:.0f} %", time(one, row), one["mb"]] for row, one in active])
    for row in rows:
        kind = "processor time" if row["cpu"] else "best iteration"
        print(f"### {name(row)}\n\n{TITLES[row['case']]}.")
        print(f"Threads: {row['threads']}. Ordered by {kind}. Load: {row['load']}.\n")
        libs = sorted(row["libs"].values(), key=lambda lib: time(lib, row))
        table(["library", "forward, best ms", "all, best ms", "median ms", "processors, ms", "MB"],
              [[lib["lib"], lib["ms"]["forward"], lib["ms"]["total"], lib["median_ms"], lib["cpu_ms"], lib["mb"]]
               for lib in libs])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(TITLES))
    parser.add_argument("--quick", action="store_true", help="one round of few iterations")
    parser.add_argument("--libs", type=lambda names: names.split(","), help="libraries to compare with")
    parser.add_argument("--sizes", type=lambda sizes: [int(n) for n in sizes.split(",")],
                        default=[256, 512, 1024], help="neurons of C1")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--cpu", action="store_true", help="compare processor time, not wall time")
    parser.add_argument("--markdown", action="store_true", help="print what was measured before")
    options = parser.parse_args()
    cases = options.cases or list(TITLES)
    if unknown := [case for case in cases if case not in TITLES]:
        parser.error(f"no case {', '.join(unknown)}; there are {', '.join(TITLES)}")
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    if options.markdown:
        markdown([row for row in kept if row["case"] in cases])
        return 0
    options.rounds, options.runs, options.budget = (1, 20, 1) if options.quick else (2, 100, 3)
    options.program = build()
    failed = False
    for case in cases:
        sizes = {"C1": options.sizes} | {case: works for case, (_, works) in WORKS.items()}
        for size in sizes.get(case, [None]):
            row = compare(case, size, options)
            if row is None:
                print(f"{case}, {size}: left out" if size else f"{case}: left out", file=sys.stderr)
                failed = True
                continue
            others = [old for old in kept if (old["case"], old["size"]) != (case, size)]
            kept = [*others, merged(row, kept)]
            kept.sort(key=lambda row: (row["case"], str(row["size"] or 0).zfill(9)))
            RESULTS.parent.mkdir(parents=True, exist_ok=True)
            RESULTS.write_text(json.dumps(kept, indent=1))
            print("ratio:", json.dumps(ratio(row)), flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
