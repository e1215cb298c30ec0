//! What a file is read for.

use serde::{Deserialize, Serialize};

/// What a file is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Hourly closes of several assets.
    #[serde(rename = "hourly closes")]
    Prices,
    /// Candles of one asset.
    #[serde(rename = "candles")]
    Candles,
    /// Prices of a pegged token.
    #[serde(rename = "peg prices")]
    Peg,
    /// Sale quotes.
    #[serde(rename = "depth quotes")]
    Depth,
    /// Terms of the markets of a loan book.
    #[serde(rename = "market file")]
    Markets,
    /// Holdings of accounts with several collaterals and debts.
    #[serde(rename = "accounts")]
    Accounts,
    /// Prices and terms of the assets of those accounts.
    #[serde(rename = "account assets")]
    AccountAssets,
    /// Loans.
    #[serde(rename = "loan book")]
    LoanBook,
    /// Recorded events of bad debt.
    #[serde(rename = "events")]
    Events,
    /// The markets' own records.
    #[serde(rename = "record")]
    Record,
}

impl Role {
    /// All of them.
    #[cfg(test)]
    pub const ALL: [Self; 10] = [
        Self::Prices,
        Self::Candles,
        Self::Peg,
        Self::Depth,
        Self::Markets,
        Self::LoanBook,
        Self::Accounts,
        Self::AccountAssets,
        Self::Events,
        Self::Record,
    ];

    /// Its name, for people and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prices => "hourly closes",
            Self::Candles => "candles",
            Self::Peg => "peg prices",
            Self::Depth => "depth quotes",
            Self::Markets => "market file",
            Self::LoanBook => "loan book",
            Self::Accounts => "accounts",
            Self::AccountAssets => "account assets",
            Self::Events => "events",
            Self::Record => "record",
        }
    }

    /// The option that names another file.
    pub const fn option(self) -> &'static str {
        match self {
            Self::Prices => "--prices",
            Self::Candles => "--candles",
            Self::Peg => "--peg",
            Self::Depth => "--depth",
            Self::Markets => "--markets",
            Self::LoanBook => "--book",
            Self::Accounts => "--accounts",
            Self::AccountAssets => "--account-assets",
            Self::Events => "--events",
            Self::Record => "--record",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_written_by_their_names() {
        for role in Role::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.name());
        }
    }
}
