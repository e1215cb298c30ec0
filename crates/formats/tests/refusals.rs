//! What the readers refuse: each refusal names file, line and field, and has a hint.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use seawall_actuary::book::Book;
use seawall_formats::loan_book::{LoanBookOptions, read_loan_book, write_loan_book};
use seawall_formats::market_terms::{MarketTable, MarketTerms, read_market_terms};
use seawall_formats::{FormatError, Limits, Source};

const HEAD: &str =
    "market,account,collateral_asset,collateral_amount,debt_asset,debt_amount,liquidation_threshold\n";

fn loans(text: impl AsRef<[u8]>) -> Result<Book, FormatError> {
    read_loan_book(Source::new("loans.csv", text.as_ref()), &LoanBookOptions::default())
}

/// The message and the hint of a book that must be refused.
fn refusal(text: impl AsRef<[u8]>) -> (String, String) {
    let error = loans(text).unwrap_err();
    (error.to_string(), error.hint())
}

fn body(rows: &str) -> String {
    format!("{HEAD}{rows}")
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(text.as_bytes()).unwrap();
    packer.finish().unwrap()
}

const ROWS: &str =
    "a,alice,WETH,2,USDC,1000,0.8\nb,bob,WBTC,0.5,USDC,900.5,0.75\na,carol,WETH,1e1,USDC,0,0.8\n";

#[test]
fn a_good_book_in_every_dress() {
    let plain = loans(body(ROWS)).unwrap();
    assert_eq!(plain.markets.len(), 2);
    assert_eq!(plain.markets[0].accounts, ["alice", "carol"]);
    assert_eq!(plain.markets[0].positions[1].collateral, 10.0);
    let bom = format!("\u{feff}{}", body(ROWS));
    let crlf = body(ROWS).replace('\n', "\r\n");
    let blank_lines = body(ROWS).replace('\n', "\n\n");
    let quoted = body(&ROWS.replace("WETH", "\"WETH\"").replace("alice", "\"alice\""));
    let spaced = body(&ROWS.replace(',', " , "));
    for (dress, text) in
        [("BOM", bom), ("CRLF", crlf), ("blank lines", blank_lines), ("quotes", quoted), ("blanks", spaced)]
    {
        assert_eq!(loans(text).unwrap(), plain, "{dress}");
    }
    assert_eq!(loans(gzip(&body(ROWS))).unwrap(), plain, "gzip is told by its bytes, the name is loans.csv");
    let (head, tail) = (gzip(HEAD), gzip(ROWS));
    assert_eq!(loans([head, tail].concat()).unwrap(), plain, "gzip files joined end to end");
}

#[test]
fn columns() {
    let (message, hint) = refusal(body(ROWS).replacen("debt_amount", "dept_amount", 1));
    assert_eq!(
        message,
        "loans.csv, line 1: unknown column \"dept_amount\", expected only market, account, collateral_asset, \
         collateral_amount, debt_asset, debt_amount, liquidation_threshold"
    );
    assert_eq!(hint, "did you mean \"debt_amount\"?");
    let (message, _) = refusal("market,account\na,b\n");
    assert_eq!(message, "loans.csv, line 1: column \"collateral_asset\" is missing, found market, account");
    let (message, _) = refusal("market,account,market\na,b,c\n");
    assert_eq!(message, "loans.csv, line 1: column \"market\" stands twice (columns 1 and 3)");
    let (message, hint) = refusal(body("a,alice,WETH,2,USDC,1,000,0.8\n"));
    assert_eq!(message, "loans.csv, line 2: found 8 fields, expected 7 as in the header");
    assert!(hint.contains("comma"));
}

#[test]
fn amounts() {
    for (cell, hint) in [
        ("-3", "correct the cell"),
        ("inf", "correct the cell"),
        ("NaN", "correct the cell"),
        ("1e400", "correct the cell"),
        ("\"1,000\"", "without separators"),
        ("0x3b9aca00", "hexadecimal"),
        ("", "fill the cell"),
    ] {
        let (message, found) =
            refusal(body(&format!("a,alice,WETH,2,USDC,1,0.8\na,bob,WETH,2,USDC,{cell},0.8\n")));
        let shown = cell.trim_matches('"');
        assert_eq!(
            message,
            format!(
                "loans.csv, line 3, field \"debt_amount\": found \"{shown}\", expected a finite number of at least 0"
            )
        );
        assert!(found.contains(hint), "{cell}: {found}");
    }
    for cell in ["0", "1", "-0.5", "80%", "nan"] {
        let (message, _) = refusal(body(&format!("a,alice,WETH,2,USDC,1,{cell}\n")));
        assert!(
            message.ends_with(&format!("found \"{cell}\", expected a fraction above 0 and below 1")),
            "{message}"
        );
    }
}

#[test]
fn accounts_and_assets() {
    let (message, _) = refusal(body(
        "a,x,WETH,1,USDC,1,.8\nb,x,WETH,1,USDC,1,.8\na,y,WETH,1,USDC,1,.8\na,x,WETH,1,USDC,1,.8\n",
    ));
    assert_eq!(
        message,
        "loans.csv, line 5, field \"account\": the account of this market \"x\" stands already on line 2, expected it once"
    );
    let (message, _) = refusal(body("a,x,WETH,1,USDC,1,.8\na,y,WBTC,1,USDC,1,.8\n"));
    assert_eq!(
        message,
        "loans.csv, line 3, field \"collateral_asset\": found \"WBTC\", expected \"WETH\" as loans.csv, line 2 says \
         for the collateral asset of market \"a\""
    );
    let assets = ["WETH".to_owned(), "wstETH".to_owned(), "USDC".to_owned()];
    let options = LoanBookOptions { assets: Some(&assets), markets: None };
    let text = body("a,x,WSTETH,1,USDC,1,.8\n");
    let error = read_loan_book(Source::new("loans.csv", text.as_bytes()), &options).unwrap_err();
    assert_eq!(
        error.to_string(),
        "loans.csv, line 2, field \"collateral_asset\": unknown asset \"WSTETH\", expected one of WETH, wstETH, USDC"
    );
    assert_eq!(error.hint(), "did you mean \"wstETH\"?");
    let (message, _) = refusal(body("a,x\u{7},WETH,1,USDC,1,.8\n"));
    assert!(message.contains("field \"account\"") && message.contains("printable"), "{message}");
}

#[test]
fn files_that_are_no_table() {
    assert!(matches!(loans(""), Err(FormatError::Empty { .. })));
    assert!(matches!(loans("\n\n"), Err(FormatError::Empty { .. })));
    assert!(matches!(loans("\u{feff}"), Err(FormatError::Empty { .. })));
    assert!(matches!(loans(gzip("")), Err(FormatError::Empty { .. })));
    let (message, hint) = refusal(HEAD);
    assert_eq!(message, "loans.csv: there is a header but no row below it");
    assert!(!hint.is_empty());
    let (message, _) = refusal(body("a,x,WETH,1,USDC,0,.8\n"));
    assert_eq!(message, "loans.csv, line 2, field \"debt_amount\": market \"a\" has no debt");
    let latin = [body("a,x,WETH,1,USDC,1,.8\na,J").as_bytes(), b"\xfcrgen,WETH,1,USDC,1,.8\n"].concat();
    let (message, hint) = refusal(latin);
    assert_eq!(
        message,
        "loans.csv, line 3, field \"account\": found bytes that are not UTF-8 (J\u{fffd}rgen), expected UTF-8 text"
    );
    assert_eq!(hint, "save the file as UTF-8");
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(HEAD.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert!(matches!(loans(utf16), Err(FormatError::NotUtf8 { .. })));
    assert!(matches!(Source::open("no/such/file.csv"), Err(FormatError::Io { .. })));
}

#[test]
fn damaged_gzip() {
    let whole = gzip(&body(ROWS));
    for length in [3, 9, 10, whole.len() / 2, whole.len() - 8, whole.len() - 1] {
        let error = loans(&whole[..length]).unwrap_err();
        assert!(matches!(error, FormatError::TruncatedGzip { .. }), "{length}: {error}");
        assert!(error.hint().contains("again"));
    }
    let mut wrong_sum = whole.clone();
    let end = wrong_sum.len() - 6;
    wrong_sum[end] ^= 0xff;
    assert!(matches!(loans(&wrong_sum), Err(FormatError::CorruptGzip { .. })));
    assert!(matches!(
        loans([whole, b"junk".to_vec()].concat()),
        Err(FormatError::CorruptGzip { .. } | FormatError::TruncatedGzip { .. })
    ));
}

#[test]
fn lines_are_counted_in_every_dress() {
    // The bad cell stands on line 5: under a blank line, and a row that runs over two lines.
    let rows = "\na,\"x\",WETH,1,USDC,1,\"\n.8\"\na,z,WETH,1,USDC,oops,.8\n";
    for text in [body(rows), body(rows).replace('\n', "\r\n"), format!("\u{feff}{}", body(rows))] {
        let error = loans(&text).unwrap_err();
        assert_eq!(error.place().unwrap().line, Some(5), "{text:?}: {error}");
    }
    let last = body("a,x,WETH,1,USDC,1,.8\na,y,WETH,1,USDC,oops,.8");
    assert_eq!(loans(last).unwrap_err().place().unwrap().line, Some(3), "no line end at the end");
}

/// Endless rows that are made as they are read.
struct Endless {
    head: &'static [u8],
    row: fn(u64) -> String,
    next: u64,
    rest: Vec<u8>,
    read: u64,
}

impl Endless {
    fn new(row: fn(u64) -> String) -> Self {
        Self { head: HEAD.as_bytes(), row, next: 0, rest: Vec::new(), read: 0 }
    }
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if !self.head.is_empty() {
            return self.head.read(buffer);
        }
        if self.rest.is_empty() {
            self.rest = (self.row)(self.next).into_bytes();
            self.next += 1;
        }
        let count = self.rest.as_slice().read(buffer)?;
        self.rest.drain(..count);
        self.read += count as u64;
        assert!(self.read < 100_000_000, "the reader should have stopped long before");
        Ok(count)
    }
}

#[test]
fn endless_files_stop_at_a_limit() {
    let limits = Limits { rows_max: 100_000, ..Limits::default() };
    let rows = Endless::new(|row| format!("a,account{row},WETH,1,USDC,1,.8\n"));
    let error =
        read_loan_book(Source::new("endless.csv", rows).with_limits(limits), &LoanBookOptions::default())
            .unwrap_err();
    assert_eq!(error.to_string(), "endless.csv, line 100002: the file has more than 100000 rows");
    // One line without end, in and outside quotes; a quote left open over many lines.
    for row in [|_| "x".repeat(4096), |row| if row == 0 { "a,\"x".to_owned() } else { "y\n".repeat(99) }] {
        let error =
            read_loan_book(Source::new("endless.csv", Endless::new(row)), &LoanBookOptions::default())
                .unwrap_err();
        assert_eq!(error.to_string(), "endless.csv, line 2: the row is longer than 65536 bytes");
        assert!(error.hint().contains("quote"));
    }
    assert_eq!(Limits::default().rows_max, 20_000_000);
}

#[test]
fn the_limit_of_a_row_is_exact() {
    let row = "a,x,WETH,1,USDC,1,.8\n";
    let long = body(&format!("{row}a,{},WETH,1,USDC,1,.8\n", "y".repeat(200)));
    let longest = long.lines().last().unwrap().len() as u64 + 1;
    let read = |line_bytes_max| {
        let limits = Limits { line_bytes_max, ..Limits::default() };
        let source = Source::new("long.csv", long.as_bytes()).with_limits(limits);
        read_loan_book(source, &LoanBookOptions::default())
    };
    assert_eq!(read(longest).unwrap().loans(), 2);
    let error = read(longest - 1).unwrap_err();
    assert!(matches!(error, FormatError::LineTooLong { .. }));
    assert_eq!(error.place().unwrap().line, Some(3));
}

fn terms(text: &str) -> Result<MarketTable, FormatError> {
    read_market_terms(Source::new("markets", text.as_bytes()))
}

const TERMS: &str = "market,collateral_asset,debt_asset,liquidation_threshold,liquidation_bonus,delay_seconds,debt_price\n\
                     a,WETH,USDC,0.8,0.05,3600,1\nb,WBTC,USDC,,0.1,0,\n";

#[test]
fn market_files_in_both_forms() {
    let table = terms(TERMS).unwrap();
    let json = terms(
        r#" [{"market": "a", "collateral_asset": "WETH", "debt_asset": "USDC", "liquidation_threshold": 0.8,
              "liquidation_bonus": 5e-2, "delay_seconds": 3600, "debt_price": 1.0},
             {"market": "b", "collateral_asset": "WBTC", "debt_asset": "USDC", "liquidation_threshold": null,
              "liquidation_bonus": 0.1, "delay_seconds": 0}]"#,
    )
    .unwrap();
    let strip = |table: &MarketTable| {
        table.terms().iter().map(|terms| MarketTerms { line: 0, ..terms.clone() }).collect::<Vec<_>>()
    };
    assert_eq!(strip(&table), strip(&json));
    assert_eq!(table.get("a").unwrap().delay_seconds, 3600);
    assert_eq!(table.get("b").unwrap().liquidation_threshold, None);
    assert!(table.get("c").is_none());

    let no_thresholds = "market,account,collateral_asset,collateral_amount,debt_asset,debt_amount\n";
    let options = LoanBookOptions { markets: Some(&table), assets: None };
    let read = |rows: &str| {
        let text = format!("{no_thresholds}{rows}");
        read_loan_book(Source::new("loans.csv", text.as_bytes()), &options)
    };
    let book = read("a,x,WETH,1,USDC,1\n").unwrap();
    assert_eq!(book.markets[0].positions[0].liquidation_threshold, 0.8);
    let error = read("b,x,WBTC,1,USDC,1\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "loans.csv, line 2, field \"liquidation_threshold\": no liquidation threshold for market \"b\", expected a \
         fraction above 0 and below 1"
    );
    let error = read("A,x,WETH,1,USDC,1\n").unwrap_err();
    assert!(error.to_string().contains("unknown market \"A\", expected one of a, b"), "{error}");
    let error = read("a,x,WETH,1,DAI,1\n").unwrap_err();
    assert!(
        error.to_string().contains("found \"DAI\", expected \"USDC\" as markets, line 2 says"),
        "{error}"
    );
    // A threshold on the row goes before that of the market.
    let own = body("a,x,WETH,1,USDC,1,0.5\na,y,WETH,1,USDC,1,\n");
    let book = read_loan_book(Source::new("loans.csv", own.as_bytes()), &options).unwrap();
    let thresholds: Vec<f64> =
        book.markets[0].positions.iter().map(|loan| loan.liquidation_threshold).collect();
    assert_eq!(thresholds, [0.5, 0.8]);
}

#[test]
fn market_files_that_are_refused() {
    let message = |text: &str| terms(text).unwrap_err().to_string();
    assert!(
        message(&TERMS.replace("3600", "1.5")).contains("line 2, field \"delay_seconds\": found \"1.5\"")
    );
    assert!(message(&TERMS.replace("b,WBTC", "a,WBTC")).contains("market \"a\" stands already on line 2"));
    assert!(
        message(&TERMS.replace("0.05", "1.05")).contains("expected a fraction of at least 0 and below 1")
    );
    let one = r#"{"market": "a", "collateral_asset": "WETH", "debt_asset": "USDC", "liquidation_bonus": 0.1, "delay_seconds": 0}"#;
    assert!(terms(&format!("[{one}]")).is_ok());
    assert!(message(one).contains("not a JSON list"));
    assert!(message("[{\"market\": ").contains("not a JSON list"));
    assert!(message("[]").contains("no row"));
    assert!(
        message(&format!("[{one},{}]", one.replace("0.1", "\"0.1\"")))
            .contains("line 2, field \"liquidation_bonus\"")
    );
    assert!(
        message(&format!("[{}]", one.replace("bonus", "bonos")))
            .contains("unknown column \"liquidation_bonos\"")
    );
    assert!(message(&format!("[{}]", one.replace("\"debt_asset\"", "\"market\""))).contains("stands twice"));
    assert!(
        message(&format!("[{}]", one.replace("\"delay_seconds\": 0", "\"debt_price\": 1")))
            .contains("\"delay_seconds\" is missing")
    );
}

#[test]
fn what_is_written_reads_back_the_same() {
    let text = body(
        "\"a, \"\"b\"\"\",\"x,1\",WETH,0.1,USDC,1e-300,0.30000000000000004\nm,\u{fffd}é,WBTC,123456789.123456789,USDC,1e300,.5\n",
    );
    let book = loans(text).unwrap();
    assert_eq!(book.markets[0].name, "a, \"b\"");
    let mut written = Vec::new();
    write_loan_book(&book, &mut written).unwrap();
    assert_eq!(loans(&written).unwrap(), book);
    let mut again = Vec::new();
    write_loan_book(&loans(&written).unwrap(), &mut again).unwrap();
    assert_eq!(again, written);
}
