//! The known name that is nearest to a mistyped one.

/// The nearest of `known`, when it is near enough to be meant: at most a third of its letters differ, case
/// aside. The first of equals.
pub(crate) fn nearest<'k>(found: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    // A name longer than any known one by far cannot be near, and the distance is quadratic in its length.
    if found.len() > 64 {
        return None;
    }
    let found = found.to_lowercase();
    let mut best: Option<(usize, &str)> = None;
    for name in known {
        let distance = edit_distance(&found, &name.to_lowercase());
        let close = distance <= (name.chars().count() / 3).max(1);
        if close && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name)
}

/// Letters inserted, dropped or exchanged to turn one word into the other (Levenshtein).
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &b) in right.iter().enumerate() {
            let exchanged = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = exchanged.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_of_textbook_words() {
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(edit_distance("abc", "abc"), 0);
    }

    #[test]
    fn only_near_names_are_suggested() {
        let known = ["collateral_amount", "debt_amount", "market"];
        assert_eq!(nearest("colateral_amount", known), Some("collateral_amount"));
        assert_eq!(nearest("Debt_Amount", known), Some("debt_amount"));
        assert_eq!(nearest("marke", known), Some("market"));
        assert_eq!(nearest("health", known), None);
        assert_eq!(nearest(&"m".repeat(1_000_000), known), None);
    }
}
