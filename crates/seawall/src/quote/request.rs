//! All that determines a quote, as one value: files by digest, follows, windows held out, terms, assumptions, paths
//! and seed, and the number of the model. The same request gives the same figures to the last bit on any machine;
//! its digest is the hash of the inputs that a signed quote binds (rule 3.2).

use seawall_quote::{Word, keccak256};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Asked;
use super::assumptions::{Assumptions, Follow};
use super::inputs::{Inputs, Origin, Role};
use super::pricing::{DesignOptions, Terms};
use super::{figures, windows};

/// The form of a request and of the file around it.
pub const FORMAT: &str = "seawall-quote-1";

/// Number of the model. It is raised whenever the same inputs give other figures, or a figure more or less, so that
/// a quote that cannot be compared says so instead of failing. The pinned digest beside the tests of
/// `seawall verify` tells when.
pub const MODEL_VERSION: u32 = 4;

/// What was asked, of what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuoteRequest {
    /// [`FORMAT`].
    pub format: String,
    /// The program that computes.
    pub model: ModelId,
    /// What it reads.
    pub inputs: InputList,
    /// Windows held out of the calibration, Unix seconds; whole days in the file.
    #[serde(with = "windows::as_days")]
    pub held_out: Vec<(u64, u64)>,
    /// Terms, paths and seed.
    pub terms: Terms,
    /// How paths are drawn.
    pub drawing: DesignOptions,
    /// What is assumed and not read.
    pub assumed: Assumptions,
}

/// The program that computes a quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelId {
    /// Release of the crate, for people.
    pub release: String,
    /// [`MODEL_VERSION`] of that release: figures compare where it is the same.
    pub number: u32,
}

/// What a quote reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputList {
    /// The files.
    pub files: Vec<FileEntry>,
    /// Day of the shipped snapshot; none for a book of one's own.
    pub date: Option<String>,
    /// Which token follows which price; later entries go before earlier ones.
    pub follows: Vec<Follow>,
    /// Pegged tokens of which nothing is read: the documented rate of depegs counts.
    pub stated_pegs: Vec<String>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// What it is read for.
    pub role: Role,
    /// The asset that it tells of, where there is a file an asset.
    pub asset: Option<String>,
    /// Path as given, or that of shipped data in the repository.
    pub name: String,
    /// The program carries it.
    pub shipped: bool,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
    /// Lines below the first, unpacked; not counted where the file is shipped.
    pub rows: Option<u64>,
}

impl FileEntry {
    /// A file that was read.
    pub fn of(origin: &Origin) -> Self {
        Self {
            role: origin.what,
            asset: origin.asset.clone(),
            name: origin.name.clone(),
            shipped: origin.shipped,
            sha256: figures::hex(&origin.digest),
            bytes: origin.bytes,
            rows: origin.rows,
        }
    }
}

impl QuoteRequest {
    /// The request behind inputs already read, by this program.
    pub fn of(inputs: &Inputs, asked: &Asked) -> Self {
        Self {
            format: FORMAT.to_owned(),
            model: ModelId { release: env!("CARGO_PKG_VERSION").to_owned(), number: MODEL_VERSION },
            inputs: InputList {
                files: inputs.origins.iter().map(FileEntry::of).collect(),
                date: inputs.date.clone(),
                follows: inputs.follows.clone(),
                stated_pegs: inputs.stated_pegs.clone(),
            },
            held_out: asked.held_out.clone(),
            terms: asked.terms.clone(),
            drawing: asked.drawing,
            assumed: asked.assumed.clone(),
        }
    }

    /// What was asked, beside the files.
    pub fn asked(&self) -> Asked {
        Asked {
            assumed: self.assumed.clone(),
            held_out: self.held_out.clone(),
            terms: self.terms.clone(),
            drawing: self.drawing,
        }
    }

    /// The request as JSON.
    pub fn json(&self) -> Value {
        // A request is made of texts, numbers and lists, which JSON always has.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The canonical text: JSON without white space, keys in the order of their bytes, numbers as the shortest
    /// decimal that reads back as the same bits.
    pub fn canonical(&self) -> String {
        self.json().to_string()
    }

    /// The hash of the inputs: Keccak-256 of the canonical text.
    pub fn digest(&self) -> Word {
        keccak256(self.canonical())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_actuary::random::Stream;

    fn request() -> QuoteRequest {
        QuoteRequest {
            format: FORMAT.to_owned(),
            model: ModelId { release: "0.1.0".to_owned(), number: 1 },
            inputs: InputList {
                files: vec![FileEntry {
                    role: Role::LoanBook,
                    asset: None,
                    name: "loans.csv".to_owned(),
                    shipped: false,
                    sha256: "00".repeat(32),
                    bytes: 1,
                    rows: Some(0),
                }],
                date: None,
                follows: vec![Follow::parse("wstETH=ETH:1.145").unwrap()],
                stated_pegs: vec!["USDC".to_owned()],
            },
            held_out: vec![(1_583_884_800, 1_584_230_400)],
            terms: Terms::default(),
            drawing: DesignOptions::default(),
            assumed: Assumptions::default(),
        }
    }

    /// The digest is what a signature binds: the canonical text may not change without a new format.
    #[test]
    fn the_canonical_text_is_sorted_and_reads_back() {
        let request = request();
        let text = request.canonical();
        assert!(
            text.starts_with(r#"{"assumed":{"account_clusters":0,"bands":false,"basis_deviation":0.002,"#),
            "{text}"
        );
        assert!(text.contains(r#""held_out":["2020-03-11..2020-03-15"]"#), "{text}");
        assert!(text.contains(r#""follows":[{"column":"ETH","ratio":1.145,"symbol":"wstETH"}]"#), "{text}");
        let mut keys: Vec<&str> =
            text.split('"').filter(|part| ["assumed", "terms"].contains(part)).collect();
        keys.dedup();
        assert_eq!(keys, ["assumed", "terms"]);
        let back: QuoteRequest = serde_json::from_str(&text).unwrap();
        assert_eq!((back.digest(), &back), (request.digest(), &request));
        let pretty = serde_json::to_string_pretty(&request).unwrap();
        let back: QuoteRequest = serde_json::from_str(&pretty).unwrap();
        assert_eq!(back.canonical(), text, "white space and order of a file do not matter");
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let text = request().canonical();
        for (from, to) in [
            (r#""seed":"#, r#""sead":"#),
            (r#""seed":1"#, r#""seed":1,"sneed":1"#),
            (r#""paths":"#, r#""seed":2,"paths":"#),
            (r#""seed":1"#, r#""seed":-1"#),
            ("loan book", "lone book"),
            ("2020-03-11..", "yesterday.."),
        ] {
            assert!(text.contains(from), "{from}");
            assert!(serde_json::from_str::<QuoteRequest>(&text.replacen(from, to, 1)).is_err(), "{to}");
        }
    }

    /// Shortest decimals read back as the same bits: random bit patterns, subnormal numbers and the ends.
    #[test]
    fn floats_keep_their_bits() {
        let mut random = Stream::new(712, 0, 0);
        let drawn = (0..200_000).map(|_| f64::from_bits(random.next_word()));
        let ends = [f64::MIN_POSITIVE, 5e-324, f64::MAX, f64::MIN, 0.1, 1e21, 1.0 / 3.0, -0.0, 123_456_789.0];
        let small = (0..64).map(|bit| f64::from_bits(1 << bit));
        for value in drawn.chain(ends).chain(small).filter(|value| value.is_finite()) {
            let text = serde_json::to_string(&value).unwrap();
            let back: f64 = serde_json::from_str(&text).unwrap();
            assert_eq!(back.to_bits(), value.to_bits(), "{text}");
            let within: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(within.to_string(), text);
        }
    }
}
