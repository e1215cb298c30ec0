//! One simulated price path: a sequence of intervals shared by all assets.
//!
//! Within an interval every asset diffuses; at its end any asset may jump. Intervals end at the regular steps
//! and at every jump time of any asset, so jump times are exact. Prices are relative to the price at time 0.

/// A path of all assets. Buffers are reused from path to path; nothing is allocated per interval.
///
/// Shapes: `time` has one entry an interval (its end, in years from now); `low`, `close` and `after` have one
/// entry an interval and asset, row-major by interval.
#[derive(Clone, Debug, Default)]
pub struct PricePath {
    /// Number of assets (columns).
    pub assets: usize,
    /// End of each interval, in years from now, strictly rising.
    pub time: Vec<f64>,
    /// Lowest price of the diffusion within the interval (Brownian-bridge minimum), relative to time 0.
    pub low: Vec<f64>,
    /// Price at the end of the interval, before any jump at that moment.
    pub close: Vec<f64>,
    /// Price right after the jump at the end of the interval; equal to `close` where the asset did not jump.
    pub after: Vec<f64>,
    /// Whether the interval lies in the stressed regime (depth shrinks, delay grows).
    pub stressed: Vec<bool>,
}

impl PricePath {
    /// Number of intervals.
    #[must_use]
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// True when the path has no interval.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }
}
