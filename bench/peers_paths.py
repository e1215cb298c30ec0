"""NumPy on the task of crates/actuary/benches/paths.rs: 100,000 paths of 20 assets over 30 daily steps, correlated
normals, double-exponential jumps (12 a year and asset) and a common crash (4 a year, generalised Pareto size).

    python3 -m venv .venv && .venv/bin/pip install numpy && .venv/bin/python bench/peers_paths.py

Prints the best of three, in seconds, for closes at the end of each step, and the mean of the basket at the horizon,
which is 1 within its standard error. NumPy's elementwise functions use one thread; its matrix product may use all.
Paths are made in blocks, which is faster here than all at once (480 MB of prices).
"""

import time

import numpy as np

ASSETS, PATHS, STEPS, BLOCK = 20, 100_000, 30, 1000
HORIZON = 30 / 365
INTENSITY, P_UP, ETA_UP, ETA_DOWN = 12.0, 0.4, 25.0, 20.0
CRASHES, FLOOR, SHAPE, SCALE = 4.0, 0.03, 0.2, 0.05

volatility = 0.4 + 0.03 * np.arange(ASSETS)
loading = 0.6 + 0.04 * np.arange(ASSETS)
factor = np.linalg.cholesky(np.full((ASSETS, ASSETS), 0.6) + 0.4 * np.eye(ASSETS)) * volatility[:, None]


def compensator():
    jump = P_UP * ETA_UP / (ETA_UP - 1) + (1 - P_UP) * ETA_DOWN / (ETA_DOWN + 1) - 1
    w = np.linspace(0, 40, 40_001)
    sizes = FLOOR + SCALE * np.expm1(SHAPE * w) / SHAPE
    crash = np.trapezoid(np.exp(-w - loading[:, None] * sizes), w, axis=1) - 1
    return INTENSITY * jump + CRASHES * crash


drift = (-0.5 * volatility**2 - compensator()) * HORIZON / STEPS


def basket(random):
    total = 0.0
    dt = HORIZON / STEPS
    for _ in range(PATHS // BLOCK):
        increments = random.standard_normal((BLOCK, STEPS, ASSETS)) @ factor.T * np.sqrt(dt) + drift
        count = random.poisson(INTENSITY * HORIZON * BLOCK * ASSETS)
        up = random.random(count) < P_UP
        size = np.where(up, random.exponential(1 / ETA_UP, count), -random.exponential(1 / ETA_DOWN, count))
        cell = random.integers(0, increments.size, count)
        np.add.at(increments.reshape(-1), cell, size)
        count = random.poisson(CRASHES * HORIZON * BLOCK)
        size = FLOOR + SCALE * np.expm1(SHAPE * random.exponential(1, count)) / SHAPE
        path, step = random.integers(0, BLOCK, count), random.integers(0, STEPS, count)
        np.subtract.at(increments, (path, step), size[:, None] * loading)
        prices = np.exp(np.cumsum(increments, axis=1))
        total += prices[:, -1].sum()
    return total / (PATHS * ASSETS)


best = float("inf")
for seed in range(3):
    start = time.perf_counter()
    mean = basket(np.random.Generator(np.random.Philox(seed)))
    best = min(best, time.perf_counter() - start)
    print(f"mean of the basket {mean:.6f}")
print(f"numpy {np.__version__}: {best:.3f} s")
