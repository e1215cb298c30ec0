//! What the price assumes and does not read from data: how liquidators are served, how staking tokens stray
//! from their base asset, which tokens follow which price. Every number here is printed with the quote.

use seawall_actuary::liquidation::ByRegime;
use seawall_actuary::price::Peg;
use serde::{Deserialize, Serialize};

use super::inputs::Insured;

/// A token whose price is that of a column of the price table times a constant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Follow {
    /// Symbol of the token.
    pub symbol: String,
    /// Column of the price table.
    pub column: String,
    /// Units of the column's asset that one token is worth.
    pub ratio: f64,
}

impl Follow {
    fn new(symbol: &str, column: &str, ratio: f64) -> Self {
        Self { symbol: symbol.to_owned(), column: column.to_owned(), ratio }
    }

    /// `TOKEN=COLUMN` or `TOKEN=COLUMN:RATIO`, for instance `wstETH=ETH:1.145`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expected =
            || format!("{text:?} is not TOKEN=COLUMN or TOKEN=COLUMN:RATIO, such as wstETH=ETH:1.145");
        let (symbol, rest) = text.split_once('=').ok_or_else(expected)?;
        let (column, ratio) = match rest.split_once(':') {
            None => (rest, 1.0),
            Some((column, ratio)) => (column, ratio.parse().map_err(|_| expected())?),
        };
        if symbol.is_empty() || column.is_empty() || !(ratio > 0.0 && f64::is_finite(ratio)) {
            return Err(expected());
        }
        Ok(Self::new(symbol, column, ratio))
    }

    /// True for a staking token, which can stray from its base asset: it is worth another amount of it than one.
    /// A wrapper of ratio one is taken to be the asset itself.
    pub fn has_basis(&self) -> bool {
        self.ratio != 1.0
    }
}

/// Tokens that are known without being told.
pub fn known_follows() -> Vec<Follow> {
    vec![
        Follow::new("wstETH", "ETH", 1.145),
        Follow::new("sfrxETH", "ETH", 1.065),
        Follow::new("WETH", "ETH", 1.0),
        Follow::new("WBTC", "BTC", 1.0),
    ]
}

/// Debt tokens taken at par with the quote currency of the prices.
pub const AT_PAR: [&str; 8] = ["crvUSD", "USDC", "USDT", "DAI", "GHO", "LUSD", "PYUSD", "USDS"];

/// Terms of service of liquidators and the basis of staking tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumptions {
    /// Hours from breaking to being servable.
    pub delay_hours: ByRegime,
    /// Hours after which the depth of the quotes is there again.
    pub refill_hours: f64,
    /// What is left of the depth in the stressed regime: the quotes are of a calm day.
    pub stress_depth: f64,
    /// Cost of one liquidation, quote currency.
    pub gas: f64,
    /// Days after which the book is redrawn at the snapshot's profile.
    pub renewal_days: f64,
    /// Half-life of a staking token's basis, days.
    pub basis_half_life_days: f64,
    /// Standard deviation of the basis around par, log price.
    pub basis_deviation: f64,
    /// Depegs of a staking token a year.
    pub depegs_a_year: f64,
    /// Mean size of a depeg, log price.
    pub depeg_size: f64,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self {
            delay_hours: ByRegime { calm: 0.25, stressed: 1.0 },
            refill_hours: 1.0,
            stress_depth: 0.35,
            gas: 50.0,
            renewal_days: 30.0,
            basis_half_life_days: 10.0,
            basis_deviation: 0.002,
            depegs_a_year: 0.25,
            depeg_size: 0.03,
        }
    }
}

impl Assumptions {
    /// The basis of a staking token as a mean-reverting peg to its base asset.
    pub fn peg(&self, column: &str) -> Peg {
        let reversion = core::f64::consts::LN_2 * 365.0 / self.basis_half_life_days;
        Peg {
            reference: Some(column.to_owned()),
            reversion,
            // Stationary deviation of an Ornstein-Uhlenbeck process: volatility / sqrt(2 reversion).
            volatility: self.basis_deviation * (2.0 * reversion).sqrt(),
            depeg_intensity: self.depegs_a_year,
            depeg_size: self.depeg_size,
        }
    }

    /// Hours from breaking to being servable of a market that states its own delay, or of one that does not.
    pub fn delay_of(&self, stated: Option<f64>) -> ByRegime {
        let calm = stated.unwrap_or(self.delay_hours.calm);
        ByRegime { calm, stressed: calm.max(self.delay_hours.stressed) }
    }

    /// The service of liquidators and the basis in words, one sentence each, as far as the insured markets use
    /// them.
    pub fn sentences(&self, insured: &[Insured]) -> Vec<String> {
        let mut sentences = vec![
            format!(
                "depth: sale quotes into USDC of one calm day, refilled every {} h, times {} under stress; markets on \
                 one price share its depth by debt",
                self.refill_hours, self.stress_depth
            ),
            format!("delay from threshold to sale: {}; {} a liquidation", self.delays(insured), self.gas),
        ];
        if insured.iter().any(|insured| insured.follow.has_basis()) {
            sentences.push(format!(
                "basis of staking tokens: mean-reverting (half-life {} days, deviation {} %), {} depegs a year of {} % on \
                 average; stated, not fitted",
                self.basis_half_life_days,
                percent(self.basis_deviation),
                self.depegs_a_year,
                percent(self.depeg_size)
            ));
        }
        sentences.push(format!(
            "renewal: every {} days the book is redrawn at the snapshot's loan-to-value profile",
            self.renewal_days
        ));
        sentences
    }

    /// The delays in words: once where no market states its own, else market by market.
    fn delays(&self, insured: &[Insured]) -> String {
        let words =
            |ByRegime { calm, stressed }: ByRegime| format!("{calm} h calm, {stressed} h under stress");
        if insured.iter().all(|insured| insured.delay_hours.is_none()) {
            return words(self.delay_hours);
        }
        let one = |insured: &Insured| {
            format!("{} {}", insured.market.name, words(self.delay_of(insured.delay_hours)))
        };
        insured.iter().map(one).collect::<Vec<_>>().join("; ")
    }
}

fn percent(share: f64) -> f64 {
    // 0.002 x 100 is not 0.2 in binary: ten digits are enough for a percentage that a person wrote.
    (share * 1e12).round() / 1e10
}

/// What the first model leaves out, and in which direction each gap errs, as far as the insured markets have it.
pub fn gaps(insured: &[Insured]) -> Vec<&'static str> {
    // Only the shipped snapshot reads loans under soft liquidation; a book of one's own states its thresholds.
    let soft_liquidation = insured.iter().any(|insured| insured.delay_hours.is_none());
    let crvusd = insured.iter().any(|insured| insured.market.debt_asset == "crvUSD");
    [
        (
            soft_liquidation,
            "soft liquidation is simplified to a threshold, (1 - 6 %) x 0.99^(bands/2), with a sale of the whole \
             loan: it OVERSTATES sales in a shallow fall that recovers (the real market buys back) and UNDERSTATES \
             losses of soft liquidation itself in a whipsaw",
        ),
        (true, "event peril (oracle failure, exploit, manipulation) is NOT in this price: understates"),
        (
            crvusd,
            "crvUSD is taken at 1: a rise above par in a crash makes debt dearer and is not priced: understates",
        ),
        (
            true,
            "the jump model knows two states; clustering of falls within a day is understated, merging a crash into \
             one jump overstates",
        ),
        (true, "borrowers neither repay nor add collateral in a crash: overstates"),
        (
            true,
            "impact of liquidations does not push the market price itself: understates in a deep crash",
        ),
    ]
    .into_iter()
    .filter_map(|(applies, gap)| applies.then_some(gap))
    .collect()
}
