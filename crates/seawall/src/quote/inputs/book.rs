//! The markets to be priced: the shipped snapshot of a day, or a loan book with its market file.

use seawall_actuary::book::{Book, Market};
use seawall_formats::crvusd::{self, Exclusions, MarketExclusions, Tally, read_crvusd};
use seawall_formats::loan_book::{LoanBookOptions, read_loan_book};
use seawall_formats::market_terms::{MarketTable, read_market_terms};

use super::accounts::Accounts;
use super::{Closes, File, Selection, Track, unreadable};
use crate::output::Failure;
use crate::quote::assumptions::AT_PAR;
use crate::quote::windows;

/// One market to be priced.
#[derive(Clone, Debug, PartialEq)]
pub struct Insured {
    /// Its loans.
    pub market: Market,
    /// The price its collateral follows.
    pub follow: Track,
    /// The price its debt follows; none where it is taken at par.
    pub debt_follow: Option<Track>,
    /// Price of a collateral token, quote currency.
    pub collateral_price: f64,
    /// Price of a debt token, quote currency.
    pub debt_price: f64,
    /// What a liquidator is paid, fraction.
    pub bonus: f64,
    /// Hours from threshold to sale in calm times, where the market file states it.
    pub delay_hours: Option<f64>,
    /// Its loans lie in bands, as those of crvUSD do.
    pub bands: bool,
    /// Its accounts, where they hold several collaterals and debts; the market is then their sum.
    pub accounts: Option<Accounts>,
}

impl Insured {
    /// What its collateral and its debt follow.
    pub fn tracks(&self) -> impl Iterator<Item = &Track> {
        let of_accounts = self.accounts.iter().flat_map(|accounts| accounts.tracks.iter().flatten());
        std::iter::once(&self.follow).chain(&self.debt_follow).chain(of_accounts)
    }

    /// Number of loans or accounts.
    pub fn loans(&self) -> usize {
        self.accounts.as_ref().map_or_else(|| self.market.loans(), |accounts| accounts.sound)
    }
}

/// The markets, and what is said of them.
#[derive(Default)]
pub struct Markets {
    /// In the order of the book.
    pub insured: Vec<Insured>,
    /// Loans that were left out, market by market.
    pub exclusions: Exclusions,
    /// Day or moment of the book.
    pub snapshot: String,
    /// What was assumed by the reader.
    pub assumptions: Vec<String>,
}

impl Markets {
    /// Adds a book of accounts after the others.
    ///
    /// # Errors
    /// A name that another market has.
    pub fn push(
        &mut self,
        (insured, exclusions, said): (Insured, MarketExclusions, Vec<String>),
        file: &File,
    ) -> Result<(), Failure> {
        if self.insured.iter().any(|other| other.market.name == insured.market.name) {
            return Err(Failure::input(format!(
                "--accounts {}: a market has that name",
                insured.market.name
            ))
            .hint("give the accounts another name"));
        }
        if self.snapshot.is_empty() {
            self.snapshot = format!("as in {}", file.origin.name);
        }
        self.insured.push(insured);
        self.exclusions.markets.push(exclusions);
        self.assumptions.extend(said);
        Ok(())
    }
}

/// The shipped crvUSD snapshot of a day.
///
/// # Errors
/// A day that it does not have; a token without a price.
pub fn snapshot(book: &File, selection: &Selection<'_>, closes: &Closes) -> Result<Markets, Failure> {
    let made = read_crvusd(book.source(), selection.date, &closes.history).map_err(unreadable)?;
    // The liquidator receives the whole collateral for the debt when the discounted value equals it.
    let bonus = crvusd::LIQUIDATION_DISCOUNT / (1.0 - crvusd::LIQUIDATION_DISCOUNT);
    let insured = made.book.markets.into_iter().zip(made.collateral_prices).map(|(market, price)| {
        let follow = Track::find(&selection.follows, closes, &market.collateral_asset)?;
        let debt_follow = Track::find(&selection.follows, closes, &market.debt_asset).ok();
        Ok(Insured {
            market,
            follow,
            debt_follow,
            collateral_price: price,
            debt_price: made.debt_price,
            bonus,
            delay_hours: None,
            bands: true,
            accounts: None,
        })
    });
    Ok(Markets {
        insured: insured.collect::<Result<_, Failure>>()?,
        exclusions: made.exclusions,
        snapshot: windows::minute(made.time),
        assumptions: made.assumptions.iter().map(|&text| text.to_owned()).collect(),
    })
}

/// A loan book with its market file.
///
/// # Errors
/// A file that makes no sense, a market without terms, a token without a price.
pub fn from_file(
    book: &File,
    terms: &File,
    selection: &Selection<'_>,
    closes: &Closes,
) -> Result<Markets, Failure> {
    let terms = read_market_terms(terms.source()).map_err(unreadable)?;
    let options = LoanBookOptions { markets: Some(&terms), assets: None };
    let snapshot = format!("as in {}", book.origin.name);
    let book: Book = read_loan_book(book.source(), &options).map_err(unreadable)?;
    let mut assumptions = Vec::new();
    let mut exclusions = Exclusions::default();
    let mut insured = Vec::new();
    for market in book.markets {
        let mut one = one_market(market, &terms, selection, closes, &mut assumptions)?;
        exclusions.markets.push(leave_out_broken(&mut one)?);
        insured.push(one);
    }
    Ok(Markets { insured, exclusions, snapshot, assumptions })
}

fn one_market(
    market: Market,
    terms: &MarketTable,
    selection: &Selection<'_>,
    closes: &Closes,
    assumptions: &mut Vec<String>,
) -> Result<Insured, Failure> {
    let Some(terms) = terms.get(&market.name) else {
        return Err(Failure::input(format!("market {} is not in {}", market.name, terms.file())));
    };
    let follow = Track::find(&selection.follows, closes, &market.collateral_asset)?;
    let collateral_price = match terms.collateral_price {
        Some(price) => price,
        None => follow.last_close(closes)?,
    };
    let mut assume = |sentence: String| {
        if !assumptions.contains(&sentence) {
            assumptions.push(sentence);
        }
    };
    if let Some(column) = follow.column.as_ref().filter(|column| follow.symbol != **column) {
        assume(format!("{} = {} x {column}", follow.symbol, follow.ratio));
    }
    if terms.collateral_price.is_none() {
        assume(format!("price of {}: last close of {}", follow.symbol, follow.family()));
    }
    let debt_follow = Track::find(&selection.follows, closes, &market.debt_asset).ok();
    let debt_price = match (terms.debt_price, &debt_follow) {
        (Some(price), _) => price,
        (None, Some(follow)) => follow.last_close(closes)?,
        (None, None) if AT_PAR.contains(&market.debt_asset.as_str()) => 1.0,
        (None, None) => {
            return Err(Failure::input(format!(
                "market {}: no price of the debt asset {}",
                market.name, market.debt_asset
            ))
            .hint("give debt_price in the market file, or --follow TOKEN=COLUMN"));
        }
    };
    if debt_follow.is_none() {
        assume(format!("1 {} = {debt_price} of the quote currency throughout", market.debt_asset));
    }
    Ok(Insured {
        market,
        follow,
        debt_follow,
        collateral_price,
        debt_price,
        bonus: terms.liquidation_bonus,
        delay_hours: Some(terms.delay_seconds as f64 / 3600.0),
        bands: false,
        accounts: None,
    })
}

/// Leaves out the loans that are past their threshold at the opening: what becomes of them is no risk of the
/// future. They are counted, as those of the shipped snapshot are.
fn leave_out_broken(insured: &mut Insured) -> Result<MarketExclusions, Failure> {
    let (collateral_price, debt_price) = (insured.collateral_price, insured.debt_price);
    let market = &mut insured.market;
    let tally = |market: &Market| Tally { loans: market.loans() as u64, debt: market.debt() * debt_price };
    let all = tally(market);
    let sound = market.positions.iter().map(|loan| !loan.is_liquidatable(collateral_price, debt_price));
    let keep: Vec<bool> = sound.collect();
    let mut flags = keep.iter();
    market.positions.retain(|_| flags.next().copied().unwrap_or(true));
    let mut flags = keep.iter();
    market.accounts.retain(|_| flags.next().copied().unwrap_or(true));
    if market.positions.is_empty() {
        return Err(Failure::input(format!(
            "market {}: every loan is past its threshold at collateral price {collateral_price}",
            market.name
        ))
        .hint("check collateral_price and liquidation_threshold in the market file"));
    }
    let kept = tally(market);
    let above_threshold = Tally { loans: all.loans - kept.loans, debt: all.debt - kept.debt };
    Ok(MarketExclusions { market: market.name.clone(), all, above_threshold, dust: Tally::default(), kept })
}
