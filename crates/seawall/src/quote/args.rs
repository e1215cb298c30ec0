//! Arguments of `seawall quote`.

use std::path::PathBuf;

use super::assumptions::{Assumptions, Follow, known_follows};
use super::inputs::{Selection, as_path};
use super::pricing::{Levels, Terms};
use super::{shipped, windows};
use crate::output::Failure;

/// Arguments of `seawall quote`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  seawall quote\n  seawall quote --date 2023-12-20 --term-days 182 --cost-of-capital \
                        0.15\n  seawall quote --book loans.csv --markets markets.csv --prices closes.csv --depth \
                        quotes.csv --out quote.json"
)]
pub struct Args {
    /// Loan book (CSV, gzip or not); without it the shipped crvUSD snapshot.
    #[arg(long, value_name = "FILE", requires = "markets")]
    book: Option<PathBuf>,
    /// Market file of the loan book: bonus, delay and prices of each market.
    #[arg(long, value_name = "FILE", requires = "book")]
    markets: Option<PathBuf>,
    /// Day of the shipped crvUSD snapshot, 2023-10-01 to 2023-12-31.
    #[arg(long, value_name = "DAY", default_value = shipped::SNAPSHOT, conflicts_with = "book")]
    date: String,
    /// Hourly closes (CSV); without it the shipped ones of BTC and ETH, 2019 to 2023.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Sale quotes (CSV) that give the depth; without it the shipped ones of 2023-11-20.
    #[arg(long, value_name = "FILE")]
    depth: Option<PathBuf>,
    /// A token's price: TOKEN=COLUMN or TOKEN=COLUMN:RATIO, such as wstETH=ETH:1.145. Can be repeated.
    #[arg(long, value_name = "TOKEN=COLUMN:RATIO", value_parser = Follow::parse)]
    follow: Vec<Follow>,

    /// Term of the policies, days.
    #[arg(long, value_name = "DAYS", default_value_t = 91.0)]
    term_days: f64,
    /// Horizon over which capital is measured, days.
    #[arg(long, value_name = "DAYS", default_value_t = 365.0)]
    horizon_days: f64,
    /// Deductible of every market; by default the quantile --deductible-level of its own loss.
    #[arg(long, value_name = "AMOUNT")]
    deductible: Option<f64>,
    /// Limit of every market; by default the quantile --limit-level of its own loss less the deductible.
    #[arg(long, value_name = "AMOUNT")]
    limit: Option<f64>,
    /// Part of each eligible loss that the market keeps.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    coinsurance: f64,
    /// Level at which a market's deductible ends.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.9)]
    deductible_level: f64,
    /// Level at which a market's cover ends.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.999)]
    limit_level: f64,
    /// Levels at which reserve, junior and further tranches end.
    #[arg(long, value_name = "LEVELS", value_delimiter = ',', default_value = "0.95,0.995,0.999")]
    layer_levels: Vec<f64>,
    /// Callable bond of each market in the mutual layer, as a part of its limit.
    #[arg(long, value_name = "SHARE", default_value_t = 0.02)]
    mutual_share: f64,
    /// Part of the premium that is returned without a claim.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    no_claims_share: f64,

    /// Cost of capital a year (iota).
    #[arg(long, value_name = "RATE", default_value_t = 0.12)]
    cost_of_capital: f64,
    /// Expenses as a part of the premium.
    #[arg(long, value_name = "RATE", default_value_t = 0.05)]
    expense_rate: f64,
    /// Expenses of each policy.
    #[arg(long, value_name = "AMOUNT", default_value_t = 1_000.0)]
    fixed_expenses: f64,

    /// Paths to simulate.
    #[arg(long, default_value_t = 80_000, value_parser = clap::value_parser!(u32).range(100..=2_000_000))]
    paths: u32,
    /// Seed; the same seed gives the same price to the last bit.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Days after which the book is redrawn at its own profile.
    #[arg(long, value_name = "DAYS", default_value_t = 30.0)]
    renewal_days: f64,
    /// Days kept from the calibration, FROM..TO (TO not included), to try a price on them. Can be repeated. By default
    /// nothing is held out: a price that does not know a crash is too low for real cover.
    #[arg(long, value_name = "FROM..TO", value_parser = windows::parse)]
    hold_out: Vec<(u64, u64)>,
    /// Keep the crashes of March 2020, May 2021 and November 2022 from the calibration, as the demonstration does:
    /// the shipped book then pays 1.09 % of its debt a year, and 3.9 % with nothing held out.
    #[arg(long)]
    hold_out_known_crashes: bool,

    /// Write the quote as JSON to this file, too.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

impl Args {
    /// Which files to read.
    pub fn selection(&self) -> Selection<'_> {
        let mut follows = known_follows();
        follows.extend(self.follow.iter().cloned());
        Selection {
            book: as_path(&self.book),
            markets: as_path(&self.markets),
            date: &self.date,
            prices: as_path(&self.prices),
            depth: as_path(&self.depth),
            follows,
        }
    }

    /// The windows asked for, and whether the known crashes are to be held out, too.
    pub fn hold_out(&self) -> (&[(u64, u64)], bool) {
        (&self.hold_out, self.hold_out_known_crashes)
    }

    /// The assumptions with what the user set.
    pub fn assumptions(&self) -> Result<Assumptions, Failure> {
        between("--renewal-days", self.renewal_days, 1.0, 3_650.0)?;
        Ok(Assumptions { renewal_days: self.renewal_days, ..Assumptions::default() })
    }

    /// The terms, checked.
    pub fn terms(&self) -> Result<Terms, Failure> {
        between("--term-days", self.term_days, 1.0, 730.0)?;
        between("--horizon-days", self.horizon_days, 1.0, 3_650.0)?;
        for (name, share) in [
            ("--coinsurance", self.coinsurance),
            ("--mutual-share", self.mutual_share),
            ("--no-claims-share", self.no_claims_share),
            ("--expense-rate", self.expense_rate),
        ] {
            between(name, share, 0.0, 0.9)?;
        }
        between("--cost-of-capital", self.cost_of_capital, 0.0, 10.0)?;
        between("--fixed-expenses", self.fixed_expenses, 0.0, 1e12)?;
        for (name, amount) in [("--deductible", self.deductible), ("--limit", self.limit)] {
            between(name, amount.unwrap_or(0.0), 0.0, 1e15)?;
        }
        between("--deductible-level", self.deductible_level, 0.5, 0.9999)?;
        between("--limit-level", self.limit_level, self.deductible_level, 0.9999)?;
        Ok(Terms {
            term_days: self.term_days,
            horizon_days: self.horizon_days,
            deductible: self.deductible,
            limit: self.limit,
            coinsurance: self.coinsurance,
            mutual_share: self.mutual_share,
            cost_of_capital: self.cost_of_capital,
            expense_rate: self.expense_rate,
            fixed_expenses: self.fixed_expenses,
            no_claims_share: self.no_claims_share,
            levels: self.levels()?,
            paths: self.paths as usize,
            seed: self.seed,
            ..Terms::default()
        })
    }

    fn levels(&self) -> Result<Levels, Failure> {
        let levels = &self.layer_levels;
        let rising = levels.windows(2).all(|pair| pair[0] < pair[1]);
        let inside = levels.iter().all(|level| *level > 0.0 && *level < 1.0);
        match levels.split_first() {
            Some((&reserve, tranches)) if rising && inside && (1..=4).contains(&tranches.len()) => {
                Ok(Levels {
                    deductible: self.deductible_level,
                    limit: self.limit_level,
                    reserve,
                    tranches: tranches.to_vec(),
                })
            }
            _ => Err(Failure::input(format!("--layer-levels {levels:?} are not two to five rising levels"))
                .hint("reserve first, then one to four tranches, such as 0.95,0.995,0.999")),
        }
    }
}

fn between(name: &str, value: f64, low: f64, high: f64) -> Result<(), Failure> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(Failure::input(format!("{name} is {value}")).hint(format!("it must be from {low} to {high}")))
}
