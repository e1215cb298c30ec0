//! One thing in which a quote file and what was computed differ.

use serde_json::{Value, json};

/// What sort of thing differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request is not the one that was priced.
    Request,
    /// An input is not the one that was priced.
    File,
    /// A figure is not what comes out.
    Figure,
    /// What is signed does not follow from figures and binding.
    Signed,
}

impl Kind {
    /// A word for programs and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::File => "file",
            Self::Figure => "figure",
            Self::Signed => "signed",
        }
    }

    /// What to do.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Request => "the file was changed after the quote was made: ask for it again",
            Self::File => {
                "it was changed after the quote was made: restore it, or ask for the quote again; where it lies elsewhere, \
                 name it with --book, --markets, --prices or --depth"
            }
            Self::Figure => "the file states what its inputs do not give: ask for the quote again",
            Self::Signed => "do not sign or buy on it: ask for the quote again",
        }
    }
}

/// A difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// What sort of thing.
    pub kind: Kind,
    /// Where it stands in the quote file, or which file.
    pub what: String,
    /// What the quote states; null where it states nothing.
    pub stated: Value,
    /// What was found; null where there is nothing.
    pub found: Value,
    /// What it goes back to, or what it means.
    pub note: Option<String>,
}

impl Difference {
    /// How far a number is from the one stated: absolute, and relative where that is not zero.
    fn distance(&self) -> Option<(f64, Option<f64>)> {
        let (stated, found) = (self.stated.as_f64()?, self.found.as_f64()?);
        let distance = stated - found;
        (distance != 0.0).then(|| (distance, (found != 0.0).then(|| distance / found)))
    }

    /// For people.
    pub fn words(&self) -> String {
        let found = match self.kind {
            Kind::Request => "restated as",
            Kind::File => "found",
            Kind::Figure | Kind::Signed => "computed",
        };
        let mut text =
            format!("{}: stated {}, {found} {}", self.what, shown(&self.stated), shown(&self.found));
        match self.distance() {
            Some((distance, Some(relative))) => {
                text += &format!(" (off by {distance:.3e}, {relative:.3e} of it)");
            }
            Some((distance, None)) => text += &format!(" (off by {distance:.3e})"),
            None => {}
        }
        if let Some(note) = &self.note {
            text += &format!("; {note}");
        }
        text
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let off =
            self.distance().map(|(absolute, relative)| json!({"absolute": absolute, "relative": relative}));
        json!({
            "kind": self.kind.name(),
            "what": self.what,
            "stated": self.stated,
            "found": self.found,
            "off_by": off,
            "note": self.note,
            "message": self.words(),
        })
    }
}

/// A value in words; long ones by their beginning.
fn shown(value: &Value) -> String {
    const LENGTH_MAX: usize = 100;
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => format!("{text:?}"),
        other => other.to_string(),
    };
    if text.chars().count() <= LENGTH_MAX {
        return text;
    }
    text.chars().take(LENGTH_MAX).chain("...".chars()).collect()
}
