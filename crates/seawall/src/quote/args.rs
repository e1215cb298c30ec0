//! Arguments of `seawall quote`.

use std::path::PathBuf;

use super::Asked;
use super::assumptions::{Assumptions, Follow, Law, VenueKind, known_follows};
use super::binding::BindingArgs;
use super::bounds::{self, Naming};
use super::inputs::{AssetFile, PegChoice, Selection, as_path};
use super::pricing::{DesignOptions, Levels, Load, Terms};
use super::{shipped, windows};
use crate::output::Failure;
use seawall_actuary::price::calibrate::HALF_LIFE_DAYS;

/// Arguments of `seawall quote`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  seawall quote\n  seawall quote --date 2023-12-20 --term-days 182 --cost-of-capital \
                        0.15\n  seawall quote --book loans.csv --markets markets.csv --prices closes.csv --depth \
                        quotes.csv --out quote.json\n  seawall quote --out quote.json && seawall verify quote.json\n\nThe files \
                  of one's own loan book are described in docs/model.md, section 7; the model in the sections before."
)]
pub struct Args {
    #[command(flatten)]
    pub options: Options,
    /// Paths to simulate.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..=100_000_000))]
    paths: u32,
    /// Losses simulated by `seawall simulate` and merged by `seawall merge`, in place of a simulation; the options must
    /// be those that they were simulated with.
    #[arg(long, value_name = "FILE")]
    pub losses: Option<PathBuf>,
    /// Write a quote file, too: request, figures, and typed data to be signed. `seawall verify FILE` computes it
    /// again.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print all of the fit, too: what was fitted on which window, with standard errors, how the laws compare, what was
    /// rejected and why, how good the data are. With --json it is the member `fit_report`.
    #[arg(long)]
    pub fit_report: bool,
    #[command(flatten)]
    pub binding: BindingArgs,
}

impl Args {
    /// All that is asked, but for what is held out, which needs the history.
    pub fn asked(&self) -> Result<Asked, Failure> {
        self.options.asked(self.paths)
    }
}

/// What a price depends on, but for the number of paths.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// Loan book (CSV, gzip or not); without it the shipped crvUSD snapshot.
    #[arg(long, value_name = "FILE", requires = "markets")]
    book: Option<PathBuf>,
    /// Market file of the loan book: bonus, delay and prices of each market.
    #[arg(long, value_name = "FILE", requires = "book")]
    markets: Option<PathBuf>,
    /// Accounts with several collaterals and debts as one more market (CSV: account,asset,collateral,debt[,
    /// liquidation_threshold]), under this name; without --book they are all that is priced.
    #[arg(long, value_name = "NAME=FILE", value_parser = AssetFile::parse, requires = "account_assets")]
    accounts: Option<AssetFile>,
    /// Assets of those accounts (CSV: asset,price,liquidation_threshold,liquidation_bonus).
    #[arg(long, value_name = "FILE", requires = "accounts")]
    account_assets: Option<PathBuf>,
    /// Run the accounts as so many clusters of like composition; 0 runs every account exactly. The bias is printed.
    #[arg(long, value_name = "CLUSTERS", default_value_t = 0, requires = "accounts")]
    account_clusters: u32,
    /// Day of the shipped crvUSD snapshot, 2023-10-01 to 2023-12-31.
    #[arg(long, value_name = "DAY", default_value = shipped::SNAPSHOT, conflicts_with = "book")]
    date: String,
    /// Hourly closes (CSV); without it the shipped ones of BTC and ETH, 2019 to 2023.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Candles of one asset (CSV: ts,open,high,low,close, perhaps volume; or daily ones of several symbols), such as
    /// BTC=btc.csv.gz; in place of the shipped closes, or beside those of --prices. Can be repeated.
    #[arg(long, value_name = "ASSET=FILE", value_parser = AssetFile::parse)]
    candles: Vec<AssetFile>,
    /// A pegged token, and candles of its price in units of what it follows (--follow) or of the quote currency, to which
    /// its depegs are fitted; TOKEN=stated takes the documented rate of depegs. Can be repeated.
    #[arg(long, value_name = "TOKEN=FILE", value_parser = PegChoice::parse)]
    peg: Vec<PegChoice>,
    /// Sale quotes (CSV) that give the depth; without it the shipped ones of 2023-11-20.
    #[arg(long, value_name = "FILE")]
    depth: Option<PathBuf>,
    /// Recorded events of bad debt (CSV); without it the shipped table, 2018 to 2026.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// The markets' own records (CSV: market, years, events, debt, losses), which move their premiums.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// A token's price: TOKEN=COLUMN or TOKEN=COLUMN:RATIO, such as wstETH=ETH:1.145. Can be repeated.
    #[arg(long, value_name = "TOKEN=COLUMN:RATIO", value_parser = Follow::parse)]
    follow: Vec<Follow>,

    /// Term of the policies, days.
    #[arg(long, value_name = "DAYS", default_value_t = 91.0)]
    term_days: f64,
    /// Horizon over which capital is measured, days.
    #[arg(long, value_name = "DAYS", default_value_t = 365.0)]
    horizon_days: f64,
    /// Deductible of every market, such as 250,000; by default the quantile --deductible-level of its own loss.
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    deductible: Option<f64>,
    /// Limit of every market; by default the quantile --limit-level of its own loss less the deductible.
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
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
    #[arg(long, value_name = "AMOUNT", default_value = "1,000", value_parser = amount)]
    fixed_expenses: f64,

    /// Principle behind the risk load: cost-of-capital, wang, proportional-hazard, esscher or standard-deviation, the
    /// latter four with their parameter, such as wang:0.35 (esscher: for a loss of the size of the pool's ES).
    #[arg(long, value_name = "PRINCIPLE", default_value = "cost-of-capital", value_parser = load)]
    load: Load,

    /// How prices move.
    #[arg(long, value_enum, default_value_t = Law::Kou)]
    law: Law,
    /// How rows weigh in the correlation of prices: ewma:DAYS, in which a weight halves in so many days, or full-sample.
    #[arg(long, value_name = "METHOD", default_value_t = Correlation(Some(HALF_LIFE_DAYS)), value_parser = Correlation::parse)]
    correlation: Correlation,
    /// Part of the impact of forced sales on their pool that reaches the market price; 0 for none.
    #[arg(long, value_name = "SHARE", default_value_t = Assumptions::default().impact_share)]
    impact_share: f64,
    /// Share of a loan that the first liquidation repays.
    #[arg(long, value_name = "SHARE", default_value_t = Assumptions::default().close_factor)]
    close_factor: f64,
    /// Sell loans that lie in bands (crvUSD) band by band instead of whole at their threshold: an upper bound, since every
    /// band is sold at the discount of a hard liquidation.
    #[arg(long)]
    bands: bool,
    /// Leave events (oracle failure, manipulation, exploit) out of the price.
    #[arg(long)]
    no_events: bool,
    /// Kind of the markets' venues, for events; by default collateralised-debt for the shipped book, lending for one's
    /// own.
    #[arg(long, value_enum)]
    venue: Option<VenueKind>,

    /// Draw every path plainly: no importance sampling.
    #[arg(long)]
    plain: bool,
    /// Draw the leading numbers of a path from scrambled Sobol points, in so many independent replicates (4 to 128; paths
    /// must be a multiple of it), whose spread gives the errors.
    #[arg(long, value_name = "REPLICATES", default_value_t = 0)]
    sobol_replicates: u32,
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
    /// the shipped book then pays less than half as much (docs/model.md, section 10).
    #[arg(long)]
    hold_out_known_crashes: bool,
}

impl Options {
    /// Which files to read.
    pub fn selection(&self) -> Selection<'_> {
        let mut follows = known_follows();
        follows.extend(self.follow.iter().cloned());
        Selection {
            book: as_path(&self.book),
            markets: as_path(&self.markets),
            accounts: self.accounts.clone(),
            account_assets: as_path(&self.account_assets),
            date: &self.date,
            prices: as_path(&self.prices),
            candles: self.candles.clone(),
            pegs: self.peg.clone(),
            depth: as_path(&self.depth),
            events: as_path(&self.events),
            record: as_path(&self.record),
            follows,
        }
    }

    /// The windows asked for, and whether the known crashes are to be held out, too.
    pub fn hold_out(&self) -> (&[(u64, u64)], bool) {
        (&self.hold_out, self.hold_out_known_crashes)
    }

    /// All that is asked with so many paths, but for what is held out, which needs the history.
    pub fn asked(&self, paths: u32) -> Result<Asked, Failure> {
        let drawing = DesignOptions {
            importance: !self.plain,
            sobol_replicates: self.sobol_replicates,
            ..DesignOptions::default()
        };
        bounds::drawing(&drawing, Naming::Option)?;
        let terms = self.terms(paths)?;
        bounds::replicates(&terms, &drawing, Naming::Option)?;
        Ok(Asked { assumed: self.assumptions()?, held_out: Vec::new(), terms, drawing })
    }

    /// The assumptions with what the user set.
    fn assumptions(&self) -> Result<Assumptions, Failure> {
        let own = if self.book.is_some() || self.accounts.is_some() {
            VenueKind::Lending
        } else {
            VenueKind::default()
        };
        let assumptions = Assumptions {
            renewal_days: self.renewal_days,
            law: self.law,
            impact_share: self.impact_share,
            close_factor: self.close_factor,
            bands: self.bands,
            events: !self.no_events,
            venue: self.venue.unwrap_or(own),
            correlation_half_life_days: self.correlation.0,
            account_clusters: self.account_clusters,
            ..Assumptions::default()
        };
        bounds::assumptions(&assumptions, Naming::Option)?;
        Ok(assumptions)
    }

    /// The terms, checked.
    fn terms(&self, paths: u32) -> Result<Terms, Failure> {
        let (reserve, tranches) = match self.layer_levels.split_first() {
            Some((&reserve, tranches)) => (reserve, tranches.to_vec()),
            None => (0.0, Vec::new()),
        };
        let terms = Terms {
            term_days: self.term_days,
            horizon_days: self.horizon_days,
            deductible: self.deductible,
            limit: self.limit,
            coinsurance: self.coinsurance,
            mutual_share: self.mutual_share,
            cost_of_capital: self.cost_of_capital,
            load: self.load,
            expense_rate: self.expense_rate,
            fixed_expenses: self.fixed_expenses,
            no_claims_share: self.no_claims_share,
            levels: Levels { deductible: self.deductible_level, limit: self.limit_level, reserve, tranches },
            paths: paths as usize,
            seed: self.seed,
            ..Terms::default()
        };
        bounds::terms(&terms, Naming::Option)?;
        Ok(terms)
    }
}

/// Days after which a row's weight in the correlation has halved; none for the whole history alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correlation(Option<f64>);

impl Correlation {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not full-sample or ewma:DAYS, such as ewma:90");
        match text.split_once(':') {
            None if text == "full-sample" => Ok(Self(None)),
            Some(("ewma", days)) => days.parse().map(|days| Self(Some(days))).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

impl std::fmt::Display for Correlation {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(days) => write!(out, "ewma:{days}"),
            None => out.write_str("full-sample"),
        }
    }
}

/// Reads a premium principle with its parameter.
fn load(text: &str) -> Result<Load, String> {
    let wrong = || {
        format!(
            "{text:?} is not cost-of-capital, wang:LAMBDA, proportional-hazard:RHO, esscher:H or standard-deviation:LOADING"
        )
    };
    let (name, parameter) = match text.split_once(':') {
        None => (text, None),
        Some((name, value)) => (name, Some(value.parse::<f64>().map_err(|_| wrong())?)),
    };
    match (name, parameter) {
        ("cost-of-capital", None) => Ok(Load::CostOfCapital),
        ("wang", Some(lambda)) if (0.0..=5.0).contains(&lambda) => Ok(Load::Wang { lambda }),
        ("proportional-hazard", Some(rho)) if (1.0..=20.0).contains(&rho) => {
            Ok(Load::ProportionalHazard { rho })
        }
        ("esscher", Some(h)) if (0.0..=20.0).contains(&h) => Ok(Load::Esscher { h }),
        ("standard-deviation", Some(loading)) if (0.0..=20.0).contains(&loading) => {
            Ok(Load::StandardDeviation { loading })
        }
        _ => Err(wrong()),
    }
}

/// Reads an amount with separators between groups of three digits or without: `1,000,000`, `1_000_000`, `2.5e6`.
fn amount(text: &str) -> Result<f64, String> {
    let wrong = || format!("{text:?} is no amount such as 250000, 250,000 or 250_000");
    let (whole, rest) = text.find(['.', 'e', 'E']).map_or((text, ""), |at| text.split_at(at));
    let separator = if whole.contains('_') { '_' } else { ',' };
    let mut groups = whole.split(separator);
    let first = groups.next().unwrap_or_default();
    let grouped = groups.clone().next().is_none() || (1..=3).contains(&first.len());
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !(grouped && digits(first) && groups.all(|group| group.len() == 3 && digits(group))) {
        return Err(wrong());
    }
    format!("{}{rest}", whole.replace(separator, "")).parse().map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::amount;

    #[test]
    fn separators_stand_between_groups_of_three() {
        for text in ["1000000", "1,000,000", "1_000_000", "1e6", "1,000,000.0"] {
            assert_eq!(amount(text), Ok(1e6), "{text}");
        }
        assert_eq!(amount("0.5"), Ok(0.5));
        for bad in
            ["", "1,00", "1,0000", "1000,000", "1,000_000", ",100", "-1", "inf", "nan", "1,000,", "1.5,000"]
        {
            assert!(amount(bad).is_err(), "{bad}");
        }
    }
}
