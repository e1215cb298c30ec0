//! What the price assumes and does not read from data: how liquidators are served, how staking tokens stray
//! from their base asset, which tokens follow which price. Every number here is printed with the quote.

use seawall_actuary::liquidation::{ByRegime, DelaySpells, Outages, SpellRates};
use seawall_actuary::peril::Venue;
use seawall_actuary::price::Peg;
use seawall_actuary::price::calibrate::{self, HALF_LIFE_DAYS};
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

/// How prices move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Law {
    /// Kou's double-exponential jumps.
    #[default]
    Kou,
    /// Merton's normal jumps.
    Merton,
    /// No jumps: for comparison, no market moves like this.
    Brownian,
    /// Filtered historical simulation: what happened, in the volatility of today.
    Filtered,
}

impl Law {
    /// The law of own jumps that is fitted; that of a filtered simulation is shown beside it only.
    pub fn of_jumps(self) -> calibrate::Law {
        match self {
            Self::Kou | Self::Filtered => calibrate::Law::Kou,
            Self::Merton => calibrate::Law::Merton,
            Self::Brownian => calibrate::Law::Brownian,
        }
    }
}

/// Kind of the venues of the markets, for events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum VenueKind {
    /// Lending markets.
    Lending,
    /// Stablecoins minted against collateral.
    #[default]
    CollateralisedDebt,
}

impl VenueKind {
    /// The actuary's word for it.
    pub fn kind(self) -> Venue {
        match self {
            Self::Lending => Venue::Lending,
            Self::CollateralisedDebt => Venue::CollateralisedDebt,
        }
    }
}

/// Spells that come at random.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spells {
    /// Spells a year in calm times.
    pub calm: f64,
    /// Spells a year under stress.
    pub stressed: f64,
    /// Probability that a common crash begins one.
    pub at_crash: f64,
    /// Mean length, hours.
    pub hours: f64,
    /// Hours by which liquidators are later; not for oracles, which stand still.
    pub extra_hours: f64,
}

impl Spells {
    fn rates(&self) -> Option<SpellRates> {
        let any = self.calm > 0.0 || self.stressed > 0.0 || self.at_crash > 0.0;
        any.then_some(SpellRates {
            per_year: ByRegime { calm: self.calm, stressed: self.stressed },
            at_crash: self.at_crash,
            mean_hours: self.hours,
        })
    }

    /// Congestion, in which all liquidators are late.
    pub fn spells(&self) -> Option<DelaySpells> {
        self.rates().map(|rates| DelaySpells { rates, extra_hours: self.extra_hours })
    }

    /// Oracles that stand still.
    pub fn outages(&self) -> Option<Outages> {
        self.rates().map(|rates| Outages { rates })
    }

    fn sentence(&self, what: &str) -> String {
        format!(
            "{what}: {} a year in calm times, {} under stress, after {} % of crashes; {} h on average",
            self.calm,
            self.stressed,
            percent(self.at_crash),
            self.hours
        )
    }
}

/// What is assumed of prices, liquidators, staking tokens and events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumptions {
    /// How prices move.
    pub law: Law,
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
    /// What a crash takes off the depth: a crash of size M leaves exp(-k M).
    pub crash_sensitivity: f64,
    /// Part of the impact of forced sales on their pool that reaches the market price; 0 for none.
    pub impact_share: f64,
    /// Share of a loan that the first liquidation repays.
    pub close_factor: f64,
    /// Loans in bands are converted band by band; else each is sold whole at its threshold.
    pub bands: bool,
    /// Congestion, in which all liquidators are late.
    pub congestion: Spells,
    /// Oracles that stand still.
    pub outages: Spells,
    /// Whether events are in the price.
    pub events: bool,
    /// Kind of the venues.
    pub venue: VenueKind,
    /// Factor of the table of venue-years, from which the rate of events is.
    pub venue_years: f64,
    /// Days after which the weight of a row in the correlation has halved; none weighs the whole history alike.
    pub correlation_half_life_days: Option<f64>,
    /// Clusters as which books of accounts are run; 0 runs every account exactly.
    pub account_clusters: u32,
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
            law: Law::Kou,
            crash_sensitivity: 2.0,
            impact_share: 0.25,
            close_factor: 1.0,
            bands: false,
            congestion: Spells { calm: 2.0, stressed: 12.0, at_crash: 0.5, hours: 3.0, extra_hours: 1.0 },
            outages: Spells { calm: 0.5, stressed: 4.0, at_crash: 0.05, hours: 1.0, extra_hours: 0.0 },
            events: true,
            venue: VenueKind::CollateralisedDebt,
            venue_years: 1.0,
            correlation_half_life_days: Some(HALF_LIFE_DAYS),
            account_clusters: 0,
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
            ..Peg::default()
        }
    }

    /// Hours from breaking to being servable of a market that states its own delay, or of one that does not.
    pub fn delay_of(&self, stated: Option<f64>) -> ByRegime {
        let calm = stated.unwrap_or(self.delay_hours.calm);
        ByRegime { calm, stressed: calm.max(self.delay_hours.stressed) }
    }

    /// The service of liquidators and the basis in words, one sentence each, as far as the insured markets use
    /// them; the basis where it is assumed of any of them.
    pub fn sentences(&self, insured: &[Insured], basis: bool) -> Vec<String> {
        let mut sentences = vec![
            format!(
                "depth: sale quotes into USDC of one calm day, back at a rate of the whole in {} h, times {} under stress, times \
                 exp(-{} M) after a crash of size M; markets on one price share one depth",
                self.refill_hours, self.stress_depth, self.crash_sensitivity
            ),
            format!("delay from threshold to sale: {}; {} a liquidation", self.delays(insured), self.gas),
            self.congestion
                .sentence(&format!("congestion, all liquidators later by {} h", self.congestion.extra_hours)),
            self.outages.sentence("an oracle stands still"),
        ];
        if self.impact_share > 0.0 {
            sentences.push(format!(
                "forced sales: {} % of the impact on their pool reaches the price that all markets on it see, and fades as \
                 depth comes back",
                percent(self.impact_share)
            ));
        }
        if basis {
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
        // Seconds of a market file, in hours of three decimals at most.
        let hours = |hours: f64| (hours * 1e3).round() / 1e3;
        let words = |ByRegime { calm, stressed }: ByRegime| {
            format!("{} h calm, {} h under stress", hours(calm), hours(stressed))
        };
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

impl Assumptions {
    /// What the model leaves out, and in which direction each gap errs, as far as the insured markets have it.
    pub fn gaps(&self, insured: &[Insured]) -> Vec<String> {
        let mut at_par: Vec<&str> = Vec::new();
        for insured in insured.iter().filter(|one| one.debt_follow.is_none() && one.accounts.is_none()) {
            let asset = insured.market.debt_asset.as_str();
            if !at_par.contains(&asset) {
                at_par.push(asset);
            }
        }
        let bands = insured.iter().any(|insured| insured.bands);
        let par = format!(
            "{} taken at a fixed price: a rise above it in a crash makes debt dearer and is not priced: understates (--peg gives it \
             a peg that moves)",
            at_par.join(", ")
        );
        let accounts = insured.iter().any(|insured| insured.accounts.is_some());
        [
        (
            accounts,
            "accounts with several collaterals: their forced sales and those of markets do not move each other's prices \
             (UNDERSTATES); their part of a shared depth is fixed by debt (OVERSTATES)",
        ),
        (
            bands && self.bands,
            "soft liquidation band by band: each band is sold at the discount of a hard liquidation, and surplus of one does not \
             pay for another (OVERSTATES); a band that was sold stays sold until the book is redrawn (UNDERSTATES a second fall)",
        ),
        (
            bands && !self.bands,
            "soft liquidation is simplified to a threshold, (1 - 6 %) x 0.99^(bands/2), with a sale of the whole \
             loan: it OVERSTATES sales in a shallow fall that recovers (the real market buys back) and UNDERSTATES \
             losses of soft liquidation itself in a whipsaw",
        ),
        (
            !self.events,
            "event peril (oracle failure, exploit, manipulation) is NOT in this price: understates",
        ),
        (!at_par.is_empty(), par.as_str()),
        (
            true,
            "the jump model knows two states; clustering of falls within a day is understated, merging a crash into \
             one jump overstates",
        ),
        (true, "borrowers neither repay nor add collateral in a crash: overstates"),
        (
            self.impact_share == 0.0,
            "impact of liquidations does not push the market price itself: understates in a deep crash",
        ),
    ]
    .into_iter()
    .filter(|(applies, _)| *applies)
    .map(|(_, gap)| gap.to_owned())
    .collect()
    }
}
