//! What the readers of prices, quotes, events and borrower states take and refuse.

use seawall_actuary::price::PriceHistory;
use seawall_formats::bad_debt_events::read_events;
use seawall_formats::crvusd::read_crvusd;
use seawall_formats::depth_quotes::read_depth;
use seawall_formats::price_table::{Gap, PriceTable, close_known_at, read_prices};
use seawall_formats::{FormatError, Source};

fn prices(text: &str) -> Result<PriceTable, FormatError> {
    read_prices(Source::new("prices.csv", text.as_bytes()))
}

fn message<T: std::fmt::Debug>(result: Result<T, FormatError>) -> String {
    let error = result.unwrap_err();
    assert!(!error.hint().is_empty());
    error.to_string()
}

#[test]
fn gaps_are_absent_and_counted() {
    // Rows 1 and 4 to 6 are missing; cell B of row 2 and of row 7 is empty.
    let table = prices("ts,A,B\n0,1,10\n7200,2,\n1970-01-01T03:00:00Z,3,13\n25200,4,\n").unwrap();
    let history = &table.history;
    let shape =
        |asset: usize| history.closes[asset].iter().map(|close| if close.is_nan() { 0.0 } else { *close });
    assert_eq!(shape(0).collect::<Vec<_>>(), [1.0, 0.0, 2.0, 3.0, 0.0, 0.0, 0.0, 4.0]);
    assert_eq!(shape(1).collect::<Vec<_>>(), [10.0, 0.0, 0.0, 13.0, 0.0, 0.0, 0.0, 0.0]);
    let [a, b] = &table.gaps[..] else { panic!("two assets") };
    assert_eq!((a.hours, a.runs), (4, 2));
    assert_eq!((b.hours, b.runs), (6, 2));
    assert_eq!(a.first, Some(Gap { start: 3_600, hours: 1 }));
    assert_eq!(a.longest, Some(Gap { start: 14_400, hours: 3 }));
    assert_eq!(b.longest, Some(Gap { start: 14_400, hours: 4 }));
    // The close of the row at 0 is known from 3600 on, for an hour; a gap is not bridged.
    let known: Vec<_> =
        [0, 3_599, 3_600, 7_199, 7_200, 10_800].map(|at| close_known_at(history, "A", at)).into();
    assert_eq!(known, [None, None, Some(1.0), Some(1.0), None, Some(2.0)]);
}

#[test]
fn times_and_prices_that_are_refused() {
    assert_eq!(
        message(prices("ts,A\n7200,1\n3600,1\n")),
        "prices.csv, line 3, field \"ts\": found 3600 (unix seconds), earlier than 7200 on the row above, expected \
         rising times"
    );
    assert_eq!(
        message(prices("ts,A\n7200,1\n7200,1\n")),
        "prices.csv, line 3, field \"ts\": the time \"7200\" stands already on line 2, expected it once"
    );
    assert_eq!(
        message(prices("ts,A\n7200,1\n10801,1\n")),
        "prices.csv, line 3, field \"ts\": found 10801 (unix seconds), expected a multiple of 3600 seconds"
    );
    assert!(message(prices("ts,A\n3600,1\n1700000000000000,1\n")).contains("line 3, field \"ts\""));
    assert!(matches!(prices("ts,A\n0,1\n36000000000,1\n"), Err(FormatError::SpanTooLong { .. })));
    assert!(message(prices("ts,A\nyesterday,1\n")).contains("RFC 3339"));
    for cell in ["-1", "0", "nan", "inf", "free"] {
        assert_eq!(
            message(prices(&format!("ts,A,B\n0,1,1\n3600,1,{cell}\n"))),
            format!("prices.csv, line 3, field \"B\": found \"{cell}\", expected a finite number above 0")
        );
    }
    assert!(message(prices("ts,A,B\n0,1,\n3600,1,\n")).contains("no price of \"B\""));
    assert!(message(prices("time,A\n0,1\n")).contains("column \"ts\" is missing"));
    assert!(message(prices("ts\n0\n")).contains("named after an asset"));
    assert!(message(prices("ts,A,A\n0,1,1\n")).contains("stands twice"));
    assert!(message(prices("ts,A,\n0,1,1\n")).contains("printable"));
}

#[test]
fn a_wide_table_cannot_ask_for_unbounded_memory() {
    let columns: Vec<String> = (0..5_000).map(|asset| format!("A{asset}")).collect();
    let row = ",1".repeat(5_000);
    let text = format!("ts,{}\n0{row}\n360000000{row}\n", columns.join(","));
    let refused = prices(&text).unwrap_err();
    assert!(matches!(refused, FormatError::SpanTooLong { limit: 10_000, steps: 100_000, .. }), "{refused}");
}

const QUOTES: &str = "ts,sell_asset,buy_asset,sell_amount,buy_amount,price_impact\n";

fn depth(rows: &str) -> Result<Vec<seawall_formats::depth_quotes::DepthCurve>, FormatError> {
    let text = format!("{QUOTES}{rows}");
    read_depth(Source::new("quotes.csv", text.as_bytes()))
}

#[test]
fn quotes_become_rising_curves() {
    // In disorder, with a reversal between 2 and 3: the two are pooled.
    let curves =
        depth("0,X,USD,3,3,0.02\n0,X,USD,1,1,0\n0,Y,USD,1,1,0.5\n0,X,USD,2,2,0.04\n0,X,USD,4,4,0.1\n")
            .unwrap();
    assert_eq!(curves.len(), 2);
    assert_eq!(curves[0].points, [(1.0, 0.0), (2.0, 0.03), (3.0, 0.03), (4.0, 0.1)]);
    assert_eq!((curves[1].sell_asset.as_str(), &curves[1].points[..]), ("Y", &[(1.0, 0.5)][..]));
    // A hundred quotes of one size are one point, and a stray one does not move the median.
    let mut same = "0,X,USD,5,5,0.25\n".repeat(99);
    same.push_str("0,X,USD,5,5,0.99\n");
    let points = &depth(&same).unwrap()[0].points;
    assert_eq!(points.len(), 1);
    assert_eq!(points[0].0, 5.0);
    assert!((points[0].1 - 0.25).abs() < 1e-12, "{points:?}");
    assert!(message(depth("0,X,USD,3,3,1\n")).contains("line 2, field \"price_impact\": found \"1\""));
    assert!(message(depth("0,X,USD,0,3,0\n")).contains("field \"sell_amount\""));
    let many: String = (0..1_001).map(|pair| format!("0,X{pair},USD,1,1,0\n")).collect();
    assert!(matches!(depth(&many), Err(FormatError::TooManyPairs { limit: 1_000, .. })));
}

#[test]
fn events_that_are_refused() {
    let head = seawall_formats::bad_debt_events::COLUMN_NAMES.join(",");
    let row = "E1,2020-03-12,MakerDAO,CDP,Ethereum,ETH,5,4,6,bad debt,price_gap,,treasury+token_mint,,,https://x.org,A,";
    let read = |row: &str| {
        let text = format!("{head}\n{row}\n");
        read_events(Source::new("events.csv", text.as_bytes()))
    };
    assert_eq!(read(row).unwrap()[0].absorbed_by.len(), 2);
    assert!(message(read(&row.replace("price_gap", "price-gap"))).contains("unknown cause \"price-gap\""));
    assert!(message(read(&row.replace("+token_mint", "+"))).contains("unknown absorption \"\""));
    assert!(message(read(&row.replace(",A,", ",D,"))).contains("expected one of A, B, C"));
    assert!(message(read(&row.replace(",5,4,6,", ",5,5.5,6,"))).contains("field \"low_usd\""));
    assert!(message(read(&row.replace(",5,4,6,", ",5,4,4.5,"))).contains("field \"high_usd\""));
    assert!(message(read(&row.replace("2020-03-12", "12.3.2020"))).contains("a day such as"));
    assert!(message(read(&format!("{row}\n{row}"))).contains("event \"E1\" stands already on line 2"));
}

#[test]
fn borrower_states_and_their_rules() {
    let head = "market,date,day_index,debt_crvusd,collateral_tokens,n_bands\n";
    // The close of 03:00 is the last one known at 04:00 of 2023-11-15.
    let history = PriceHistory {
        assets: vec!["BTC".into(), "ETH".into()],
        start: 1_700_017_200,
        step: 3_600,
        closes: vec![vec![30_000.0, 1.0], vec![2_000.0, 1.0]],
    };
    let read = |rows: &str| {
        let text = format!("{head}{rows}");
        read_crvusd(Source::new("states.csv", text.as_bytes()), "2023-11-15", &history)
    };
    // Kept; another day; above its threshold (0.9213 x 2000 = 1842.6); just below it; dust; dust above its threshold.
    let made = read(
        "weth,2023-11-15,45,1000,1,4\nweth,2023-11-14,44,1,1,4\nweth,2023-11-15,45,1843,1,4\n\
         weth,2023-11-15,45,1842,1,4\nweth,2023-11-15,45,1,0.004,4\nweth,2023-11-15,45,100,0.004,4\n\
         wbtc,2023-11-15,45,9,0,50\n",
    )
    .unwrap();
    assert_eq!(made.book.markets.len(), 1, "nothing of wbtc is left");
    assert_eq!(made.book.markets[0].accounts, ["weth:2023-11-15:1", "weth:2023-11-15:4"]);
    let [weth, wbtc] = &made.exclusions.markets[..] else { panic!("two markets") };
    assert_eq!((weth.all.loans, weth.kept.debt), (5, 2_842.0));
    assert_eq!((weth.above_threshold.loans, weth.above_threshold.debt), (2, 1_943.0));
    assert_eq!((weth.dust.loans, weth.dust.debt), (1, 1.0));
    assert_eq!((wbtc.above_threshold.loans, wbtc.kept.loans), (1, 0));
    let row = "weth,2023-11-15,45,1000,1,4\n";
    assert!(message(read(&row.replace("weth", "eth"))).contains("unknown market \"eth\""));
    assert!(message(read(&row.replace(",4\n", ",51\n"))).contains("a whole number from 4 to 50"));
    assert!(message(read(&row.replace(",45,", ",x,"))).contains("field \"day_index\""));
    assert!(message(read(&row.replace("1000", "1900"))).contains("only loans that are left out"));
}
