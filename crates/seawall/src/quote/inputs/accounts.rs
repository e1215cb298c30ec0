//! A book of accounts with several collaterals and debts, as one market of a quote.

use seawall_actuary::book::accounts::AccountBook;
use seawall_actuary::book::{Market, Position};
use seawall_formats::accounts::read_account_book;
use seawall_formats::crvusd::{MarketExclusions, Tally};

use super::{Closes, File, Insured, Selection, Track, unreadable};
use crate::output::Failure;
use crate::quote::assumptions::AT_PAR;

/// The accounts of a market, and what their assets follow.
#[derive(Clone, Debug, PartialEq)]
pub struct Accounts {
    /// The accounts. The unit of account is the quote currency.
    pub book: AccountBook,
    /// What each asset follows; none for one that is owed and taken at a fixed price.
    pub tracks: Vec<Option<Track>>,
    /// Accounts that owe something and are sound.
    pub sound: usize,
}

impl Accounts {
    /// Debt of sound accounts that stands against each asset, by the asset's part of an account's collateral.
    pub fn debt_by_collateral(&self) -> Vec<f64> {
        let prices = self.book.prices();
        let mut debts = vec![0.0; prices.len()];
        for account in 0..self.book.len() {
            let owed: f64 = self.book.debt(account).map(|debt| debt.amount * prices[debt.asset]).sum();
            let held =
                || self.book.collateral(account).map(|held| (held.asset, held.amount * prices[held.asset]));
            let total: f64 = held().map(|(_, value)| value).sum();
            if total > 0.0 {
                held().for_each(|(asset, value)| debts[asset] += owed * value / total);
            }
        }
        debts
    }
}

/// Reads the accounts and their assets.
///
/// # Errors
/// Files that make no sense, an asset without a price to follow, accounts that are all past their thresholds.
pub fn read(
    holdings: &File,
    assets: &File,
    selection: &Selection<'_>,
    closes: &Closes,
) -> Result<(Insured, MarketExclusions, Vec<String>), Failure> {
    let book = read_account_book(assets.source(), holdings.source()).map_err(unreadable)?;
    let name = holdings.origin.asset.clone().unwrap_or_default();
    let amounts = book.amounts();
    let mut said = Vec::new();
    let mut tracks = Vec::with_capacity(amounts.len());
    for (asset, &(held, owed)) in book.assets().iter().zip(&amounts) {
        let symbol = asset.symbol.as_str();
        tracks.push(match Track::find(&selection.follows, closes, symbol) {
            Ok(track) => Some(track),
            // Neither held nor owed: it moves nobody.
            Err(_) if held == 0.0 && owed == 0.0 => None,
            Err(_) if held == 0.0 && AT_PAR.contains(&symbol) => {
                said.push(format!("1 {symbol} = {} of the quote currency throughout", asset.price));
                None
            }
            Err(failure) => return Err(failure),
        });
    }
    let prices = book.prices();
    let (mut all, mut sound) = (Tally::default(), Tally::default());
    let (mut collateral, mut secured) = (0.0, 0.0);
    for account in 0..book.len() {
        let totals = book.account_totals(account, &prices).map_err(Failure::input)?;
        if totals.debt == 0.0 {
            continue;
        }
        let health = book.health_factor(account, &prices).map_err(Failure::input)?;
        (all.loans, all.debt) = (all.loans + 1, all.debt + totals.debt);
        if health >= 1.0 {
            (sound.loans, sound.debt) = (sound.loans + 1, sound.debt + totals.debt);
            (collateral, secured) = (collateral + totals.collateral, secured + health * totals.debt);
        }
    }
    if sound.loans == 0 {
        return Err(Failure::input(format!("accounts {name}: every account is past its threshold"))
            .hint("check prices and liquidation thresholds in the table of assets"));
    }
    let largest = |of: fn(&(f64, f64)) -> f64| {
        let value = |&index: &usize| of(&amounts[index]) * prices[index];
        (0..amounts.len()).max_by(|a, b| value(a).total_cmp(&value(b))).unwrap_or(0)
    };
    let (main, owed) = (largest(|amount| amount.0), largest(|amount| amount.1));
    let symbol = |index: usize| book.assets()[index].symbol.clone();
    let Some(follow) = tracks[main].clone() else {
        return Err(Failure::input(format!("accounts {name}: nobody holds collateral")));
    };
    // The sum of all accounts, in the quote currency: for names, debt and ratios. The accounts themselves are run.
    let position = Position::new(collateral, sound.debt, secured / collateral).map_err(Failure::input)?;
    let market =
        Market::new(&*name, symbol(main), symbol(owed), vec!["all accounts".to_owned()], vec![position])
            .map_err(Failure::input)?;
    let above_threshold = Tally { loans: all.loans - sound.loans, debt: all.debt - sound.debt };
    let exclusions =
        MarketExclusions { market: name, all, above_threshold, dust: Tally::default(), kept: sound };
    let insured = Insured {
        market,
        follow,
        debt_follow: None,
        collateral_price: 1.0,
        debt_price: 1.0,
        bonus: 0.0,
        delay_hours: None,
        bands: false,
        accounts: Some(Accounts { book, tracks, sound: sound.loans as usize }),
    };
    Ok((insured, exclusions, said))
}
