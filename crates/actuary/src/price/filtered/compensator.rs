//! What keeps a resampled row driftless.

use crate::math::elementary;

/// Log of the mean of e^(deviation z) over the residuals z, divided by the variance: tabulated, since it is needed in
/// every row.
#[derive(Clone, Debug)]
pub(super) struct Compensator {
    /// Cells a unit of deviation.
    scale: f64,
    values: Vec<f64>,
}

impl Compensator {
    const CELLS: usize = 256;

    pub fn new(residuals: impl Iterator<Item = f64> + Clone, highest: f64) -> Self {
        let n = residuals.clone().count() as f64;
        let value = |cell: usize| {
            let deviation = highest * cell as f64 / Self::CELLS as f64;
            if cell == 0 {
                return 0.5;
            }
            let sum: f64 = residuals.clone().map(|z| elementary::exp(deviation * z)).sum();
            libm::log(sum / n) / (deviation * deviation)
        };
        Self { scale: Self::CELLS as f64 / highest, values: (0..=Self::CELLS).map(value).collect() }
    }

    pub fn at(&self, deviation: f64) -> f64 {
        let place = (deviation * self.scale).clamp(0.0, Self::CELLS as f64);
        let cell = (place as usize).min(Self::CELLS - 1);
        let share = place - cell as f64;
        self.values[cell] * (1.0 - share) + self.values[cell + 1] * share
    }
}
