//! The fit as a list of figures: each with its error, its window and what it rests on.

use super::{Calibration, CorrelationMethod, Estimate, JumpFloor, Law, MertonMethod};

/// One fitted figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Asset, pair of assets or part of the model.
    pub subject: String,
    /// What it is.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// The figure.
    pub value: f64,
    /// One standard error: infinite where the data say nothing.
    pub standard_error: f64,
    /// Unix seconds of the first row of the window.
    pub from: u64,
    /// Unix seconds after its last row.
    pub to: u64,
    /// Observations it rests on: returns, jumps, crashes or spells. With weights that fall into the past their
    /// effective number.
    pub observations: usize,
    /// How it was found.
    pub method: &'static str,
}

/// Units.
const SIZE: &str = "log price";
const RATE: &str = "a year";
const VOLATILITY: &str = "a root year";
const RATIO: &str = "ratio";
const SHARE: &str = "probability";
const INVERSE: &str = "per log price";

/// Collects figures of one window.
pub(in crate::price) struct Figures {
    pub from: u64,
    pub to: u64,
    pub all: Vec<Figure>,
}

impl Figures {
    pub fn push(
        &mut self,
        subject: &str,
        (name, unit): (&'static str, &'static str),
        estimate: Estimate,
        observations: usize,
        method: &'static str,
    ) {
        let Estimate { value, standard_error } = estimate;
        let (from, to) = (self.from, self.to);
        let subject = subject.to_owned();
        self.all.push(Figure { subject, name, unit, value, standard_error, from, to, observations, method });
    }
}

impl Calibration {
    /// Every figure of the model of the chosen law, in the order in which it was fitted.
    #[must_use]
    pub fn figures(&self) -> Vec<Figure> {
        let report = &self.report;
        let mut figures = Figures { from: report.from, to: report.to, all: Vec::new() };
        self.regime_figures(&mut figures);
        if let Some(crash) = &self.crash {
            let n = report.crashes.len();
            let tail = "maximum likelihood of the excesses over the smallest crash seen";
            figures.push(
                "common crash",
                ("crashes", RATE),
                crash.intensity,
                n,
                "events over calm-equivalent years",
            );
            figures.push(
                "common crash",
                ("smallest size", SIZE),
                Estimate::exact(crash.floor),
                n,
                "thresholds over loadings",
            );
            figures.push("common crash", ("scale of the excess", SIZE), crash.scale, n, tail);
            figures.push("common crash", ("shape of the excess", RATIO), crash.shape, n, tail);
        }
        for (fit, seen) in self.assets.iter().zip(&report.assets) {
            let asset = fit.asset.as_str();
            let jumps = seen.up_jumps + seen.down_jumps;
            let quiet = if self.law == Law::Brownian { seen.quiet + jumps } else { seen.quiet };
            let method = match self.law {
                Law::Brownian => "returns outside common crashes, own jumps among them",
                Law::Merton | Law::Kou => "returns below the jump threshold",
            };
            figures.push(asset, ("volatility", VOLATILITY), fit.volatility, quiet, method);
            match self.law {
                Law::Brownian => {}
                Law::Merton => {
                    let method = match fit.merton.method {
                        MertonMethod::Moments => "moments of the jumps seen",
                        MertonMethod::TruncatedLikelihood => "likelihood of sizes seen beyond the threshold",
                    };
                    figures.push(asset, ("jumps", RATE), fit.merton.intensity, jumps, method);
                    figures.push(asset, ("mean jump", SIZE), fit.merton.mean, jumps, method);
                    figures.push(asset, ("deviation of jumps", SIZE), fit.merton.deviation, jumps, method);
                }
                Law::Kou => {
                    let method = match self.jump_floor {
                        JumpFloor::AtThreshold => "jumps over calm-equivalent years",
                        JumpFloor::AtZero => "jumps over calm-equivalent years, extended below the threshold",
                    };
                    let excess = "mean excess over the threshold";
                    let kou = &fit.jumps;
                    figures.push(asset, ("jumps", RATE), kou.intensity, jumps, method);
                    figures.push(asset, ("upward share", SHARE), kou.up_probability, jumps, method);
                    figures.push(
                        asset,
                        ("rate of upward sizes", INVERSE),
                        kou.up_rate,
                        seen.up_jumps,
                        excess,
                    );
                    figures.push(
                        asset,
                        ("rate of downward sizes", INVERSE),
                        kou.down_rate,
                        seen.down_jumps,
                        excess,
                    );
                }
            }
            if self.crash.is_some() {
                let n = report.crashes.len();
                let method = "mean fall over mean size of the crashes";
                figures.push(asset, ("crash loading", RATIO), fit.crash_loading, n, method);
            }
        }
        self.correlation_figures(&mut figures);
        figures.all
    }

    fn regime_figures(&self, figures: &mut Figures) {
        let Some(regime) = &self.regime else { return };
        let spells = self.report.stress_spells;
        let events = "rates in both states";
        figures.push("stress", ("begins", RATE), regime.to_stress, spells, "spells over years of calm");
        figures.push("stress", ("ends", RATE), regime.to_calm, spells, "spells over years of stress");
        figures.push(
            "stress",
            ("volatility and sizes", RATIO),
            regime.volatility,
            spells,
            "bipower variation in both states",
        );
        let jumps = self.report.assets.iter().map(|asset| asset.up_jumps + asset.down_jumps).sum();
        figures.push("stress", ("intensity of jumps", RATIO), regime.jump_intensity, jumps, events);
        figures.push(
            "stress",
            ("intensity of crashes", RATIO),
            regime.crash_intensity,
            self.report.crashes.len(),
            events,
        );
    }

    fn correlation_figures(&self, figures: &mut Figures) {
        let method = match self.report.correlation.method {
            CorrelationMethod::FullSample => "all rows alike",
            CorrelationMethod::Ewma { .. } => "weights that fall into the past",
        };
        let rows = self.report.correlation.rows as usize;
        for (i, a) in self.assets.iter().enumerate() {
            for (j, b) in self.assets[..i].iter().enumerate() {
                let estimate = Estimate {
                    value: self.correlation.matrix[i][j],
                    standard_error: self.correlation_error[i][j],
                };
                let subject = format!("{}/{}", b.asset, a.asset);
                figures.push(&subject, ("correlation", RATIO), estimate, rows, method);
            }
        }
    }
}
