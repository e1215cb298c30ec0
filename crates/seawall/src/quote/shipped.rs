//! Data that the binary carries: crvUSD borrowers, hourly closes and sale quotes. Their origins and licences
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

/// Day of the loan book that is priced unless another is named.
pub const SNAPSHOT: &str = "2023-11-15";
