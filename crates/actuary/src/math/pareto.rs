//! The generalised Pareto distribution of excesses over a threshold, and its fit by maximum likelihood.

/// Excess x >= 0 with survival (1 + shape x / scale)^(-1/shape); exponential when the shape is 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GeneralisedPareto {
    /// Tail index; 0 is exponential, larger is heavier. The mean is infinite from 1 on.
    pub shape: f64,
    /// Scale, in the unit of the excess.
    pub scale: f64,
}

impl GeneralisedPareto {
    /// Probability that the excess is larger than `x`.
    #[must_use]
    pub fn survival(&self, x: f64) -> f64 {
        if self.shape == 0.0 {
            return libm::exp(-x / self.scale);
        }
        let base = 1.0 + self.shape * x / self.scale;
        if base <= 0.0 { 0.0 } else { libm::exp(-libm::log(base) / self.shape) }
    }

    /// The excess at which an exponential variable of mean 1 would stand at `exponential`: the way to sample.
    #[must_use]
    pub fn at(&self, exponential: f64) -> f64 {
        if self.shape == 0.0 {
            self.scale * exponential
        } else {
            self.scale * libm::expm1(self.shape * exponential) / self.shape
        }
    }

    /// Logarithm of the likelihood of the excesses.
    #[must_use]
    pub fn log_likelihood(&self, excesses: &[f64]) -> f64 {
        let n = excesses.len() as f64;
        if self.shape == 0.0 {
            return -n * libm::log(self.scale) - excesses.iter().sum::<f64>() / self.scale;
        }
        let logs: f64 = excesses.iter().map(|x| libm::log(1.0 + self.shape * x / self.scale)).sum();
        -n * libm::log(self.scale) - (1.0 + 1.0 / self.shape) * logs
    }

    /// Maximum likelihood over positive shapes, or the exponential fit where that is better (Grimshaw 1993: the
    /// likelihood is profiled over shape/scale, which leaves one dimension). `None` without a positive excess.
    #[must_use]
    pub fn fit(excesses: &[f64]) -> Option<Self> {
        let n = excesses.len() as f64;
        let mean = excesses.iter().sum::<f64>() / n;
        if excesses.is_empty() || !mean.is_finite() || mean <= 0.0 || excesses.iter().any(|x| *x < 0.0) {
            return None;
        }
        let at = |log_ratio: f64| {
            let ratio = libm::exp(log_ratio);
            let shape = excesses.iter().map(|x| libm::log1p(ratio * x)).sum::<f64>() / n;
            Self { shape, scale: shape / ratio }
        };
        let value = |log_ratio: f64| at(log_ratio).log_likelihood(excesses);
        // A coarse search for the best cell, then golden sections inside it.
        let (low, high, cells) = (libm::log(1e-4 / mean), libm::log(1e3 / mean), 160);
        let width = (high - low) / f64::from(cells);
        let best = (0..=cells)
            .map(|cell| low + width * f64::from(cell))
            .max_by(|a, b| value(*a).total_cmp(&value(*b)))?;
        let (mut a, mut b) = (best - width, best + width);
        let section = 0.618_033_988_749_894_9;
        for _ in 0..80 {
            let (x, y) = (b - section * (b - a), a + section * (b - a));
            if value(x) < value(y) { a = x } else { b = y }
        }
        let exponential = Self { shape: 0.0, scale: mean };
        let pareto = at(0.5 * (a + b));
        let better = pareto.log_likelihood(excesses) > exponential.log_likelihood(excesses);
        Some(if better { pareto } else { exponential })
    }
}
