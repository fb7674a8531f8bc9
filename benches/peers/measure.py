"""Times one library on one case: python measure.py LIBRARY CASE SIZE THREADS RUNS BUDGET; one line of JSON.

Milliseconds of an iteration after two that do not count, the mean time of all its processors, and the
peak memory above what the process had after its imports.
"""
import importlib
import json
import statistics
import sys
import time


def memory(name):
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith(name)).split()[1]) / 1024


def main(lib, case, size, threads, runs, budget):
    name = {"spyx": "with_jax", "tonic": "with_tonic"}.get(lib.split("-")[0], "with_torch")
    name = {"C8": "with_dataloader", "C9": "with_sinabs"}.get(case, name)
    module = importlib.import_module(name)
    first = lib.split("-")[0]
    importlib.import_module({"norse": "norse.torch", "spikingjelly": "spikingjelly.activation_based.neuron",
                             "sinabs": "sinabs.layers"}.get(first, first))
    before = memory("VmRSS")
    if case in ("C8", "C9"):
        iteration = module.prepare(*size.split("="), threads)
    elif lib == "tonic":
        iteration = module.prepare(*size.split("="))
    else:
        iteration = module.prepare(lib, case, int(size), threads)
    laps, since = {}, [0.0, 0.0]

    def lap(name):
        now = time.perf_counter(), time.process_time()
        if name:
            laps.setdefault(name, []).append([1e3 * (end - start) for start, end in zip(since, now)])
        since[:] = time.perf_counter(), time.process_time()

    started = time.perf_counter()
    for _ in range(2):
        iteration(lap)
        if time.perf_counter() - started > 4 * budget:
            break
    laps.clear()
    started, done = time.perf_counter(), 0
    while done < runs and (done < 2 or time.perf_counter() - started < budget):
        iteration(lap)
        done += 1
    if "total" not in laps:
        laps["total"] = [[sum(kind) for kind in zip(*one)] for one in zip(*laps.values())]
    wall = {name: [lap[0] for lap in times] for name, times in laps.items()}
    ms = {name: {"median": statistics.median(w), "min": min(w), "max": max(w)} for name, w in wall.items()}
    cpu = statistics.mean(lap[1] for lap in laps["total"])
    peak = memory("VmHWM")
    print(json.dumps({"lib": lib, "case": case, "size": size, "ms": ms, "cpu_ms": cpu,
                      "mb": peak - before, "base_mb": before}))


if __name__ == "__main__":
    lib, case, size, threads, runs, budget = sys.argv[1:]
    main(lib, case, size, int(threads), int(runs), float(budget))
