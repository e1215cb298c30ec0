//! Daily states of crvUSD borrowers, and the loan book of one day.
//!
//! A CSV table with the columns `market` (wsteth, wbtc, weth, sfrxeth), `date`, `day_index`, `debt_crvusd`,
//! `collateral_tokens` and `n_bands` (4 to 50). All rows are checked; those of one date become the book:
//!
//! - Account: `market:date:row`, row being the number of the row below the header, from 1. The source has no user
//!   ids; a row is a loan.
//! - Threshold: (1 - 0.06) x 0.99^(n_bands/2). A loan may be liquidated when its health, which discounts the
//!   collateral by 6 %, falls to nought; its collateral is spread over `n_bands` bands, each 1 % below the one
//!   above, and is on the average valued half-way down. n_bands = 4 gives 0.921, 10 gives 0.894, 50 gives 0.731.
//! - Prices: the last hourly close before 04:00 UTC of the date, times a constant ratio for staked ether; crvUSD
//!   counts as 1. [`ASSUMPTIONS`] lists what is assumed and not read.
//! - Left out and counted: loans above their threshold (soft liquidation has converted part of their collateral to
//!   crvUSD, which the table does not show), and loans whose collateral is worth less than 10 USD. A loan that is
//!   both counts as above its threshold.

mod reader;

use seawall_actuary::book::Book;

pub use reader::read_crvusd;

/// Hour of the day, UTC, at which the states were taken.
pub const SNAPSHOT_HOUR: u64 = 4;

/// Liquidation discount of the crvUSD markets.
pub const LIQUIDATION_DISCOUNT: f64 = 0.06;

/// Price of a band over that of the band above (amplification 100).
pub const BAND_RATIO: f64 = 0.99;

/// Loans with less collateral than this, in USD, are left out.
pub const DUST_USD: f64 = 10.0;

/// What the rules assume and do not read, for whoever shows the result.
pub const ASSUMPTIONS: [&str; 7] = [
    "liquidation threshold = (1 - 0.06) x 0.99^(bands/2), 0.06 being the liquidation discount of the crvUSD markets",
    "1 wstETH = 1.145 ETH, 1 sfrxETH = 1.065 ETH",
    "1 WBTC = 1 BTC, 1 WETH = 1 ETH",
    "1 crvUSD = 1 unit of the quote currency of the prices (USDT, taken as USD)",
    "prices are the last hourly close before 04:00 UTC of the date",
    "loans above their threshold are in soft liquidation, part of their collateral is crvUSD: left out",
    "loans with collateral worth less than 10 USD: left out",
];

/// A market of the source.
struct Collateral {
    market: &'static str,
    symbol: &'static str,
    /// Asset whose close is used.
    base: &'static str,
    /// Units of the base asset a token is worth.
    ratio: f64,
}

/// The markets, in the order of the source file.
const MARKETS: [Collateral; 4] = [
    Collateral { market: "wsteth", symbol: "wstETH", base: "ETH", ratio: 1.145 },
    Collateral { market: "wbtc", symbol: "WBTC", base: "BTC", ratio: 1.0 },
    Collateral { market: "weth", symbol: "WETH", base: "ETH", ratio: 1.0 },
    Collateral { market: "sfrxeth", symbol: "sfrxETH", base: "ETH", ratio: 1.065 },
];

/// Number of loans and what they owe.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Loans.
    pub loans: u64,
    /// Their debt, in crvUSD.
    pub debt: f64,
}

impl Tally {
    fn add(&mut self, debt: f64) {
        self.loans += 1;
        self.debt += debt;
    }

    fn join(self, other: Self) -> Self {
        Self { loans: self.loans + other.loans, debt: self.debt + other.debt }
    }
}

/// What became of the rows of one market.
#[derive(Clone, Debug, PartialEq)]
pub struct MarketExclusions {
    /// Name of the market.
    pub market: String,
    /// All rows of the date.
    pub all: Tally,
    /// Left out: above the threshold.
    pub above_threshold: Tally,
    /// Left out: collateral worth less than [`DUST_USD`].
    pub dust: Tally,
    /// In the book.
    pub kept: Tally,
}

/// What became of the rows of the date, market by market in the order of the book.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exclusions {
    /// One entry a market.
    pub markets: Vec<MarketExclusions>,
}

impl Exclusions {
    /// The sums over the markets, under the name `total`.
    #[must_use]
    pub fn total(&self) -> MarketExclusions {
        let none = MarketExclusions {
            market: "total".to_owned(),
            all: Tally::default(),
            above_threshold: Tally::default(),
            dust: Tally::default(),
            kept: Tally::default(),
        };
        self.markets.iter().fold(none, |sum, market| MarketExclusions {
            market: sum.market,
            all: sum.all.join(market.all),
            above_threshold: sum.above_threshold.join(market.above_threshold),
            dust: sum.dust.join(market.dust),
            kept: sum.kept.join(market.kept),
        })
    }
}

/// The loan book of one day.
#[derive(Clone, Debug, PartialEq)]
pub struct CrvusdBook {
    /// The loans.
    pub book: Book,
    /// What was left out.
    pub exclusions: Exclusions,
    /// Moment of the snapshot, unix seconds.
    pub time: u64,
    /// Price of a collateral token of each market of the book, in the quote currency of the prices.
    pub collateral_prices: Vec<f64>,
    /// Price of crvUSD: 1.
    pub debt_price: f64,
    /// What is assumed and not read.
    pub assumptions: &'static [&'static str],
}
