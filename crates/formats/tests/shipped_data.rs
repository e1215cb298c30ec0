//! The readers on the data that is shipped.

use std::path::PathBuf;

use seawall_formats::bad_debt_events::{Absorption, Cause, EvidenceGrade, read_events};
use seawall_formats::crvusd::{CrvusdBook, MarketExclusions, read_crvusd};
use seawall_formats::depth_quotes::{DepthCurve, read_depth};
use seawall_formats::loan_book::{LoanBookOptions, read_loan_book, write_loan_book};
use seawall_formats::price_table::{PriceTable, close_known_at, read_prices};
use seawall_formats::{FormatError, Source};

fn shipped(name: &str) -> Source<'static> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data").join(name);
    Source::open(path).unwrap()
}

fn prices() -> PriceTable {
    read_prices(shipped("prices/hourly-closes.csv.gz")).unwrap()
}

fn november() -> CrvusdBook {
    read_crvusd(shipped("crvusd-2023q4/borrowers.csv.gz"), "2023-11-15", &prices().history).unwrap()
}

#[test]
fn price_table_covers_five_years_and_names_its_gaps() {
    let table = prices();
    assert_eq!(table.history.assets, ["BTC", "ETH"]);
    assert_eq!((table.history.start, table.history.step), (1_546_300_800, 3_600));
    // Five years with one leap day.
    assert!(table.history.closes.iter().all(|series| series.len() == (5 * 365 + 1) * 24));
    for gaps in &table.gaps {
        assert_eq!(gaps.hours, 60, "{gaps:?}");
        let longest = gaps.longest.unwrap();
        assert!(
            longest.hours >= 9 && longest.start < 1_577_836_800,
            "the longest gap is in 2019: {longest:?}"
        );
    }
}

#[test]
fn known_closes_of_black_thursday() {
    let history = prices().history;
    // 2020-03-12: midnight, and the lowest hourly close of the crash, the hour from 01:00 of the next day.
    assert_eq!(close_known_at(&history, "ETH", 1_583_971_200), Some(194.61));
    assert_eq!(close_known_at(&history, "ETH", 1_584_061_200 + 3_600), Some(96.62));
    assert_eq!(close_known_at(&history, "BTC", 1_584_057_600 + 3_600), Some(4_654.72));
    let crash = history.closes[1].iter().skip((1_583_971_200 - 1_546_300_800) / 3_600).take(48);
    assert_eq!(crash.copied().fold(f64::INFINITY, f64::min), 96.62);
    // Before the first hour has ended, and after the last one by an hour, nothing is known.
    assert_eq!(close_known_at(&history, "ETH", history.start), None);
    assert_eq!(close_known_at(&history, "ETH", 1_704_067_200), Some(2_281.87));
    assert_eq!(close_known_at(&history, "ETH", 1_704_067_200 + 3_600), None);
    assert_eq!(close_known_at(&history, "SOL", 1_700_020_800), None);
}

fn tallies(market: &MarketExclusions) -> (&str, [u64; 4], [f64; 4]) {
    let parts = [market.all, market.above_threshold, market.dust, market.kept];
    (&market.market, parts.map(|part| part.loans), parts.map(|part| (part.debt / 1e4).round() / 1e2))
}

#[test]
fn loans_of_november_2023() {
    let made = november();
    assert_eq!(made.time, 1_700_020_800);
    assert_eq!(made.assumptions.len(), 7);
    let markets: Vec<_> = made.exclusions.markets.iter().map(tallies).collect();
    // Loans and debt in millions: all, above the threshold, dust, kept.
    let expected = [
        ("wsteth", [382, 26, 0, 356], [63.32, 13.21, 0.0, 50.11]),
        ("wbtc", [293, 30, 1, 262], [44.95, 1.5, 0.0, 43.45]),
        ("weth", [170, 14, 6, 150], [15.76, 0.94, 0.0, 14.83]),
        ("sfrxeth", [79, 2, 0, 77], [13.19, 0.14, 0.0, 13.05]),
    ];
    assert_eq!(markets, expected);
    let total = made.exclusions.total();
    assert_eq!(total.all.loans, 924);
    assert_eq!(total.above_threshold.loans + total.dust.loans + total.kept.loans, 924);
    let parts = total.above_threshold.debt + total.dust.debt + total.kept.debt;
    assert!((parts - total.all.debt).abs() < 1e-6);
    assert_eq!(made.book.loans() as u64, total.kept.loans);
    made.book.validate().unwrap();
}

#[test]
fn prices_of_the_snapshot_are_the_close_before_four() {
    let made = november();
    let names: Vec<&str> = made.book.markets.iter().map(|market| market.name.as_str()).collect();
    assert_eq!(names, ["wsteth", "wbtc", "weth", "sfrxeth"]);
    assert_eq!(made.collateral_prices, [1.145 * 1_967.76, 35_381.99, 1_967.76, 1.065 * 1_967.76]);
    for (market, &price) in made.book.markets.iter().zip(&made.collateral_prices) {
        assert_eq!(market.debt_asset, "crvUSD");
        for (account, position) in market.accounts.iter().zip(&market.positions) {
            assert!(position.ltv(price, 1.0) <= position.liquidation_threshold, "{account}");
            assert!(position.collateral * price >= 10.0, "{account}");
        }
    }
}

#[test]
fn the_shipped_book_is_what_the_rules_make() {
    let shipped_book =
        read_loan_book(shipped("crvusd-2023q4/loans-2023-11-15.csv.gz"), &LoanBookOptions::default())
            .unwrap();
    let made = november().book;
    // Both to the last bit: one was made by the reader, the other by the derivation script.
    assert_eq!(shipped_book, made);
    let mut text = Vec::new();
    write_loan_book(&made, &mut text).unwrap();
    let again = read_loan_book(Source::new("again", text.as_slice()), &LoanBookOptions::default()).unwrap();
    assert_eq!(again, made);
}

#[test]
fn a_day_without_states_or_prices_is_refused() {
    let history = prices().history;
    let read = |date: &str| {
        read_crvusd(shipped("crvusd-2023q4/borrowers.csv.gz"), date, &history).map(|made| made.book.loans())
    };
    let refused = read("2023-09-30").unwrap_err();
    assert!(matches!(refused, FormatError::NotFound { .. }));
    assert!(refused.to_string().ends_with("no row of date \"2023-09-30\", found 2023-10-01 to 2024-01-01"));
    // The last day is in the table of loans, but its price is not in that of closes.
    assert!(matches!(read("2024-01-01"), Err(FormatError::NoPrice { time: 1_704_081_600, .. })));
    assert!(matches!(read("2023-11-31"), Err(FormatError::NotFound { .. })));
    assert!(read("2023-12-31").unwrap() > 500);
}

#[test]
fn every_day_of_the_quarter_makes_a_book() {
    let history = prices().history;
    for (month, days) in [(10, 31), (11, 30), (12, 31)] {
        for day in (1..=days).step_by(10) {
            let date = format!("2023-{month:02}-{day:02}");
            let made = read_crvusd(shipped("crvusd-2023q4/borrowers.csv.gz"), &date, &history).unwrap();
            assert_eq!(made.book.markets.len(), 4, "{date}");
            made.book.validate().unwrap();
            let total = made.exclusions.total();
            assert!(total.all.debt > 8e7 && total.all.debt < 1.6e8, "{date}: {total:?}");
            assert!(total.kept.debt > 0.7 * total.all.debt, "{date}: {total:?}");
        }
    }
}

fn curve<'c>(curves: &'c [DepthCurve], asset: &str) -> &'c DepthCurve {
    curves.iter().find(|curve| curve.sell_asset == asset && curve.buy_asset == "USDC").unwrap()
}

#[test]
fn impact_curves_rise_and_agree_with_the_medians_of_the_source() {
    let curves = read_depth(shipped("depth/quotes-2023-11-20.csv.gz")).unwrap();
    let assets: Vec<&str> = curves.iter().map(|curve| curve.sell_asset.as_str()).collect();
    assert_eq!(assets, ["WETH", "wstETH", "sfrxETH", "WBTC"]);
    for curve in &curves {
        assert_eq!((curve.quotes, curve.points.len()), (340, 40), "{}", curve.sell_asset);
        for pair in curve.points.windows(2) {
            assert!(pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1, "{}: {pair:?}", curve.sell_asset);
        }
    }
    // Medians stated with the source, where the curve is steep: within a tenth.
    for (asset, size, impact) in [
        ("WETH", 20_000.0, 0.018),
        ("WETH", 40_000.0, 0.033),
        ("WBTC", 500.0, 0.025),
        ("WBTC", 1_500.0, 0.073),
        ("WBTC", 3_000.0, 0.15),
        ("sfrxETH", 40_000.0, 0.57),
    ] {
        let found = curve(&curves, asset).impact(size).unwrap();
        assert!((found / impact - 1.0).abs() < 0.1, "{asset} {size}: {found} against {impact}");
    }
    assert_eq!(curve(&curves, "WBTC").impact(1e6), None, "nothing was quoted there");
}

#[test]
fn curves_agree_with_a_second_calculation() {
    // Medians by Python's statistics module, and the non-decreasing fit by its max-min formula (the largest over i <= k
    // of the smallest over j >= k of the weighted mean of i..j), from the same quotes: asset, point, size, impact.
    let expected = [
        ("WETH", 0, 0.34095643, 0.000341558696736111),
        ("WETH", 10, 7.47270805, 0.000341558696736111),
        ("WETH", 20, 198.281455, 0.0005896895),
        ("WETH", 30, 3305.7100499999997, 0.003745575),
        ("WETH", 35, 18599.764, 0.0157158),
        ("WETH", 38, 39005.329, 0.0338739),
        ("WETH", 39, 64840.076, 0.0641677),
        ("wstETH", 0, 0.371485015, 0.000228536),
        ("wstETH", 10, 7.39627655, 0.000469153438271605),
        ("wstETH", 20, 168.93984, 0.000886974),
        ("wstETH", 30, 3221.8326500000003, 0.0047669),
        ("wstETH", 35, 13935.569, 0.0141113),
        ("wstETH", 38, 38940.086500000005, 0.043885850000000004),
        ("wstETH", 39, 64186.345, 0.112308),
        ("sfrxETH", 0, 0.364794275, 0.0),
        ("sfrxETH", 10, 7.562086949999999, 0.00446059),
        ("sfrxETH", 20, 169.551335, 0.0055548360000000005),
        ("sfrxETH", 30, 3716.4091, 0.012254043999999999),
        ("sfrxETH", 35, 17966.194, 0.0756553),
        ("sfrxETH", 38, 39203.0415, 0.5749869999999999),
        ("sfrxETH", 39, 52352.449, 0.68913),
        ("WBTC", 0, 0.026005385, 0.0),
        ("WBTC", 10, 0.449289885, 0.00047888624),
        ("WBTC", 20, 10.487373, 0.0013929813599999998),
        ("WBTC", 30, 222.96873, 0.0128996),
        ("WBTC", 35, 1038.2142, 0.0491306),
        ("WBTC", 38, 2401.5084500000003, 0.1149565),
        ("WBTC", 39, 3480.3469, 0.174872),
    ];
    let curves = read_depth(shipped("depth/quotes-2023-11-20.csv.gz")).unwrap();
    for (asset, point, size, impact) in expected {
        let found = curve(&curves, asset).points[point];
        // The order of additions differs, nothing else.
        assert!((found.0 - size).abs() <= 1e-12 * size, "{asset} {point}: {found:?} against {size}");
        assert!((found.1 - impact).abs() <= 1e-12 * impact, "{asset} {point}: {found:?} against {impact}");
    }
}

#[test]
fn events_are_all_read() {
    let events = read_events(shipped("events/bad-debt-events.csv")).unwrap();
    assert_eq!(events.len(), 78);
    let count = |cause| events.iter().filter(|event| event.cause == cause).count();
    let causes: Vec<usize> = Cause::ALL.iter().map(|&cause| count(cause)).collect();
    assert_eq!(
        causes,
        [29, 11, 5, 14, 18, 1],
        "oracle, price gap, depeg, manipulation, exploit, operational"
    );
    let grade = |grade| events.iter().filter(|event| event.evidence_grade == grade).count();
    assert_eq!([EvidenceGrade::A, EvidenceGrade::B, EvidenceGrade::C].map(grade), [10, 27, 41]);
    assert_eq!((events[0].date.as_str(), events[0].time), ("2018-07-31", 1_532_995_200));
    assert_eq!(events[0].absorbed_by, [Absorption::InsuranceFund, Absorption::Socialised]);
    assert!(events[0].cause_detail.contains("4,168,515-contract long (about USD 416m)"), "a quoted field");
    assert!(events.windows(2).all(|pair| pair[0].time <= pair[1].time));
    let unknown: Vec<&str> =
        events.iter().filter(|event| event.bad_debt_usd.is_none()).map(|event| event.id.as_str()).collect();
    assert_eq!(unknown, ["E033"]);
}
