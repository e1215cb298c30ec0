//! Thresholds and bonuses of assets, from a table of reserve parameters.

use crate::error::FormatError;
use crate::field::{Range, shown};
use crate::source::Source;
use crate::table::{Header, Table};

/// Terms under which a protocol takes an asset as collateral.
#[derive(Clone, Debug, PartialEq)]
pub struct AssetTerms {
    /// Symbol of the asset.
    pub symbol: String,
    /// Liquidation threshold, in [0, 1); 0 where it is no collateral.
    pub liquidation_threshold: f64,
    /// What a liquidator who seizes it is paid, in [0, 1).
    pub bonus: f64,
}

/// Reads the columns `symbol`, `liquidation_threshold` and `liquidation_bonus` of a table that may have others; of the
/// rows whose column `network` says so, where a network is given.
///
/// # Errors
/// Any [`FormatError`] of tables; [`FormatError::Duplicate`] for a symbol that stands twice, [`FormatError::NotFound`]
/// for a network without rows.
pub fn read_asset_terms(source: Source<'_>, network: Option<&str>) -> Result<Vec<AssetTerms>, FormatError> {
    let mut table = Table::open(source, &Header::Open("symbol"))?;
    let symbol = table.required("symbol")?;
    let threshold = table.required("liquidation_threshold")?;
    let bonus = table.required("liquidation_bonus")?;
    let networks = match network {
        Some(wanted) => Some((table.required("network")?, wanted)),
        None => None,
    };
    let mut terms: Vec<(AssetTerms, u64)> = Vec::new();
    while let Some(row) = table.next_row()? {
        if let Some((column, wanted)) = networks
            && row.text(column)? != wanted
        {
            continue;
        }
        let name = row.name(symbol)?;
        if let Some((_, first_line)) = terms.iter().find(|(known, _)| known.symbol == name) {
            let (at, first_line) = (row.at(symbol), *first_line);
            return Err(FormatError::Duplicate { at, what: "the symbol", found: shown(name), first_line });
        }
        let one = AssetTerms {
            symbol: name.to_owned(),
            liquidation_threshold: row.number(threshold, Range::FractionOrZero)?,
            bonus: row.number(bonus, Range::FractionOrZero)?,
        };
        terms.push((one, row.line));
    }
    if terms.is_empty()
        && let Some(wanted) = network
    {
        return Err(FormatError::NotFound {
            at: crate::error::Place::file(table.file()),
            what: "network",
            wanted: shown(wanted),
            found: "rows of other networks".to_owned(),
        });
    }
    Ok(terms.into_iter().map(|(one, _)| one).collect())
}
