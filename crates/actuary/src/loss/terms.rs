//! What policies pay for, and the layers that stand behind them. The settlement itself is the engine's
//! ([`super::settle`]).
//!
//! Units: the settlement token's, as floating point.

/// What an insured market's policy pays for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PolicyTerms {
    /// Aggregate deductible, paid by the insured from its funded bond.
    pub deductible: f64,
    /// Aggregate limit of the loss above the deductible, before coinsurance.
    pub limit: f64,
    /// Share of the eligible loss that the insured keeps, in [0, 1].
    pub coinsurance: f64,
}

/// Why terms or layers make no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TermsError {
    /// An amount is negative or not a number.
    #[error("{name} {value} is negative or not a number")]
    Amount {
        /// Name of the amount.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// The coinsurance is not in [0, 1].
    #[error("coinsurance {0} is not between 0 and 1")]
    Coinsurance(f64),
    /// As many policies as markets are needed.
    #[error("{policies} policies for {markets} markets")]
    Policies {
        /// Policies given.
        policies: usize,
        /// Markets of the losses.
        markets: usize,
    },
}

impl PolicyTerms {
    /// Checked terms; the limit may be infinite.
    ///
    /// # Errors
    /// A negative deductible or limit, a coinsurance outside [0, 1].
    pub fn new(deductible: f64, limit: f64, coinsurance: f64) -> Result<Self, TermsError> {
        amount("deductible", deductible)?;
        amount("limit", limit)?;
        if !(0.0..=1.0).contains(&coinsurance) {
            return Err(TermsError::Coinsurance(coinsurance));
        }
        Ok(Self { deductible, limit, coinsurance })
    }

    /// What the pool owes for a gross loss in the limit of ever smaller units, for distributions on a grid:
    /// `min(max(gross - deductible, 0), limit) (1 - coinsurance)`. Paths are settled in whole units by
    /// [`super::Settlement`].
    #[must_use]
    pub fn payment(&self, gross: f64) -> f64 {
        (gross - self.deductible).max(0.0).min(self.limit) * (1.0 - self.coinsurance)
    }
}

/// The pool's layers, from first loss to last.
#[derive(Clone, Debug, PartialEq)]
pub struct Layers {
    sizes: Vec<f64>,
    tranches: usize,
}

impl Layers {
    /// Reserve, tranches from the most junior to the most senior, mutual layer (0 where there is none).
    ///
    /// # Errors
    /// A size that is negative or not a number.
    pub fn new(reserve: f64, tranches: &[f64], mutual: f64) -> Result<Self, TermsError> {
        amount("reserve", reserve)?;
        for &tranche in tranches {
            amount("tranche", tranche)?;
        }
        amount("mutual layer", mutual)?;
        let mut sizes = vec![reserve];
        sizes.extend_from_slice(tranches);
        sizes.push(mutual);
        Ok(Self { sizes, tranches: tranches.len() })
    }

    /// Sizes in order: reserve, tranches, mutual layer.
    #[must_use]
    pub fn sizes(&self) -> &[f64] {
        &self.sizes
    }

    /// Number of tranches.
    #[must_use]
    pub fn tranches(&self) -> usize {
        self.tranches
    }

    /// Loss at which layer `index` attaches: the layers before it.
    #[must_use]
    pub fn attachment(&self, index: usize) -> f64 {
        self.sizes.iter().take(index).sum()
    }

    /// Name of layer `index`, for tables.
    #[must_use]
    pub fn name(&self, index: usize) -> String {
        match index {
            0 => "reserve".to_owned(),
            i if i <= self.tranches => format!("tranche {}", i - 1),
            _ => "mutual".to_owned(),
        }
    }
}

/// Loss of a layer of `size` above `attachment`.
#[must_use]
pub fn layer_loss(loss: f64, attachment: f64, size: f64) -> f64 {
    (loss - attachment).clamp(0.0, size)
}

fn amount(name: &'static str, value: f64) -> Result<(), TermsError> {
    if value >= 0.0 { Ok(()) } else { Err(TermsError::Amount { name, value }) }
}
