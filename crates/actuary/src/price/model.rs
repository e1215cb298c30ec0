//! A checked price model, ready to simulate: loadings, drifts and compensators worked out once.

use thiserror::Error;

use super::jumps::{CommonCrash, KouJumps, MertonJumps, OwnJumps};
use super::parameters::{Dynamics, ModelParameters, Peg};
use super::regime::{Multipliers, Regime, Start};
use crate::math::eigen;

/// Why a set of parameters, or a request to simulate, is refused.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ModelError {
    /// No assets.
    #[error("the model has no assets")]
    NoAssets,
    /// A symbol occurs twice.
    #[error("asset {symbol} occurs more than once")]
    DuplicateAsset {
        /// The symbol.
        symbol: String,
    },
    /// A peg or pair names an asset that is not in the model (or, for a peg, is itself a peg).
    #[error("{user} refers to {symbol}, which is not a suitable asset of the model")]
    UnknownAsset {
        /// Who refers.
        user: String,
        /// To what.
        symbol: String,
    },
    /// A parameter is outside its range, infinite or NaN.
    #[error("{name} of {owner} is {value}: it must be {range}")]
    OutOfRange {
        /// Asset or part of the model.
        owner: String,
        /// Parameter.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// The correlation matrix has the wrong shape.
    #[error("the correlation matrix must be {expected} by {expected}, symmetric, with ones on the diagonal")]
    CorrelationShape {
        /// Number of jump diffusions.
        expected: usize,
    },
    /// The correlation matrix is not positive semidefinite.
    #[error("the correlation matrix is not positive semidefinite: repair it first")]
    CorrelationIndefinite,
}

/// One column of the path as a combination of the model's sources.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    /// Weight of each diffusion factor, annual volatility included.
    pub loads: Vec<f64>,
    /// Sum of squared weights: the annual variance in the calm state.
    pub variance: f64,
    /// Log drift a year, calm and stressed.
    pub drift: [f64; 2],
    /// Jump diffusions (by number) whose jumps move this column, with sign and crash loading.
    pub jumps: Vec<(usize, f64)>,
    /// Loading on the common crash.
    pub crash_loading: f64,
    /// Pegs (by number) whose basis moves this column, with sign.
    pub bases: Vec<(usize, f64)>,
}

/// A price model that has been checked. Cheap to share between threads; nothing in it changes.
#[derive(Clone, Debug)]
pub struct Model {
    parameters: ModelParameters,
    pub(super) columns: Vec<Column>,
    pub(super) own_jumps: Vec<OwnJumps>,
    pub(super) pegs: Vec<Peg>,
    pub(super) crash: Option<CommonCrash>,
    pub(super) regime: Option<Regime>,
    /// Probability that a path starts under stress.
    pub(super) stress_start: f64,
}

impl Model {
    /// Checks the parameters and prepares the simulation.
    ///
    /// # Errors
    /// Any parameter outside its range, unknown or duplicate symbols, a correlation that is none.
    pub fn new(parameters: ModelParameters) -> Result<Self, ModelError> {
        check_symbols(&parameters)?;
        check_regime(&parameters)?;
        let size = parameters.regime.map_or(1.0, |regime| regime.stress.jump_size.max(1.0));
        let mut own_jumps = Vec::new();
        let mut pegs = Vec::new();
        for asset in &parameters.assets {
            match &asset.dynamics {
                Dynamics::JumpDiffusion(d) => {
                    check_diffusion(&asset.symbol, d.volatility, d.growth, d.crash_loading)?;
                    check_jumps(&asset.symbol, &d.jumps, size)?;
                    own_jumps.push(OwnJumps::Kou(d.jumps));
                }
                Dynamics::Merton(d) => {
                    check_diffusion(&asset.symbol, d.volatility, d.growth, d.crash_loading)?;
                    check_merton(&asset.symbol, &d.jumps)?;
                    own_jumps.push(OwnJumps::Merton(d.jumps));
                }
                Dynamics::Peg(peg) => {
                    check_peg(&asset.symbol, peg)?;
                    pegs.push(peg.clone());
                }
            }
        }
        if let Some(crash) = &parameters.crash {
            within("the crash", "intensity", crash.intensity, 0.0, MOST, "in [0, 100000]")?;
            within("the crash", "floor", crash.floor, 0.0, 100.0, "in [0, 100]")?;
            within("the crash", "scale", crash.excess.scale, 0.0, 100.0, "in [0, 100]")?;
            within("the crash", "shape", crash.excess.shape, 0.0, 5.0, "in [0, 5]")?;
        }
        let factor = correlation_factor(&parameters.correlation, own_jumps.len())?;
        let columns = columns(&parameters, &factor, own_jumps.len());
        let (crash, regime) = (parameters.crash, parameters.regime);
        let stress_start = regime.map_or(0.0, |regime| match regime.start {
            Start::Calm => 0.0,
            Start::Stressed => 1.0,
            Start::Stationary => regime.stress_share(),
        });
        Ok(Self { parameters, columns, own_jumps, pegs, crash, regime, stress_start })
    }

    /// The parameters it was made from.
    #[must_use]
    pub fn parameters(&self) -> &ModelParameters {
        &self.parameters
    }

    /// Number of columns of a path: the assets, then the pairs.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// Column of an asset.
    #[must_use]
    pub fn column(&self, symbol: &str) -> Option<usize> {
        self.parameters.assets.iter().position(|asset| asset.symbol == symbol)
    }

    /// Column of the price of `base` in units of `quote`, if the model was given that pair.
    #[must_use]
    pub fn pair_column(&self, base: &str, quote: &str) -> Option<usize> {
        let pair = self.parameters.pairs.iter().position(|(b, q)| b == base && q == quote)?;
        Some(self.parameters.assets.len() + pair)
    }

    /// Own jumps of a jump diffusion a year, in a state.
    pub(super) fn own_intensity(&self, number: usize, stressed: bool) -> f64 {
        self.own_jumps[number].intensity() * self.multipliers(stressed).jump_intensity
    }

    /// Common crashes a year, in a state.
    pub(super) fn crash_intensity(&self, stressed: bool) -> f64 {
        self.crash.map_or(0.0, |crash| crash.intensity * self.multipliers(stressed).crash_intensity)
    }

    /// Multipliers of a state.
    pub(super) fn multipliers(&self, stressed: bool) -> Multipliers {
        match self.regime {
            Some(regime) if stressed => regime.stress,
            _ => Multipliers::ONE,
        }
    }
}

const MOST: f64 = 1e5;

fn within(
    owner: &str,
    name: &'static str,
    value: f64,
    low: f64,
    high: f64,
    range: &'static str,
) -> Result<(), ModelError> {
    if (low..=high).contains(&value) {
        Ok(())
    } else {
        Err(ModelError::OutOfRange { owner: owner.to_owned(), name, value, range })
    }
}

fn check_symbols(parameters: &ModelParameters) -> Result<(), ModelError> {
    let assets = &parameters.assets;
    if assets.is_empty() {
        return Err(ModelError::NoAssets);
    }
    for (index, asset) in assets.iter().enumerate() {
        if assets[..index].iter().any(|other| other.symbol == asset.symbol) {
            return Err(ModelError::DuplicateAsset { symbol: asset.symbol.clone() });
        }
        if let Dynamics::Peg(Peg { reference: Some(reference), .. }) = &asset.dynamics {
            let suitable = |other: &super::parameters::AssetModel| {
                other.symbol == *reference && !matches!(other.dynamics, Dynamics::Peg(_))
            };
            if !assets.iter().any(suitable) {
                let user = format!("the peg {}", asset.symbol);
                return Err(ModelError::UnknownAsset { user, symbol: reference.clone() });
            }
        }
    }
    for (base, quote) in &parameters.pairs {
        for symbol in [base, quote] {
            if !assets.iter().any(|asset| asset.symbol == *symbol) {
                let user = format!("the pair {base}/{quote}");
                return Err(ModelError::UnknownAsset { user, symbol: symbol.clone() });
            }
        }
    }
    Ok(())
}

pub(super) fn check_peg(owner: &str, peg: &Peg) -> Result<(), ModelError> {
    within(owner, "reversion", peg.reversion, 0.0, 1e6, "in [0, 1e6]")?;
    within(owner, "volatility", peg.volatility, 0.0, 100.0, "in [0, 100]")?;
    within(owner, "depeg intensity", peg.depeg_intensity, 0.0, MOST, "in [0, 100000]")?;
    within(owner, "depeg size", peg.depeg_size, 0.0, 100.0, "in [0, 100]")?;
    within(owner, "premium intensity", peg.premium_intensity, 0.0, MOST, "in [0, 100000]")?;
    within(owner, "premium size", peg.premium_size, 0.0, 100.0, "in [0, 100]")
}

fn check_diffusion(owner: &str, volatility: f64, growth: f64, crash_loading: f64) -> Result<(), ModelError> {
    within(owner, "volatility", volatility, 0.0, 100.0, "in [0, 100]")?;
    within(owner, "growth", growth, -100.0, 100.0, "in [-100, 100]")?;
    within(owner, "crash loading", crash_loading, 0.0, 100.0, "in [0, 100]")
}

fn check_merton(owner: &str, jumps: &MertonJumps) -> Result<(), ModelError> {
    within(owner, "jump intensity", jumps.intensity, 0.0, MOST, "in [0, 100000]")?;
    within(owner, "mean jump", jumps.mean, -10.0, 10.0, "in [-10, 10]")?;
    within(owner, "deviation of jumps", jumps.deviation, 0.0, 10.0, "in [0, 10]")
}

fn check_jumps(owner: &str, jumps: &KouJumps, stress_size: f64) -> Result<(), ModelError> {
    within(owner, "jump intensity", jumps.intensity, 0.0, MOST, "in [0, 100000]")?;
    within(owner, "probability of an upward jump", jumps.up_probability, 0.0, 1.0, "in [0, 1]")?;
    within(owner, "floor of upward jumps", jumps.up_floor, 0.0, 100.0, "in [0, 100]")?;
    within(owner, "floor of downward jumps", jumps.down_floor, 0.0, 100.0, "in [0, 100]")?;
    within(owner, "rate of downward jumps", jumps.down_rate, 1e-3, 1e12, "in [0.001, 1e12]")?;
    let range = "above 1 in either state (divided by the stress state's jump size), at most 1e12";
    within(owner, "rate of upward jumps", jumps.up_rate, stress_size * 1.000_001, 1e12, range)
}

fn check_regime(parameters: &ModelParameters) -> Result<(), ModelError> {
    let Some(regime) = &parameters.regime else { return Ok(()) };
    let owner = "the regime";
    let m = regime.stress;
    within(owner, "rate to stress", regime.to_stress, 0.0, MOST, "in [0, 100000]")?;
    within(owner, "rate to calm", regime.to_calm, 0.0, MOST, "in [0, 100000]")?;
    for (name, value) in [
        ("volatility multiplier", m.volatility),
        ("jump intensity multiplier", m.jump_intensity),
        ("jump size multiplier", m.jump_size),
        ("crash intensity multiplier", m.crash_intensity),
        ("crash size multiplier", m.crash_size),
    ] {
        within(owner, name, value, 0.0, 100.0, "in [0, 100]")?;
    }
    Ok(())
}

/// Cholesky factor of the correlation (row-major).
fn correlation_factor(correlation: &[Vec<f64>], n: usize) -> Result<Vec<f64>, ModelError> {
    let square = correlation.len() == n && correlation.iter().all(|row| row.len() == n);
    let proper = square
        && (0..n).all(|i| {
            (correlation[i][i] - 1.0).abs() < 1e-9
                && (0..i).all(|j| (correlation[i][j] - correlation[j][i]).abs() < 1e-9)
        });
    if !proper {
        return Err(ModelError::CorrelationShape { expected: n });
    }
    let flat: Vec<f64> = correlation.iter().flatten().copied().collect();
    eigen::cholesky(&flat, n, 1e-9).ok_or(ModelError::CorrelationIndefinite)
}

/// What the two kinds of jump diffusion have in common.
struct Diffusion {
    volatility: f64,
    growth: f64,
    jumps: OwnJumps,
    crash_loading: f64,
}

impl Diffusion {
    fn of(dynamics: &Dynamics) -> Option<Self> {
        let (volatility, growth, jumps, crash_loading) = match dynamics {
            Dynamics::JumpDiffusion(d) => (d.volatility, d.growth, OwnJumps::Kou(d.jumps), d.crash_loading),
            Dynamics::Merton(d) => (d.volatility, d.growth, OwnJumps::Merton(d.jumps), d.crash_loading),
            Dynamics::Peg(_) => return None,
        };
        Some(Self { volatility, growth, jumps, crash_loading })
    }
}

fn columns(parameters: &ModelParameters, factor: &[f64], n: usize) -> Vec<Column> {
    // Diffusions first: pegs and pairs are combinations of them.
    let mut diffusions: Vec<(&str, Column)> = Vec::new();
    for asset in &parameters.assets {
        let Some(d) = Diffusion::of(&asset.dynamics) else { continue };
        let number = diffusions.len();
        let loads: Vec<f64> = (0..n).map(|f| d.volatility * factor[number * n + f]).collect();
        let stress = parameters.regime.map_or(Multipliers::ONE, |regime| regime.stress);
        let drift = [Multipliers::ONE, stress].map(|m| {
            let crash = parameters.crash.map_or(0.0, |crash| {
                crash.intensity * m.crash_intensity * crash.expected_growth(d.crash_loading * m.crash_size)
            });
            let volatility = d.volatility * m.volatility;
            d.growth
                - 0.5 * volatility * volatility
                - d.jumps.intensity() * m.jump_intensity * d.jumps.expected_growth(m.jump_size)
                - crash
        });
        let mut column = Column { loads, drift, crash_loading: d.crash_loading, ..Column::default() };
        column.jumps.push((number, 1.0));
        diffusions.push((&asset.symbol, column));
    }
    let mut columns: Vec<Column> = Vec::new();
    let mut pegs = 0;
    let mut next_diffusion = 0;
    for asset in &parameters.assets {
        match &asset.dynamics {
            Dynamics::JumpDiffusion(_) | Dynamics::Merton(_) => {
                columns.push(diffusions[next_diffusion].1.clone());
                next_diffusion += 1;
            }
            Dynamics::Peg(peg) => {
                let reference =
                    diffusions.iter().find(|(symbol, _)| Some(*symbol) == peg.reference.as_deref());
                let mut column = reference
                    .map_or_else(|| Column { loads: vec![0.0; n], ..Column::default() }, |(_, c)| c.clone());
                column.bases.push((pegs, 1.0));
                pegs += 1;
                columns.push(column);
            }
        }
    }
    for (base, quote) in &parameters.pairs {
        let find = |symbol: &String| parameters.assets.iter().position(|asset| asset.symbol == *symbol);
        // Both exist: `check_symbols` has run.
        if let (Some(base), Some(quote)) = (find(base), find(quote)) {
            columns.push(difference(&columns[base], &columns[quote]));
        }
    }
    for column in &mut columns {
        column.variance = column.loads.iter().map(|load| load * load).sum();
    }
    columns
}

fn difference(base: &Column, quote: &Column) -> Column {
    let merge = |a: &[(usize, f64)], b: &[(usize, f64)]| -> Vec<(usize, f64)> {
        let mut all = a.to_vec();
        for (source, weight) in b {
            match all.iter_mut().find(|(other, _)| other == source) {
                Some((_, sum)) => *sum -= weight,
                None => all.push((*source, -weight)),
            }
        }
        all.retain(|(_, weight)| *weight != 0.0);
        all
    };
    Column {
        loads: base.loads.iter().zip(&quote.loads).map(|(a, b)| a - b).collect(),
        variance: 0.0,
        drift: [base.drift[0] - quote.drift[0], base.drift[1] - quote.drift[1]],
        jumps: merge(&base.jumps, &quote.jumps),
        crash_loading: base.crash_loading - quote.crash_loading,
        bases: merge(&base.bases, &quote.bases),
    }
}
