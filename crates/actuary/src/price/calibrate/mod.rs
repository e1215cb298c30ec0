//! Calibration of the price model to a history of closes.
//!
//! In order: log returns over adjacent rows; spells of stress from rolling bipower volatility; residuals
//! standardised to the calm state; a threshold of several bipower deviations; rows beyond it in which many assets
//! fall together are common crashes, the rest are own jumps; what is left gives the diffusion's volatility and
//! correlation. Drift is not fitted: over any usable history its standard error exceeds it, so the model is
//! driftless. All parameters are those of the calm state.
//!
//! The law of own jumps is a choice ([`Law`]): the double exponential by default, for its likelihood and its closed forms.
//! Without jumps there is no tail at all. Normal jumps are not ruled out by it: on thirteen majors, 2019 to 2026, Akaike's
//! criterion prefers Kou for eleven and Merton for two, and of the falls seen in the tail Kou expects 0.66 to 1.85 times
//! as many and Merton 0.79 to 2.24. The report compares the three on the same returns. Pegged assets are calibrated by
//! themselves ([`calibrate_peg`]).
//!
//! Standard errors are those of independent observations: where returns cluster, the truth is wider.
//!
//! Which way it errs: hourly jumps cluster within hours, the model's are independent given the state, so
//! probabilities of several jumps within a day are understated; merging the rows of one crash into one jump
//! overstates how fast that crash comes. Upward moves that assets share are fitted as own jumps and thus
//! independent. Held-out windows are usually crashes: what remains understates the tail unless its fitted shape
//! is heavy.

mod crash;
mod figures;
mod fit;
mod law;
mod merton;
mod own;
mod peg;
mod report;
mod returns;
mod spells;

use thiserror::Error;

pub use crate::math::Estimate;
pub use crash::{CrashEvent, CrashFit, CrashTail};
pub use figures::Figure;
pub(super) use figures::Figures;
pub use fit::calibrate;
pub(super) use fit::checked_returns;
pub use law::{Law, LawComparison, LawFit};
pub use merton::{MertonFit, MertonMethod};
pub use own::JumpFit;
pub use peg::{
    PegEvent, PegFit, PegLevel, PegOptions, PegPrior, PegReport, PegSide, PegSource, calibrate_peg,
};
pub use report::{AssetReport, CorrelationReport, FitReport};
pub use returns::{RejectReason, RejectedClose};
pub use spells::StressOptions;

use super::correlation::Repaired;
use super::history::HistoryError;
use super::jumps::KouJumps;
use super::parameters::{AssetModel, JumpDiffusion, MertonDiffusion, ModelParameters};
use super::regime::{Multipliers, Regime, Start};

/// Where the distribution of jump sizes begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JumpFloor {
    /// At the threshold: jumps of the model are those that were seen. What is smaller belongs to the diffusion.
    #[default]
    AtThreshold,
    /// At zero, Kou's own model: the exponential is extended below the threshold, which adds many small jumps.
    /// For histories that really follow it; on market data the number of jumps added is an extrapolation.
    AtZero,
}

/// Days after which the weight of a row in the correlation has halved, unless said otherwise: the term of a policy. The
/// effective number of hourly rows is then about 6,200 (2 / ln 2 of a half-life), the error of a correlation about 1 %.
pub const HALF_LIFE_DAYS: f64 = 90.0;

/// How the correlation of the diffusions is estimated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CorrelationMethod {
    /// All rows alike.
    FullSample,
    /// Exponentially falling weights into the past: correlations drift, and cover looks ahead.
    Ewma {
        /// Days after which a weight has halved.
        half_life_days: f64,
    },
}

impl Default for CorrelationMethod {
    fn default() -> Self {
        Self::Ewma { half_life_days: HALF_LIFE_DAYS }
    }
}

/// Choices of a calibration. The defaults suit hourly closes of liquid assets.
#[derive(Clone, Debug, PartialEq)]
pub struct CalibrationOptions {
    /// Law of the assets' own jumps.
    pub law: Law,
    /// Windows [from, to) in Unix seconds whose rows are not used.
    pub hold_out: Vec<(u64, u64)>,
    /// A return beyond this many (bipower, calm) standard deviations of a row is a jump.
    pub jump_threshold: f64,
    /// Share of the observed assets (and at least two) that must jump down in a row to make it a common crash.
    pub crash_share: f64,
    /// Crash rows at most this many rows apart are one crash; 0 keeps every row for itself.
    pub crash_run: usize,
    /// Distribution of crash sizes.
    pub crash_tail: CrashTail,
    /// Where jump sizes begin.
    pub jump_floor: JumpFloor,
    /// Correlation.
    pub correlation: CorrelationMethod,
    /// How stress is recognised; `None` for a model without it.
    pub stress: Option<StressOptions>,
    /// Fewest returns an asset must have.
    pub returns_min: usize,
    /// A move of the log price beyond this which the next row takes back is a bad print, not a price.
    pub spike_limit: f64,
}

impl Default for CalibrationOptions {
    fn default() -> Self {
        Self {
            law: Law::default(),
            hold_out: Vec::new(),
            jump_threshold: 5.0,
            crash_share: 0.5,
            crash_run: 24,
            crash_tail: CrashTail::default(),
            jump_floor: JumpFloor::default(),
            correlation: CorrelationMethod::default(),
            stress: Some(StressOptions::default()),
            returns_min: 1440,
            spike_limit: 0.5,
        }
    }
}

/// Why a calibration is refused.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum CalibrationError {
    /// The history does not pass its checks, or lacks an asset.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// No asset was asked for.
    #[error("no asset to calibrate")]
    NoAssets,
    /// An asset was asked for twice.
    #[error("asset {asset} is asked for more than once")]
    DuplicateAsset {
        /// The asset.
        asset: String,
    },
    /// Too few returns between adjacent rows.
    #[error("{asset} has {returns} usable returns: at least {needed} are needed")]
    TooShort {
        /// The asset.
        asset: String,
        /// Returns left after gaps and held-out windows.
        returns: usize,
        /// Returns needed.
        needed: usize,
    },
    /// A held-out window is empty or lies outside the history.
    #[error("the held-out window [{from}, {to}) is empty or outside the history [{start}, {end})")]
    WindowOutOfRange {
        /// Unix seconds of its begin.
        from: u64,
        /// Unix seconds of its end.
        to: u64,
        /// Begin of the history.
        start: u64,
        /// End of the history.
        end: u64,
    },
    /// The price never moves on two rows running: there is no volatility to measure jumps by.
    #[error("{asset} hardly moves: its bipower volatility is zero (a pegged asset is modelled as a peg)")]
    NoMovement {
        /// The asset.
        asset: String,
    },
    /// An option is outside its range.
    #[error("option {name} is {value}: it must be {range}")]
    OptionOutOfRange {
        /// The option.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
}

/// One asset as fitted, in the calm state.
#[derive(Clone, Debug, PartialEq)]
pub struct AssetFit {
    /// The asset.
    pub asset: String,
    /// Annual volatility of the diffusion, under the chosen law.
    pub volatility: Estimate,
    /// Its own jumps as double exponentials.
    pub jumps: JumpFit,
    /// Its own jumps as normals.
    pub merton: MertonFit,
    /// Annual volatility with its own jumps (not common crashes) in it: that of a Brownian motion.
    pub brownian: Estimate,
    /// How well the laws describe it.
    pub comparison: LawComparison,
    /// Fall for each unit of a common crash; averages 1 over the assets. 0 without common crashes.
    pub crash_loading: Estimate,
}

/// Calm and stress as fitted. Sizes of jumps and crashes grow with volatility, since residuals are standardised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegimeFit {
    /// Switches a year from calm to stress.
    pub to_stress: Estimate,
    /// Switches a year from stress to calm.
    pub to_calm: Estimate,
    /// Multiplier of volatility and of all sizes.
    pub volatility: Estimate,
    /// Multiplier of the intensity of own jumps.
    pub jump_intensity: Estimate,
    /// Multiplier of the intensity of common crashes.
    pub crash_intensity: Estimate,
}

/// A calibrated model.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// Law of own jumps that [`Calibration::parameters`] follows.
    pub law: Law,
    /// Where jump sizes begin.
    pub jump_floor: JumpFloor,
    /// The assets, in the order asked for.
    pub assets: Vec<AssetFit>,
    /// Correlation of the diffusions, repaired.
    pub correlation: Repaired,
    /// Standard error of each correlation (before repair).
    pub correlation_error: Vec<Vec<f64>>,
    /// The common crash; `None` with one asset or fewer than three crashes.
    pub crash: Option<CrashFit>,
    /// Calm and stress; `None` if not asked for or not found.
    pub regime: Option<RegimeFit>,
    /// What was seen and left out.
    pub report: FitReport,
}

impl Calibration {
    /// The parameters of a driftless model that starts in the stationary state.
    #[must_use]
    pub fn parameters(&self) -> ModelParameters {
        let model = |fit: &AssetFit| {
            let (volatility, crash_loading) = (fit.volatility.value, fit.crash_loading.value);
            let growth = 0.0;
            let jumps = match self.law {
                Law::Brownian => KouJumps::NONE,
                Law::Kou => fit.jumps.parameters(),
                Law::Merton => {
                    let jumps = fit.merton.parameters();
                    let dynamics = MertonDiffusion { volatility, growth, jumps, crash_loading };
                    return AssetModel::merton(&fit.asset, dynamics);
                }
            };
            AssetModel::jump_diffusion(&fit.asset, JumpDiffusion { volatility, growth, jumps, crash_loading })
        };
        let regime = self.regime.map(|fit| Regime {
            to_stress: fit.to_stress.value,
            to_calm: fit.to_calm.value,
            stress: Multipliers {
                volatility: fit.volatility.value,
                jump_intensity: fit.jump_intensity.value,
                jump_size: fit.volatility.value,
                crash_intensity: fit.crash_intensity.value,
                crash_size: fit.volatility.value,
            },
            start: Start::Stationary,
        });
        ModelParameters {
            assets: self.assets.iter().map(model).collect(),
            correlation: self.correlation.matrix.clone(),
            crash: self.crash.map(|fit| fit.parameters()),
            regime,
            pairs: Vec::new(),
        }
    }

    /// The same with pegged assets after the others.
    #[must_use]
    pub fn parameters_with(&self, pegs: &[PegFit]) -> ModelParameters {
        let mut parameters = self.parameters();
        parameters.assets.extend(pegs.iter().map(|peg| AssetModel::peg(&peg.asset, peg.parameters())));
        parameters
    }
}
