//! The parameters of a price model, as plain data: from a calibration, or written by hand.

use super::jumps::{CommonCrash, KouJumps, MertonJumps};
use super::regime::Regime;

/// A price that diffuses, jumps on its own, and falls with the common crash.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JumpDiffusion {
    /// Annual volatility of the diffusion (calm state).
    pub volatility: f64,
    /// Expected growth of the price: E[price after t years] = e^(growth t), jumps and crashes included. 0 is
    /// driftless, the default of a calibration.
    pub growth: f64,
    /// The asset's own jumps (calm state).
    pub jumps: KouJumps,
    /// Fall in log price for each unit of a common crash's size.
    pub crash_loading: f64,
}

impl JumpDiffusion {
    /// Geometric Brownian motion: no jumps, no part in crashes. For validation; no market price moves like this.
    #[must_use]
    pub fn brownian(volatility: f64, growth: f64) -> Self {
        Self { volatility, growth, jumps: KouJumps::NONE, crash_loading: 0.0 }
    }
}

/// Merton's jump diffusion (1976): jumps of the log price are normal. It falls with the common crash as others do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MertonDiffusion {
    /// Annual volatility of the diffusion (calm state).
    pub volatility: f64,
    /// Expected growth of the price, jumps and crashes included, as in [`JumpDiffusion`].
    pub growth: f64,
    /// The asset's own jumps (calm state).
    pub jumps: MertonJumps,
    /// Fall in log price for each unit of a common crash's size.
    pub crash_loading: f64,
}

/// A price tied to another one, or to the quote currency: reference times e^basis.
///
/// The basis is an Ornstein-Uhlenbeck process around 0 with rare jumps from which it reverts, downward and upward: a
/// staking token against its base asset, a stablecoin against the dollar. A token that is owed and stands above par
/// makes debt dearer, as dollar tokens do in a crash. The constant exchange ratio does not appear, since paths are
/// relative to time 0. The basis is not compensated for its jumps: on average the token stands below par by
/// `(depeg_intensity * depeg_size - premium_intensity * premium_size) / reversion`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Peg {
    /// Symbol of the asset it follows, which must move on its own; `None` for the quote currency.
    pub reference: Option<String>,
    /// Speed at which the basis reverts, per year (ln 2 over the half-life).
    pub reversion: f64,
    /// Annual volatility of the basis.
    pub volatility: f64,
    /// Depegs a year.
    pub depeg_intensity: f64,
    /// Mean size of a depeg in log price (exponential).
    pub depeg_size: f64,
    /// Jumps above par a year.
    pub premium_intensity: f64,
    /// Mean size of a jump above par in log price (exponential).
    pub premium_size: f64,
}

impl Peg {
    /// Jumps a year in both directions.
    #[must_use]
    pub fn jump_intensity(&self) -> f64 {
        self.depeg_intensity + self.premium_intensity
    }

    /// Size of a jump in log price, of the drawn exponential; `direction` gives a uniform number where there are both.
    pub(super) fn jump(&self, exponential: f64, direction: impl FnOnce() -> f64) -> f64 {
        let up = self.premium_intensity > 0.0 && direction() * self.jump_intensity() < self.premium_intensity;
        if up { self.premium_size * exponential } else { -self.depeg_size * exponential }
    }
}

/// How one asset's price moves.
#[derive(Clone, Debug, PartialEq)]
pub enum Dynamics {
    /// On its own.
    JumpDiffusion(JumpDiffusion),
    /// On its own, with normal jumps.
    Merton(MertonDiffusion),
    /// Tied to something.
    Peg(Peg),
}

/// One asset of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct AssetModel {
    /// Symbol, unique in the model.
    pub symbol: String,
    /// How its price moves.
    pub dynamics: Dynamics,
}

/// All parameters of a price model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelParameters {
    /// The assets, in the order of the path's columns.
    pub assets: Vec<AssetModel>,
    /// Correlation of the diffusions: one row and column for each asset that moves on its own, in the order of `assets`.
    pub correlation: Vec<Vec<f64>>,
    /// The crash that jump diffusions share.
    pub crash: Option<CommonCrash>,
    /// Calm and stress; without it the calm parameters hold throughout.
    pub regime: Option<Regime>,
    /// Further columns after the assets: the price of the first symbol in units of the second, with its own exact
    /// minimum within each interval (the lows of two assets do not determine the low of their ratio).
    pub pairs: Vec<(String, String)>,
}

impl AssetModel {
    /// An asset with dynamics of its own.
    #[must_use]
    pub fn jump_diffusion(symbol: &str, dynamics: JumpDiffusion) -> Self {
        Self { symbol: symbol.to_owned(), dynamics: Dynamics::JumpDiffusion(dynamics) }
    }

    /// An asset with normal jumps of its own.
    #[must_use]
    pub fn merton(symbol: &str, dynamics: MertonDiffusion) -> Self {
        Self { symbol: symbol.to_owned(), dynamics: Dynamics::Merton(dynamics) }
    }

    /// An asset tied to another or to the quote currency.
    #[must_use]
    pub fn peg(symbol: &str, peg: Peg) -> Self {
        Self { symbol: symbol.to_owned(), dynamics: Dynamics::Peg(peg) }
    }
}
