//! Candles: what is taken, what is left out and said, what is refused.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use seawall_formats::candles::{
    CandleOptions, CandleSeries, Defect, LISTED_MAX, LastBar, MissingRun, StaleRun, WickSide, join,
    join_beside, read_candles, read_candles_of, read_daily_candles,
};
use seawall_formats::{FormatError, Source};

const HEAD: &str = "ts,open,high,low,close,volume\n";

fn keep() -> CandleOptions {
    CandleOptions { last_bar: LastBar::Keep, ..CandleOptions::default() }
}

fn read(text: &str, options: &CandleOptions) -> Result<CandleSeries, FormatError> {
    read_candles(Source::new("btc.csv", text.as_bytes()), "BTC", options)
}

fn message<T: std::fmt::Debug>(result: Result<T, FormatError>) -> String {
    let error = result.unwrap_err();
    assert!(!error.hint().is_empty());
    error.to_string()
}

/// Candles of an hour at these closes, with volume.
fn table(closes: &[f64]) -> String {
    let mut text = HEAD.to_owned();
    for (hour, close) in closes.iter().enumerate() {
        text += &format!("{},{close},{close},{close},{close},5\n", 3600 * (hour + 1));
    }
    text
}

fn times(series: &CandleSeries) -> Vec<u64> {
    series.candles.iter().map(|candle| candle.time / 3600).collect()
}

#[test]
fn a_clean_file_in_every_dress() {
    let text = table(&[100.0, 101.0, 99.0, 100.5]);
    let series = read(&text, &keep()).unwrap();
    assert_eq!((series.asset.as_str(), series.interval), ("BTC", 3600));
    assert_eq!(times(&series), [1, 2, 3, 4]);
    assert_eq!(series.candles[2].close, 99.0);
    let report = &series.report;
    assert_eq!((report.rows, report.used, report.missing), (4, 4, 0));
    assert_eq!((report.first, report.last, report.unfinished), (3600, 14_400, None));
    assert_eq!(
        report.to_string(),
        "BTC from btc.csv: 4 rows of 3600 s, 1970-01-01T01:00:00Z to 1970-01-01T04:00:00Z, 4 candles used"
    );
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(text.as_bytes()).unwrap();
    let packed = packer.finish().unwrap();
    assert_eq!(read_candles(Source::new("btc.csv", &packed[..]), "BTC", &keep()).unwrap(), series);
    // Without volume, with CRLF, columns in another order, times in RFC 3339.
    let other = "close,ts,low,high,open\r\n100,1970-01-01T01:00:00Z,100,100,100\r\n101,7200,101,101,101\r\n";
    let plain = read(other, &keep()).unwrap();
    assert_eq!((plain.candles[0].close, plain.candles[1].time, plain.candles[0].volume), (100.0, 7200, None));
}

/// The last candle is left out unless it is known to be finished.
#[test]
fn the_last_candle_may_be_unfinished() {
    let text = table(&[100.0, 101.0, 99.0]);
    let dropped = read(&text, &CandleOptions::default()).unwrap();
    assert_eq!((times(&dropped), dropped.report.unfinished), (vec![1, 2], Some(10_800)));
    assert_eq!((dropped.report.last, dropped.report.rows), (7200, 3));
    assert!(dropped.report.to_string().ends_with("(1970-01-01T03:00:00Z) left out as perhaps unfinished"));
    for (written, left) in [(14_399, 2), (14_400, 3)] {
        let options = CandleOptions { last_bar: LastBar::WrittenAt(written), ..CandleOptions::default() };
        assert_eq!(read(&text, &options).unwrap().candles.len(), left);
    }
}

#[test]
fn missing_intervals_are_counted_longest_first() {
    let mut text = HEAD.to_owned();
    for hour in [1, 2, 4, 5, 9, 10, 13, 14] {
        text += &format!("{},1,1,1,1.{hour},5\n", 3600 * hour).replace(",1,1,1,", ",1,2,1,");
    }
    let report = read(&text, &keep()).unwrap().report;
    assert_eq!((report.interval, report.missing, report.missing_runs.count), (3600, 6, 3));
    let run = |hour: u64, intervals| MissingRun { start: 3600 * hour, intervals };
    assert_eq!(report.missing_runs.first, [run(6, 3), run(11, 2), run(3, 1)]);
    assert!(
        report.to_string().contains("6 intervals missing in 3 runs, longest 3 from 1970-01-01T06:00:00Z")
    );
}

#[test]
fn impossible_candles_are_left_out_with_the_reason() {
    let text = format!(
        "{HEAD}3600,10,11,9,10,1\n7200,10,11,10.5,10,1\n10800,10,9.5,9,10,1\n14400,10,11,-1,10,1\n\
         18000,0,0,0,0,1\n21600,10,11,9,10.5,1\n"
    );
    let series = read(&text, &keep()).unwrap();
    assert_eq!(times(&series), [1, 6]);
    let found: Vec<(u64, Defect)> =
        series.report.impossible.first.iter().map(|found| (found.line, found.defect)).collect();
    let (low, high, zero) = (Defect::LowAboveBody, Defect::HighBelowBody, Defect::NotPositive);
    assert_eq!(found, [(3, low), (4, high), (5, zero), (6, zero)]);
    // An open that repeats the close before is no trade: low and high need not reach it. A traded one they must.
    let carried = format!("{HEAD}3600,10,11,9,10,1\n7200,10,12,11,12,1\n10800,11.9,12.5,12,12.2,1\n");
    let series = read(&carried, &keep()).unwrap();
    assert_eq!(times(&series), [1, 2]);
    assert_eq!(series.report.impossible.first[0].line, 4);
    let series = read(&text, &keep()).unwrap();
    // They are rows all the same: nothing is missing.
    assert_eq!((series.report.missing, series.report.used, series.report.rows), (0, 2, 6));
}

#[test]
fn closes_that_come_back_at_once_are_bad_prints() {
    // Tripled for an hour; then a fall that stays, which is a price.
    let series = read(&table(&[100.0, 300.0, 101.0, 102.0, 50.0, 51.0]), &keep()).unwrap();
    assert_eq!(times(&series), [1, 3, 4, 5, 6]);
    let [spike] = series.report.spikes.first[..] else { panic!("{:?}", series.report.spikes) };
    assert_eq!((spike.line, spike.time, spike.close), (3, 7200, 300.0));
    assert_eq!((spike.before, spike.after), (100.0, 101.0));
    // Without a neighbour on either side it cannot be told.
    let apart = "ts,open,high,low,close\n3600,1,1,1,1\n7200,9,9,9,9\n14400,1,1,1,1\n";
    assert_eq!(read(apart, &keep()).unwrap().report.spikes.count, 0);
}

/// The low of LINK on 2020-03-13 at Binance was 0.0001 at a price of 2: held, the close is not touched.
#[test]
fn far_wicks_are_held_at_the_limit() {
    let text = format!("{HEAD}3600,2,2.1,1.9,2,1\n7200,2,9,0.0001,1.8,1\n");
    let series = read(&text, &keep()).unwrap();
    let candle = series.candles[1];
    assert!((candle.low - 1.8 * (-0.5_f64).exp()).abs() < 1e-12);
    assert!((candle.high - 2.0 * 0.5_f64.exp()).abs() < 1e-12);
    assert_eq!(candle.close, 1.8);
    let [low, high] = series.report.wicks.first[..] else { panic!("{:?}", series.report.wicks) };
    assert_eq!((low.side, low.found, low.held, low.line), (WickSide::Low, 0.0001, candle.low, 3));
    assert_eq!((high.side, high.found), (WickSide::High, 9.0));
}

/// Carried on without trade a close is no price; with trade it is, and long runs are reported.
#[test]
fn stale_closes() {
    let mut text = HEAD.to_owned();
    let rows: [(f64, i32); 14] = [
        (1.0, 5),
        (1.1, 5),
        (1.1, 0),
        (1.1, 0),
        (1.2, 5),
        (1.2, 5),
        (1.3, 0),
        (1.3, 5),
        (1.3, 5),
        (1.3, 5),
        (1.3, 5),
        (1.3, 5),
        (1.3, 5),
        (1.4, 5),
    ];
    for (hour, (close, volume)) in rows.iter().enumerate() {
        text += &format!("{},{close},{close},{close},{close},{volume}\n", 3600 * (hour + 1));
    }
    let series = read(&text, &keep()).unwrap();
    assert_eq!(times(&series), [1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    let run = |hour: u64, rows, untraded, close| StaleRun { start: 3600 * hour, rows, untraded, close };
    assert_eq!(series.report.stale.first, [run(3, 2, 2, 1.1), run(8, 6, 0, 1.3)]);
    assert!(series.report.to_string().contains("2 stale runs, longest 6 rows, 2 candles without trade"));
}

/// However much is wrong, a report stays small.
#[test]
fn lists_are_bounded() {
    let mut text = HEAD.to_owned();
    for hour in 1..=300 {
        text += &format!("{},{},1,1,1,1\n", 3600 * hour, if hour > 1 { 2 } else { 1 });
    }
    let report = read(&text, &keep()).unwrap().report;
    assert_eq!((report.impossible.count, report.impossible.first.len()), (299, LISTED_MAX));
}

#[test]
fn what_is_refused_names_row_and_field() {
    let at = |line: u64, field: &str| format!("btc.csv, line {line}, field {field:?}: ");
    let row = |rows: &str| message(read(&format!("{HEAD}{rows}"), &keep()));
    assert!(row("3600,1,1,1,one,1\n").starts_with(&(at(2, "close") + "found \"one\"")));
    assert!(row("3600,1,1,1,1,1\n7200,nan,1,1,1,1\n").starts_with(&at(3, "open")));
    assert!(row("3600,1,1,1,1,-1\n").starts_with(&at(2, "volume")));
    assert!(row("noon,1,1,1,1,1\n").starts_with(&at(2, "ts")));
    let backwards = row("7200,1,1,1,1,1\n3600,1,1,1,1,1\n");
    assert!(backwards.starts_with(&at(3, "ts")) && backwards.contains("earlier than 7200"));
    let twice = row("3600,1,1,1,1,1\n7200,1,1,1,1,1\n7200,1,1,1,1,1\n");
    assert!(twice.starts_with(&at(4, "ts")) && twice.contains("stands already on line 3"), "{twice}");
    let off = row("3600,1,1,1,1,1\n7200,1,1,1,1,1\n10800,1,1,1,1,1\n10801,1,1,1,1,1\n");
    assert!(off.starts_with("btc.csv, line 5: found 10801") && off.contains("multiple of 3600"), "{off}");
    assert!(row("3600,1,1,1,1,1\n").contains("no interval of \"BTC\", found one row"));
    assert!(row("").contains("no row below it"));
    assert!(row("3600,0,0,0,0,1\n7200,0,0,0,0,1\n").contains("only candles that cannot be used"));
    assert!(message(read("ts,open,high,low\n1,1,1,1\n", &keep())).contains("column \"close\" is missing"));
    assert!(
        message(read("ts,open,high,low,close,bid\n1,1,1,1,1,1\n", &keep()))
            .contains("unknown column \"bid\"")
    );
    let far = CandleOptions { interval: Some(1), ..keep() };
    let long = message(read(&format!("{HEAD}0,1,1,1,1,1\n60000000,1,1,1,1,1\n"), &far));
    assert!(long.contains("line 3") && long.contains("expected at most 50000000"), "{long}");
}

#[test]
fn daily_files_hold_several_symbols() {
    let text = "symbol,date,open,high,low,close,volume_usd,market_cap_usd\n\
                USDC,2023-03-10,1,1,0.99,0.998,5,0\nDAI,2023-03-10,1,1,0.99,0.999,5,0\n\
                USDC,2023-03-11,0.998,1,0.88,0.96,5,0\nDAI,2023-03-12,0.98,1,0.97,0.99,5,0\n";
    let source = || Source::new("daily.csv", text.as_bytes());
    let all = read_daily_candles(source(), &keep()).unwrap();
    let [usdc, dai] = &all[..] else { panic!("{all:?}") };
    assert_eq!((usdc.asset.as_str(), usdc.interval, usdc.candles.len()), ("USDC", 86_400, 2));
    assert_eq!((dai.asset.as_str(), dai.report.missing, dai.candles[0].volume), ("DAI", 1, Some(5.0)));
    let history = join(&all).unwrap();
    assert_eq!((history.start, history.step, history.rows()), (19_426 * 86_400, 86_400, 3));
    assert_eq!(history.closes_of("USDC").unwrap()[..2], [0.998, 0.96]);
    assert!(history.closes_of("USDC").unwrap()[2].is_nan() && history.closes_of("DAI").unwrap()[1].is_nan());
    let again = text.replace("USDC,2023-03-11", "USDC,2023-03-10");
    let error = message(read_daily_candles(Source::new("daily.csv", again.as_bytes()), &keep()));
    assert!(error.contains("line 4, field \"date\"") && error.contains("line 2"), "{error}");
}

#[test]
fn series_join_on_one_clock() {
    let one = read(&table(&[100.0, 101.0, 102.0]), &keep()).unwrap();
    let later = "ts,open,high,low,close\n10800,7,7,7,7\n14400,8,8,8,8\n";
    let other = read_candles(Source::new("eth.csv", later.as_bytes()), "ETH", &keep()).unwrap();
    let history = join(&[one.clone(), other.clone()]).unwrap();
    assert_eq!((history.assets.join(" "), history.start, history.rows()), ("BTC ETH".into(), 3600, 4));
    let shown = |asset| history.closes_of(asset).unwrap().iter().map(|x| if x.is_nan() { 0.0 } else { *x });
    assert_eq!(shown("BTC").collect::<Vec<_>>(), [100.0, 101.0, 102.0, 0.0]);
    assert_eq!(shown("ETH").collect::<Vec<_>>(), [0.0, 0.0, 7.0, 8.0]);
    assert!(history.check().is_ok());
    let twice = message(join(&[one.clone(), other, one.clone()]));
    assert!(twice.contains("btc.csv") && twice.contains("\"BTC\" again"), "{twice}");
    let daily = "ts,open,high,low,close\n0,7,7,7,7\n86400,8,8,8,8\n";
    let daily = read_candles(Source::new("d.csv", daily.as_bytes()), "D", &keep()).unwrap();
    let unlike = message(join(&[one, daily]));
    assert!(
        unlike.contains("d.csv: ") && unlike.contains("86400 s, expected 3600 s as in btc.csv"),
        "{unlike}"
    );
    assert!(message(join(&[])).contains("no series"));
}

/// A file of either kind is told by its columns; one that is neither says what its own candles lack.
#[test]
fn either_kind_of_file_is_read() {
    let daily = "symbol,date,open,high,low,close\nUSDC,2023-03-10,1,1,1,1\nDAI,2023-03-10,1,1,0.99,0.99\n\
                 USDC,2023-03-11,1,1,0.96,0.96\nDAI,2023-03-11,0.99,1,0.98,0.98\n";
    let of = |text: &'static str, asset: &str| {
        read_candles_of(|| Source::new("x.csv", text.as_bytes()), asset, &keep())
    };
    let dai = of(daily, "DAI").unwrap();
    assert_eq!((dai.interval, dai.candles.len(), dai.candles[1].close), (86_400, 2, 0.98));
    assert_eq!(of("ts,open,high,low,close\n3600,1,1,1,1\n7200,1,2,1,2\n", "X").unwrap().interval, 3600);
    let said = message(of(daily, "UST"));
    assert!(said.contains("x.csv") && said.contains("\"UST\"") && said.contains("USDC, DAI"), "{said}");
    let said = message(of("a,b\n1,2\n", "X"));
    assert!(said.contains("line 1") && said.contains("ts"), "{said}");
    let said = message(of("ts,open,high,low,close\n3600,1,1,1,x\n", "X"));
    assert!(said.contains("line 2") && said.contains("close"), "{said}");
}

/// Candles beside a table: one clock from the first row of either to the last, the table's columns first.
#[test]
fn candles_stand_beside_a_table() {
    let table = seawall_actuary::price::PriceHistory {
        assets: vec!["A".into(), "B".into()],
        start: 7200,
        step: 3600,
        closes: vec![vec![1.0, f64::NAN, 3.0], vec![4.0, 5.0, 6.0]],
    };
    let series = read(&table_of(&[10.0, 20.0, 30.0]), &keep()).unwrap();
    let joined = join_beside(&table, "closes.csv", std::slice::from_ref(&series)).unwrap();
    assert_eq!(joined.assets, ["A", "B", "BTC"]);
    assert_eq!((joined.start, joined.rows()), (3600, 4));
    let shown = |asset: &str| format!("{:?}", joined.closes_of(asset).unwrap());
    assert_eq!(shown("A"), "[NaN, 1.0, NaN, 3.0]");
    assert_eq!(shown("BTC"), "[10.0, 20.0, 30.0, NaN]");
    let twice =
        seawall_actuary::price::PriceHistory { assets: vec!["BTC".into(), "B".into()], ..table.clone() };
    let said = message(join_beside(&twice, "closes.csv", std::slice::from_ref(&series)));
    assert!(said.contains("btc.csv") && said.contains("closes.csv"), "{said}");
    let daily = seawall_actuary::price::PriceHistory { step: 86_400, start: 0, ..table };
    assert!(message(join_beside(&daily, "closes.csv", &[series])).contains("86400"));
}

fn table_of(closes: &[f64]) -> String {
    table(closes)
}
