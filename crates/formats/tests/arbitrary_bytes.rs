//! No input makes a reader panic: arbitrary bytes, and tables broken at one place.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use seawall_actuary::book::{Book, Market, Position};
use seawall_actuary::price::PriceHistory;
use seawall_formats::accounts::aave::{AaveOptions, read_aave_accounts};
use seawall_formats::accounts::{AssetTerms, read_account_book, read_asset_terms};
use seawall_formats::bad_debt_events::{COLUMN_NAMES, read_events};
use seawall_formats::candles::{
    CandleOptions, CandleSeries, LastBar, join, read_candles, read_daily_candles,
};
use seawall_formats::crvusd::read_crvusd;
use seawall_formats::depth_quotes::read_depth;
use seawall_formats::loan_book::{LoanBookOptions, read_loan_book, write_loan_book};
use seawall_formats::market_terms::read_market_terms;
use seawall_formats::pools::read_pools;
use seawall_formats::price_table::read_prices;
use seawall_formats::{FormatError, Source};

fn outcome<T>(result: Result<T, FormatError>) {
    if let Err(error) = result {
        assert!(!error.to_string().is_empty() && !error.hint().is_empty());
    }
}

const ASSETS: &[u8] = b"asset,price,liquidation_threshold,liquidation_bonus\na,2,0.8,0.05\nb,1,0,0\n";

fn aave_options() -> AaveOptions {
    let terms = |symbol: &str| AssetTerms { symbol: symbol.into(), liquidation_threshold: 0.8, bonus: 0.05 };
    AaveOptions {
        terms: ["stETH", "WETH", "USDC"].map(terms).to_vec(),
        residual_collateral: "OTHER".into(),
        residual_bonus: 0.05,
        residual_debt: "OTHER DEBT".into(),
        eth_price: 1.0,
    }
}

/// Every reader on these bytes.
fn read_all(bytes: &[u8]) {
    let source = || Source::new("bytes", bytes);
    let history = PriceHistory {
        assets: vec!["BTC".into(), "ETH".into()],
        start: 1_700_017_200,
        step: 3_600,
        closes: vec![vec![30_000.0], vec![2_000.0]],
    };
    if let Ok(book) = read_loan_book(source(), &LoanBookOptions::default()) {
        book.validate().unwrap();
    }
    outcome(read_market_terms(source()));
    if let Ok(table) = read_prices(source()) {
        assert!(table.history.closes.iter().flatten().all(|close| close.is_nan() || *close > 0.0));
    }
    let options = CandleOptions { last_bar: LastBar::Keep, ..CandleOptions::default() };
    match read_candles(source(), "X", &options) {
        Ok(series) => candles(&[series]),
        Err(error) => outcome::<()>(Err(error)),
    }
    match read_daily_candles(source(), &options) {
        Ok(series) => candles(&series),
        Err(error) => outcome::<()>(Err(error)),
    }
    if let Ok(curves) = read_depth(source()) {
        for curve in curves {
            assert!(curve.points.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1));
        }
    }
    outcome(read_events(source()));
    outcome(read_pools(source()));
    outcome(read_asset_terms(source(), None));
    outcome(read_account_book(source(), Source::new("holdings", bytes)));
    outcome(read_account_book(Source::new("assets", ASSETS), source()));
    outcome(read_aave_accounts(vec![source(), source()], &aave_options()));
    if let Ok(made) = read_crvusd(source(), "2023-11-15", &history) {
        made.book.validate().unwrap();
    }
}

/// What is left of candles is possible, in order and joins.
fn candles(series: &[CandleSeries]) {
    for one in series {
        assert!(!one.report.to_string().is_empty() && one.report.used == one.candles.len());
        assert!(one.candles.windows(2).all(|pair| pair[0].time < pair[1].time));
        for candle in &one.candles {
            assert!(candle.low > 0.0 && candle.low <= candle.close && candle.high >= candle.close);
        }
    }
    if let Ok(history) = join(series) {
        history.check().unwrap();
    }
}

fn tables() -> Vec<Vec<u8>> {
    let event =
        "E1,2020-03-12,MakerDAO,CDP,Ethereum,ETH,5,4,6,bad debt,price_gap,,treasury,,,https://x.org,A,\n";
    vec![
        b"market,account,collateral_asset,collateral_amount,debt_asset,debt_amount,liquidation_threshold\n\
          a,x,WETH,1,USDC,1,.8\na,y,WETH,1.5e3,USDC,2,.8\n"
            .to_vec(),
        b"market,collateral_asset,debt_asset,liquidation_bonus,delay_seconds\na,WETH,USDC,.1,5\n".to_vec(),
        b"[{\"market\":\"a\",\"collateral_asset\":\"b\",\"debt_asset\":\"c\",\"liquidation_bonus\":0.1,\"delay_seconds\":9}]"
            .to_vec(),
        b"ts,A,B\n3600,1,2\n1970-01-01T02:00:00Z,1.5,\n14400,1,2\n".to_vec(),
        b"ts,sell_asset,buy_asset,sell_amount,buy_amount,price_impact\n0,A,B,1,1,0\n0,A,B,2,1,.5\n0,A,B,3,1,.25\n".to_vec(),
        b"market,date,day_index,debt_crvusd,collateral_tokens,n_bands\nweth,2023-11-15,45,1000,1,4\n".to_vec(),
        format!("{}\n{event}", COLUMN_NAMES.join(",")).into_bytes(),
        b"ts,open,high,low,close,volume\n3600,1,2,0.5,1.5,10\n7200,1.5,1.5,1.5,1.5,0\n10800,1.5,3,1,2,7\n".to_vec(),
        b"symbol,date,open,high,low,close\nA,2024-01-01,1,2,0.5,1.5\nB,2024-01-01,1,1,1,1\n\
          A,2024-01-02,1.5,3,1,2\nB,2024-01-03,1,1,1,1\n"
            .to_vec(),
        b"venue,kind,sell_asset,buy_asset,price,lower_price,upper_price,liquidity\n\
          a,concentrated,W,U,5,1,2,7\na,concentrated,W,U,5,2,,7\n"
            .to_vec(),
        b"account,asset,collateral,debt\nx,a,1,0\nx,b,0,1\n".to_vec(),
        b"user,collateral,debt,threshold,healthf,amount,ethdebt,collateral_steth_calc,usdc,usdc_price,usdc_decimals,\
          usdc_threshold,usdc_collateral\na,3,1,8000,2.4,1,1,1,5,500000000000000,6,0.8,1000000\n"
            .to_vec(),
    ]
}

#[test]
fn the_unbroken_tables_are_read() {
    let tables = tables();
    let source = |table: usize| Source::new("table", tables[table].as_slice());
    read_loan_book(source(0), &LoanBookOptions::default()).unwrap();
    read_market_terms(source(1)).unwrap();
    read_market_terms(source(2)).unwrap();
    read_prices(source(3)).unwrap();
    read_depth(source(4)).unwrap();
    read_events(source(6)).unwrap();
    read_candles(source(7), "X", &CandleOptions::default()).unwrap();
    assert_eq!(read_daily_candles(source(8), &CandleOptions::default()).unwrap().len(), 2);
    assert_eq!(read_pools(source(9)).unwrap().len(), 1);
    assert_eq!(read_account_book(Source::new("assets", ASSETS), source(10)).unwrap().len(), 1);
    assert_eq!(read_aave_accounts(vec![source(11)], &aave_options()).unwrap().book.len(), 1);
}

/// Bytes that matter to a parser, more often than chance would have them.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        any::<u8>(),
        proptest::sample::select(b",\"\n\r\\[]{}:.-+eE0123456789naif\xef\xbb\xbf\x1f\x8b\x00".to_vec())
    ]
}

fn amount() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(0.0),
        1e-12..1e12f64,
        any::<f64>().prop_map(f64::abs).prop_filter("finite", |x| *x < 1e290)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(byte(), 0..400)) {
        read_all(&bytes);
    }

    #[test]
    fn broken_tables_do_not_panic(
        table in 0usize..12,
        edits in prop::collection::vec((any::<prop::sample::Index>(), byte(), 0u8..3), 1..6),
        packed: bool,
        cut in any::<prop::sample::Index>(),
        cut_it in prop::bool::weighted(0.2),
    ) {
        let mut bytes = tables().swap_remove(table);
        for (at, byte, kind) in edits {
            let at = at.index(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
            match kind {
                _ if bytes.is_empty() => bytes.push(byte),
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => {
                    bytes.remove(at);
                }
            }
        }
        if packed {
            let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
            packer.write_all(&bytes).unwrap();
            bytes = packer.finish().unwrap();
        }
        if cut_it {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        read_all(&bytes);
    }

    #[test]
    fn any_book_written_reads_back_the_same(
        loans in prop::collection::vec((amount(), amount(), 1e-9..0.999_999f64, "[!-~é€]{1,12}"), 1..20),
        name in "[!-~]([ -~]{0,10}[!-~])?",
    ) {
        let mut accounts = Vec::new();
        let mut positions = Vec::new();
        for (index, (collateral, debt, threshold, account)) in loans.into_iter().enumerate() {
            accounts.push(format!("{account}{index}"));
            positions.push(Position::new(collateral, debt, threshold).unwrap());
        }
        positions[0].debt += 1.0;
        let unique: std::collections::HashSet<_> = accounts.iter().collect();
        prop_assume!(unique.len() == accounts.len());
        let book = Book::new(vec![Market::new(name, "WETH", "USDC", accounts, positions).unwrap()]).unwrap();
        let mut written = Vec::new();
        write_loan_book(&book, &mut written).unwrap();
        let again = read_loan_book(Source::new("written", written.as_slice()), &LoanBookOptions::default()).unwrap();
        prop_assert_eq!(again, book);
    }
}
