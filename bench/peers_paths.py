"""NumPy and QuantLib on the task of crates/actuary/benches/paths.rs, and that benchmark, in one run:

    python3 bench/peers_paths.py

100,000 paths of 20 assets over 30 daily steps: correlated normals, double-exponential jumps (12 a year and asset), a common
crash (4 a year, generalised Pareto size), closes at the end of each step. The peers are installed from PyPI into a
temporary environment. Prints the best of three in seconds (QuantLib: one run of a tenth, times ten) and the mean of the
basket at the horizon, which is 1 within its standard error.

NumPy makes paths in blocks, which is faster here than all at once (480 MB of prices); its elementwise functions use one
thread, its matrix product may use all. QuantLib has no jump diffusion of several assets: its correlated Gaussian
paths (pseudo-random, one thread) are timed alone, without jumps and crash.
"""

import os
import subprocess
import sys
import tempfile
import time
import venv

ASSETS, PATHS, STEPS, BLOCK = 20, 100_000, 30, 1000
HORIZON = 30 / 365
INTENSITY, P_UP, ETA_UP, ETA_DOWN = 12.0, 0.4, 25.0, 20.0
CRASHES, FLOOR, SHAPE, SCALE = 4.0, 0.03, 0.2, 0.05


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = os.path.join(folder, "bin", "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", "numpy", "QuantLib"], check=True)
        subprocess.run([python, os.path.abspath(__file__), "peers"], check=True)
    subprocess.run(["cargo", "bench", "-p", "seawall-actuary", "--bench", "paths"], check=True, cwd=root)


def compensator(np, loading):
    jump = P_UP * ETA_UP / (ETA_UP - 1) + (1 - P_UP) * ETA_DOWN / (ETA_DOWN + 1) - 1
    w = np.linspace(0, 40, 40_001)
    sizes = FLOOR + SCALE * np.expm1(SHAPE * w) / SHAPE
    crash = np.trapezoid(np.exp(-w - loading[:, None] * sizes), w, axis=1) - 1
    return INTENSITY * jump + CRASHES * crash


def numpy_basket(np, random):
    volatility = 0.4 + 0.03 * np.arange(ASSETS)
    loading = 0.6 + 0.04 * np.arange(ASSETS)
    factor = np.linalg.cholesky(np.full((ASSETS, ASSETS), 0.6) + 0.4 * np.eye(ASSETS)) * volatility[:, None]
    dt = HORIZON / STEPS
    drift = (-0.5 * volatility**2 - compensator(np, loading)) * dt
    total = 0.0
    for _ in range(PATHS // BLOCK):
        increments = random.standard_normal((BLOCK, STEPS, ASSETS)) @ factor.T * np.sqrt(dt) + drift
        count = random.poisson(INTENSITY * HORIZON * BLOCK * ASSETS)
        up = random.random(count) < P_UP
        size = np.where(up, random.exponential(1 / ETA_UP, count), -random.exponential(1 / ETA_DOWN, count))
        cell = random.integers(0, BLOCK * STEPS, count) * ASSETS + random.integers(0, ASSETS, count)
        np.add.at(increments.reshape(-1), cell, size)
        count = random.poisson(CRASHES * HORIZON * BLOCK)
        size = FLOOR + SCALE * np.expm1(SHAPE * random.exponential(1, count)) / SHAPE
        path, step = random.integers(0, BLOCK, count), random.integers(0, STEPS, count)
        np.subtract.at(increments, (path, step), size[:, None] * loading)
        prices = np.exp(np.cumsum(increments, axis=1))
        total += prices[:, -1].sum()
    return total / (PATHS * ASSETS)


def quantlib_basket(ql, paths):
    today = ql.Date(1, 1, 2024)
    curve = ql.YieldTermStructureHandle(ql.FlatForward(today, 0.0, ql.Actual365Fixed()))
    processes, correlation = [], ql.Matrix(ASSETS, ASSETS, 0.6)
    for asset in range(ASSETS):
        volatility = ql.BlackConstantVol(today, ql.NullCalendar(), 0.4 + 0.03 * asset, ql.Actual365Fixed())
        spot = ql.QuoteHandle(ql.SimpleQuote(1.0))
        handle = ql.BlackVolTermStructureHandle(volatility)
        processes.append(ql.BlackScholesMertonProcess(spot, curve, curve, handle))
        correlation[asset][asset] = 1.0
    process = ql.StochasticProcessArray(processes, correlation)
    times = [HORIZON * step / STEPS for step in range(STEPS + 1)]
    uniforms = ql.UniformRandomSequenceGenerator(ASSETS * STEPS, ql.UniformRandomGenerator(1))
    generator = ql.GaussianMultiPathGenerator(process, times, ql.GaussianRandomSequenceGenerator(uniforms), False)
    total = 0.0
    for _ in range(paths):
        path = generator.next().value()
        total += sum(path[asset].back() for asset in range(ASSETS))
    return total / (paths * ASSETS)


def timed(run):
    start = time.perf_counter()
    mean = run()
    return time.perf_counter() - start, mean


def peers():
    import numpy as np
    import QuantLib as ql

    seconds, mean = min(timed(lambda: numpy_basket(np, np.random.Generator(np.random.Philox(s)))) for s in range(3))
    print(f"NumPy {np.__version__}: {seconds:.3f} s (mean of the basket {mean:.6f})")
    seconds, mean = timed(lambda: quantlib_basket(ql, PATHS // 10))
    print(f"QuantLib {ql.__version__}, diffusion alone: {10 * seconds:.1f} s (mean of the basket {mean:.6f})", flush=True)


peers() if sys.argv[1:] == ["peers"] else main()
