//! Tables of pools: what they become, and what is refused and how.

use seawall_actuary::liquidation::Depth;
use seawall_formats::pools::{PoolVenue, Reserves, read_pools};
use seawall_formats::{FormatError, Source};

const HEADER: &str = "venue,kind,sell_asset,buy_asset,fee,sell_reserve,buy_reserve,price,lower_price,upper_price,\
                      liquidity,volatility,volume\n";

fn read(rows: &str) -> Result<Vec<PoolVenue>, FormatError> {
    let text = format!("{HEADER}{rows}");
    read_pools(Source::new("pools.csv", text.as_bytes()))
}

#[test]
fn three_kinds_of_venue() {
    let venues = read(
        "v2,constant_product,WETH,USDC,0.003,5000,10000000,,,,,,\n\
         v3,concentrated,WETH,USDC,0.0005,,,2000,1500,1900,200000,,\n\
         law,square_root,WETH,USDC,,,,,,,,0.04,250000000\n\
         v3,concentrated,WETH,USDC,0.0005,,,2000,1900,,900000,,\n",
    )
    .unwrap();
    assert_eq!(venues.iter().map(|venue| venue.venue.as_str()).collect::<Vec<_>>(), ["v2", "v3", "law"]);
    assert!(matches!(&venues[1].reserves, Reserves::Concentrated { ranges, .. } if ranges.len() == 2));
    // The pool of 10 million at 0.3 %: 4 % of it moves the price by 4 % on average.
    let pool = venues[0].impact(1.0).unwrap();
    assert!((pool.slip(400_000.0) - (1.0 - 0.997 / (1.0 + 0.997 * 0.04))).abs() < 1e-15);
    // A dollar worth two units: the same pool is twice as deep.
    assert!((venues[0].impact(2.0).unwrap().slip(800_000.0) - pool.slip(400_000.0)).abs() < 1e-15);
    assert!((venues[2].impact(1.0).unwrap().slip(2_500_000.0) - 0.004).abs() < 1e-15);
    // Down to 1,900 the range holds 900,000 (sqrt 2000 - sqrt 1900) = 1.02 million dollars.
    let ranges = venues[1].impact(1.0).unwrap();
    assert!(ranges.slip(1e6) < 0.03 && ranges.slip(3e6) > 0.1);
    assert!(Depth::from_impact(&ranges, 0.05, 10.0, 24.0, 0.3).unwrap().by_regime().calm > 1e6 / 24.0);
}

fn refusal(rows: &str) -> String {
    let error = read(rows).unwrap_err();
    assert!(!error.hint().is_empty());
    error.to_string()
}

#[test]
fn refusals_name_file_row_and_field() {
    assert_eq!(
        refusal("a,constant_product,WETH,USDC,,5000,,,,,,,\n"),
        "pools.csv, line 2, field \"buy_reserve\": found \"\", expected a finite number above 0"
    );
    assert_eq!(
        refusal("a,orderbook,WETH,USDC,,,,,,,,,\n"),
        "pools.csv, line 2, field \"kind\": unknown kind of venue \"orderbook\", \
         expected one of constant_product, concentrated, square_root"
    );
    assert_eq!(
        refusal("a,square_root,W,U,,,,,,,,1,1\na,square_root,W,U,,,,,,,,1,1\n"),
        "pools.csv, line 3, field \"venue\": the venue of this pair \"a\" stands already on line 2, expected it once"
    );
    assert_eq!(
        refusal("a,concentrated,W,U,,,,5,1,2,7,,\na,concentrated,W,U,,,,6,2,3,7,,\n"),
        "pools.csv, line 3, field \"price\": found \"6\", expected \"5\" as pools.csv, line 2 says for the price of \
         venue \"a\""
    );
    assert!(refusal("a,concentrated,W,U,,,,5,1,2,7,,\na,concentrated,W,U,,,,5,1.5,3,7,,\n").starts_with(
        "pools.csv, line 2, field \"lower_price\": range 1: from 1.5 to 3, expected it above 2"
    ));
    assert!(refusal("a,concentrated,W,U,,,,5,6,7,7,,\n").contains("lower_price"), "nothing below the price");
    assert!(refusal("a,concentrated,W,U,1,,,5,1,2,7,,\n").contains("field \"fee\""));
    let short =
        read_pools(Source::new("p.csv", &b"venue,kind,sell_asset,buy_asset\na,square_root,W,U\n"[..]));
    assert_eq!(
        short.unwrap_err().to_string(),
        "p.csv, line 2, field \"volatility\": found \"\", expected a finite number above 0"
    );
}
