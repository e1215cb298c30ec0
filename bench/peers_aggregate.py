"""Compound distributions on 2^16 buckets: the packages `aggregate` and `GEMAct` beside ours, in one run.

    python3 bench/peers_aggregate.py

Installs both from PyPI into a temporary virtual environment, times them and `cargo bench -p seawall-actuary --bench
aggregate`, and prints a table: best of several runs, milliseconds. Task: Poisson and negative binomial counts with
mean 10, lognormal(0, 1.5) claims limited to 100, 2^16 buckets of 1/256. The peers' figures are shown with and without
what they do besides the transform (discretisation of the claim, statistics); ours is the transform with plan and
memory made once, and the discretisation beside it.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent

PEER = textwrap.dedent(
    '''
    import sys, time, warnings
    warnings.filterwarnings("ignore")
    import numpy as np

    LOG2, BUCKET, RUNS = 16, 1 / 256, 9

    def best(work, runs=RUNS):
        times = []
        for _ in range(runs):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
        return 1e3 * min(times)

    def row(name, milliseconds, mean):
        print(f"ROW|{name}|{milliseconds:.3f}|{mean:.6f}", flush=True)

    def with_aggregate():
        import aggregate
        from aggregate import build
        version = aggregate.__version__
        for name, frequency in [("Poisson", "poisson"), ("negative binomial", "mixed gamma 0.5")]:
            program = f"agg A{name[0]} 10 claims 100 xs 0 sev exp(0) * lognorm 1.5 {frequency}"
            risk = build(program, update=False)
            xs = np.arange(2 ** LOG2) * BUCKET
            for label, padding in [("padded", 1), ("unpadded", 0)]:
                # The whole update: discretisation, transform, statistics.
                work = lambda: risk.update_work(xs, padding=padding)
                time_ = best(work)
                mean = float(np.sum(risk.agg_density * risk.xs))
                row(f"aggregate {version}, {name}, {label}", time_, mean)

    def with_gemact():
        import gemact
        from gemact.lossmodel import Frequency, Severity, LossModel, PolicyStructure, Layer
        version = getattr(gemact, "__version__", "")
        for name, dist, par in [
            ("Poisson", "poisson", {"mu": 10}),
            ("negative binomial", "nbinom", {"n": 4, "p": 4 / 14}),
        ]:
            def work():
                return LossModel(
                    frequency=Frequency(dist=dist, par=par),
                    severity=Severity(dist="lognormal", par={"shape": 1.5, "scale": 1.0}),
                    policystructure=PolicyStructure(layers=Layer(cover=100, deductible=0)),
                    aggr_loss_dist_method="fft",
                    n_aggr_dist_nodes=2 ** LOG2,
                    sev_discr_method="localmoments",
                    n_sev_discr_nodes=2 ** LOG2,
                    sev_discr_step=BUCKET,
                    tilt=True,
                    tilt_value=20 / 2 ** LOG2,
                )
            time_ = best(work)
            row(f"GEMAct {version}, {name}, whole model", time_, float(work().mean()))

    for peer in (with_aggregate, with_gemact):
        try:
            peer()
        except Exception as error:
            print(f"NOTE|{peer.__name__}: {type(error).__name__}: {error}", flush=True)
    '''
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--skip-ours", action="store_true", help="time the peers only")
    skip_ours = parser.parse_args().skip_ours
    rows, notes = [], []
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = pathlib.Path(folder) / "bin" / "python"
        for package in ("aggregate", "gemact"):
            done = subprocess.run([python, "-m", "pip", "install", "--quiet", package])
            if done.returncode:
                notes.append(f"{package} could not be installed")
        script = pathlib.Path(folder) / "peer.py"
        script.write_text(PEER)
        output = subprocess.run([python, script], capture_output=True, text=True, cwd=folder).stdout
    for line in output.splitlines():
        if line.startswith("ROW|"):
            _, name, milliseconds, mean = line.split("|")
            rows.append((name, float(milliseconds), mean))
        elif line.startswith("NOTE|"):
            notes.append(line[5:])
    if not skip_ours:
        command = ["cargo", "bench", "-q", "-p", "seawall-actuary", "--bench", "aggregate"]
        output = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout
        for line in output.splitlines():
            found = re.fullmatch(r"(.*): ([0-9.]+) ms", line)
            if found:
                rows.append((f"ours: {found[1]}", float(found[2]), ""))
    print(f"{'':70} {'ms':>9} {'mean':>12}")
    for name, milliseconds, mean in rows:
        print(f"{name:70} {milliseconds:9.3f} {mean:>12}")
    for note in notes:
        print(f"not timed: {note}")


main()
