//! What a pool's books are counted in: symbol and decimals of the asset, names of the tranches. The journal has no
//! place of its own for them, so they stand under its hash as the first market's name, which is reserved; the
//! engine never sees a market of that number.

use serde::{Deserialize, Serialize};

use super::amount::{DECIMALS_MAX, Unit};

/// The words of a pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The settlement token.
    #[serde(rename = "asset")]
    pub unit: Unit,
    /// Tranches, most junior first.
    pub tranches: Vec<String>,
}

/// First letter of the reserved name.
const MARK: char = '@';

impl Header {
    /// The reserved name.
    pub fn name(&self) -> String {
        format!("{MARK}{}", serde_json::json!(self))
    }

    /// The header of a pool with these market names. A journal that was begun without one, by another program, is
    /// counted in smallest units.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn find(markets: &[String], tranches: usize) -> Result<Self, String> {
        let Some(text) = markets.first().and_then(|name| name.strip_prefix(MARK)) else {
            let unit = Unit { symbol: "units".to_owned(), decimals: 0 };
            return Ok(Self { unit, tranches: (0..tranches).map(|index| index.to_string()).collect() });
        };
        let header: Self = serde_json::from_str(text).map_err(|error| format!("is not readable: {error}"))?;
        if header.tranches.len() != tranches {
            return Err(format!("names {} tranches, the pool has {tranches}", header.tranches.len()));
        }
        if header.unit.decimals > DECIMALS_MAX {
            return Err(format!("gives the asset {} decimals", header.unit.decimals));
        }
        Ok(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_found_again_and_a_wrong_one_refused() {
        let unit = Unit { symbol: "USDC".to_owned(), decimals: 6 };
        let header = Header { unit, tranches: vec!["junior".to_owned(), "senior".to_owned()] };
        let markets = [header.name(), "aave".to_owned()];
        assert_eq!(Header::find(&markets, 2), Ok(header));
        assert!(Header::find(&markets, 3).is_err());
        assert!(Header::find(&["@{}".to_owned()], 1).is_err());
        assert_eq!(Header::find(&[], 2).unwrap().tranches, ["0", "1"]);
    }
}
