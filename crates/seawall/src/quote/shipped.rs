//! Data that the binary carries: crvUSD borrowers, hourly closes, sale quotes and events. Their origins and licences
//! stand in the repository's `data/` folder.

/// Hourly closes of BTC and ETH, 2019 to 2023.
pub const PRICES: (&str, &[u8]) =
    ("data/prices/hourly-closes.csv.gz", include_bytes!("../../../../data/prices/hourly-closes.csv.gz"));

/// Borrowers of the four crvUSD markets, daily, fourth quarter of 2023.
pub const BORROWERS: (&str, &[u8]) = (
    "data/crvusd-2023q4/borrowers.csv.gz",
    include_bytes!("../../../../data/crvusd-2023q4/borrowers.csv.gz"),
);

/// Sale quotes of 20 November 2023 into USDC.
pub const DEPTH: (&str, &[u8]) = (
    "data/depth/quotes-2023-11-20.csv.gz",
    include_bytes!("../../../../data/depth/quotes-2023-11-20.csv.gz"),
);

/// Recorded events of bad debt, 2018 to April 2026.
pub const EVENTS: (&str, &[u8]) =
    ("data/events/bad-debt-events.csv", include_bytes!("../../../../data/events/bad-debt-events.csv"));

/// Day of the loan book that is priced unless another is named.
pub const SNAPSHOT: &str = "2023-11-15";
