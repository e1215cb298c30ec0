//! Tables of accounts: our own, there and back, and the terms of assets.

use seawall_actuary::book::AccountBook;
use seawall_formats::accounts::{
    read_account_book, read_asset_terms, write_account_assets, write_account_holdings,
};
use seawall_formats::{FormatError, Source};

const ASSETS: &str = "asset,price,liquidation_threshold,liquidation_bonus\n\
                      stETH,1799.5,0.83,0.075\nWBTC,30000,0.78,0.05\nUSDC,1,0,0\n";

fn read(holdings: &str) -> Result<AccountBook, FormatError> {
    read_account_book(
        Source::new("assets.csv", ASSETS.as_bytes()),
        Source::new("holdings.csv", holdings.as_bytes()),
    )
}

#[test]
fn a_book_there_and_back() {
    let book = read(
        "account,asset,collateral,debt,liquidation_threshold\n\
         a,stETH,10,,\na,WBTC,0.5,,0.9\na,USDC,,9000.5,\nb,stETH,1,0.25,\nb,USDC,,300,\n",
    )
    .unwrap();
    let prices = book.prices();
    let expected = (10.0 * 1799.5 * 0.83 + 0.5 * 30_000.0 * 0.9) / 9000.5;
    assert!((book.health_factor(0, &prices).unwrap() - expected).abs() < 1e-14);
    let (mut assets, mut holdings) = (Vec::new(), Vec::new());
    write_account_assets(&book, &mut assets).unwrap();
    write_account_holdings(&book, &mut holdings).unwrap();
    let again = read_account_book(Source::new("a", &assets[..]), Source::new("h", &holdings[..])).unwrap();
    assert_eq!(again, book);
}

#[test]
fn refusals_name_file_row_and_field() {
    let header = "account,asset,collateral,debt\n";
    let refusal = |rows: &str| read(&format!("{header}{rows}")).unwrap_err().to_string();
    assert_eq!(
        refusal("a,ETH,1,0\n"),
        "holdings.csv, line 2, field \"asset\": unknown asset \"ETH\", expected one of stETH, WBTC, USDC"
    );
    assert_eq!(
        refusal("a,stETH,1,0\na,USDC,1,1\n"),
        "holdings.csv, line 2, field \"account\": account \"a\", asset USDC: liquidation threshold is 0, \
         expected a fraction above 0 and below 1"
    );
    assert_eq!(
        refusal("a,stETH,1,0\nb,USDC,,1\na,USDC,,1\n"),
        "holdings.csv, line 4, field \"account\": account \"a\" stands twice (0 and 2, counted from 0)"
    );
    assert!(refusal("a,stETH,-1,0\n").contains("line 2, field \"collateral\""));
    assert!(refusal("a,stETH,1,0\n").contains("no debt"));
    let twice = read_account_book(
        Source::new(
            "assets.csv",
            &b"asset,price,liquidation_threshold,liquidation_bonus\nA,1,0,0\nA,1,0,0\n"[..],
        ),
        Source::new("h", &b"account,asset,collateral,debt\n"[..]),
    );
    assert_eq!(
        twice.unwrap_err().to_string(),
        "assets.csv: asset \"A\" stands twice (0 and 1, counted from 0)"
    );
}

#[test]
fn terms_of_one_network() {
    let table = "network,symbol,asset_address,decimals,loan_to_value,liquidation_threshold,liquidation_bonus,active\n\
                 ethereum,WETH,0xc0,18,0.805,0.83,0.05,True\n\
                 arbitrum,WETH,0x82,18,0.8,0.84,0.05,True\n\
                 ethereum,GHO,0x40,18,0.0,0.0,0.0,True\n";
    let source = || Source::new("reserves.csv", table.as_bytes());
    let terms = read_asset_terms(source(), Some("ethereum")).unwrap();
    assert_eq!(terms.len(), 2);
    assert_eq!(
        (terms[0].symbol.as_str(), terms[0].liquidation_threshold, terms[0].bonus),
        ("WETH", 0.83, 0.05)
    );
    assert_eq!(
        read_asset_terms(source(), None).unwrap_err().to_string(),
        "reserves.csv, line 3, field \"symbol\": the symbol \"WETH\" stands already on line 2, expected it once"
    );
    assert!(matches!(read_asset_terms(source(), Some("base")), Err(FormatError::NotFound { .. })));
}
