//! Pegged assets: speed of reversion, volatility and depegs of the basis from a history of the peg's price.
//!
//! The basis is the log of price over reference, less its level. Over a row it goes back by a share and is moved by
//! normal noise; a move away from par beyond the threshold is a jump: down is a depeg, up a premium, each with a rate and a size of
//! its own. A move beyond the threshold back towards par, from a basis that was far off, is a
//! recovery: it belongs to the reversion, not to the jumps. Depegs within a run of each other are one. The reversion is
//! taken from the rows that begin beyond the threshold where there are enough of them, since that of noise is faster
//! than that of a depeg.
//!
//! Closes understate depegs that are over within a row: give hourly closes where there are any.
//!
//! Sizes are exponential: their mean is the mean excess over the threshold (at least the threshold), and the rate is
//! extended below it, as for Kou jumps from zero. Each figure has its standard error; that of the reversion is robust to noise that varies.
//!
//! A peg that has not (or hardly) depegged in its history has still a price of depegging. Then nothing is taken from
//! the history alone: intensity and size are those of a stated prior that the history shifts by its weight, and the
//! result says so ([`PegSource`]).

mod fit;

pub use fit::calibrate_peg;

use super::Estimate;
use super::figures::{Figure, Figures};
use crate::price::parameters::Peg;

/// Where par is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum PegLevel {
    /// One unit of the reference (or of the quote currency).
    #[default]
    Par,
    /// The median of the history: for tokens whose exchange ratio is not 1. A ratio that grows, as that of a staking
    /// token whose rewards accrue, must be taken out of the prices before.
    Median,
}

/// What is assumed of a peg whose history has too few depegs.
///
/// The default is a judgement: one depeg in two years, of five per cent on average, half of it gone after three days, and
/// one jump above par in four years, of two per cent, as the larger dollar tokens have shown since 2018; it counts as
/// much as four years of history.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PegPrior {
    /// Depegs a year.
    pub depeg_intensity: f64,
    /// Their mean size in log price.
    pub depeg_size: f64,
    /// Jumps above par a year.
    pub premium_intensity: f64,
    /// Their mean size in log price.
    pub premium_size: f64,
    /// Fastest reversion believed without depegs to show it, a year.
    pub reversion: f64,
    /// Annual volatility of the basis, where there is no history.
    pub volatility: f64,
    /// Years of history that the intensity counts as much as.
    pub years: f64,
}

impl Default for PegPrior {
    fn default() -> Self {
        // 84 a year: a half-life of three days.
        Self {
            depeg_intensity: 0.5,
            depeg_size: 0.05,
            premium_intensity: 0.25,
            premium_size: 0.02,
            reversion: 84.0,
            volatility: 0.013,
            years: 4.0,
        }
    }
}

/// Choices of a peg's calibration. The defaults suit hourly and daily closes of dollar tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct PegOptions {
    /// Windows [from, to) in Unix seconds whose rows are not used.
    pub hold_out: Vec<(u64, u64)>,
    /// A move beyond this many deviations of a row (by the median of absolute moves) is a jump,
    pub threshold: f64,
    /// if it is at least this large in log price.
    pub depeg_min: f64,
    /// Depegs begun within this many seconds of the last row of another are part of it.
    pub run_seconds: u64,
    /// Where par is.
    pub level: PegLevel,
    /// With fewer jumps in a direction than this the prior decides it.
    pub depegs_min: usize,
    /// The prior.
    pub prior: PegPrior,
    /// Fewest moves between adjacent rows.
    pub returns_min: usize,
}

impl Default for PegOptions {
    fn default() -> Self {
        Self {
            hold_out: Vec::new(),
            threshold: 5.0,
            depeg_min: 0.005,
            run_seconds: 86_400,
            level: PegLevel::Par,
            depegs_min: 3,
            prior: PegPrior::default(),
            returns_min: 180,
        }
    }
}

/// Where depegs come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PegSource {
    /// From the history alone.
    Fitted,
    /// From a stated prior, shifted by what was seen.
    Stated {
        /// The prior.
        prior: PegPrior,
        /// Depegs seen.
        observed: usize,
        /// Years seen.
        years: f64,
        /// Upper end of the one-sided 95 % interval of depegs beyond the threshold a year from the history alone
        /// (Poisson, exact); infinite without history.
        bound95: f64,
    },
}

/// A jump of the basis away from par.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PegEvent {
    /// Unix seconds of its first row.
    pub time: u64,
    /// Jump rows in it.
    pub rows: usize,
    /// Its size in log price, above 0 in either direction: from where the basis would have been to the furthest end of its
    /// rows.
    pub size: f64,
    /// Basis furthest from par among the ends of its jump rows.
    pub furthest: f64,
}

/// The jumps in one direction.
#[derive(Clone, Debug, PartialEq)]
pub struct PegSide {
    /// All of them, in order of time.
    pub events: Vec<PegEvent>,
    /// Jumps a year, those below the threshold included by the exponential law.
    pub intensity: Estimate,
    /// Mean size.
    pub size: Estimate,
}

/// What a peg's calibration saw.
#[derive(Clone, Debug, PartialEq)]
pub struct PegReport {
    /// Unix seconds of the first row.
    pub from: u64,
    /// Unix seconds after the last row.
    pub to: u64,
    /// Seconds a row.
    pub step: u64,
    /// Moves between adjacent rows that were used.
    pub returns: usize,
    /// Rows without a close of the asset or its reference.
    pub missing: usize,
    /// Rows inside the windows held out.
    pub held_out_rows: usize,
    /// Log of what par is.
    pub level: f64,
    /// Moves away from par beyond this are jumps.
    pub threshold: f64,
    /// Downward jumps.
    pub below: PegSide,
    /// Upward jumps.
    pub above: PegSide,
    /// Moves beyond the threshold back towards par.
    pub recoveries: usize,
    /// Lowest basis, and Unix seconds of its row.
    pub lowest: (f64, u64),
    /// Highest basis, and Unix seconds of its row.
    pub highest: (f64, u64),
    /// Reversion as the history has it, before the prior's limit.
    pub reversion: Estimate,
}

/// A peg as fitted.
#[derive(Clone, Debug, PartialEq)]
pub struct PegFit {
    /// The asset.
    pub asset: String,
    /// What it follows; `None` for the quote currency.
    pub reference: Option<String>,
    /// Speed of reversion, a year.
    pub reversion: Estimate,
    /// Annual volatility of the basis.
    pub volatility: Estimate,
    /// Depegs a year.
    pub depeg_intensity: Estimate,
    /// Mean size of a depeg in log price.
    pub depeg_size: Estimate,
    /// Jumps above par a year.
    pub premium_intensity: Estimate,
    /// Mean size of a jump above par in log price.
    pub premium_size: Estimate,
    /// True where those are a stated prior, shifted by what was seen.
    pub premium_stated: bool,
    /// Where the depegs come from.
    pub source: PegSource,
    /// What was seen; `None` without a history.
    pub report: Option<PegReport>,
}

impl PegFit {
    /// A peg without a history: everything from the prior.
    #[must_use]
    pub fn stated(asset: &str, reference: Option<&str>, prior: PegPrior) -> Self {
        let unknown = |value| Estimate { value, standard_error: f64::INFINITY };
        Self {
            asset: asset.to_owned(),
            reference: reference.map(str::to_owned),
            reversion: unknown(prior.reversion),
            volatility: unknown(prior.volatility),
            depeg_intensity: unknown(prior.depeg_intensity),
            depeg_size: unknown(prior.depeg_size),
            premium_intensity: unknown(prior.premium_intensity),
            premium_size: unknown(prior.premium_size),
            premium_stated: true,
            source: PegSource::Stated { prior, observed: 0, years: 0.0, bound95: f64::INFINITY },
            report: None,
        }
    }

    /// The parameters of the model.
    #[must_use]
    pub fn parameters(&self) -> Peg {
        Peg {
            reference: self.reference.clone(),
            reversion: self.reversion.value,
            volatility: self.volatility.value,
            depeg_intensity: self.depeg_intensity.value,
            depeg_size: self.depeg_size.value,
            premium_intensity: self.premium_intensity.value,
            premium_size: self.premium_size.value,
        }
    }

    /// Every figure.
    #[must_use]
    pub fn figures(&self) -> Vec<Figure> {
        let (from, to) = self.report.as_ref().map_or((0, 0), |report| (report.from, report.to));
        let mut figures = Figures { from, to, all: Vec::new() };
        let returns = self.report.as_ref().map_or(0, |report| report.returns);
        let count = |side: fn(&PegReport) -> &PegSide| {
            self.report.as_ref().map_or(0, |report| side(report).events.len())
        };
        let below = count(|report| &report.below);
        let method = |stated: bool| match (stated, &self.report) {
            (false, _) => "jumps beyond the threshold, extended below it",
            (true, None) => "stated",
            (true, Some(_)) => "stated prior, shifted by the history",
        };
        let depegs = method(matches!(self.source, PegSource::Stated { .. }));
        let asset = self.asset.as_str();
        let least = if self.report.is_some() { "least squares on the basis" } else { "stated" };
        figures.push(asset, ("reversion", "a year"), self.reversion, returns, least);
        figures.push(asset, ("volatility of the basis", "a root year"), self.volatility, returns, least);
        figures.push(asset, ("depegs", "a year"), self.depeg_intensity, below, depegs);
        figures.push(asset, ("mean depeg", "log price"), self.depeg_size, below, depegs);
        let above = count(|report| &report.above);
        let premiums = method(self.premium_stated);
        figures.push(asset, ("jumps above par", "a year"), self.premium_intensity, above, premiums);
        figures.push(asset, ("mean jump above par", "log price"), self.premium_size, above, premiums);
        figures.all
    }
}
