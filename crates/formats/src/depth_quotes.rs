//! Depth from sale quotes: how far a sale moves the price, by size.
//!
//! A CSV table with the columns `ts` (unix seconds or RFC 3339), `sell_asset`, `buy_asset`, `sell_amount` and
//! `buy_amount` (tokens, above 0) and `price_impact` (fraction of the price lost against the best price of the
//! same sweep, in [0, 1)). Quotes of one pair may be in any order; every quote counts once.
//!
//! The curve of a pair: its quotes sorted by size are cut into buckets of equal count; each bucket gives one
//! point, (median size, median impact); the impacts are then made non-decreasing by pooling adjacent violators,
//! weighted by the number of quotes, which is the least-squares fit among non-decreasing curves. A median is not
//! moved by a stray quote; pooling neither adds nor takes away impact on the whole.

use crate::error::FormatError;
use crate::field::Range;
use crate::source::Source;
use crate::table::{Header, Table};
use crate::timestamp::moment;

/// Columns, all of which must be there.
const COLUMNS: [(&str, bool); 6] = [
    ("ts", true),
    ("sell_asset", true),
    ("buy_asset", true),
    ("sell_amount", true),
    ("buy_amount", true),
    ("price_impact", true),
];

/// Most points of a curve. Impact grows faster than size, so a straight line between distant points overstates it:
/// with 40 points over five decades neighbours differ by about a third, and 340 quotes still give a median of
/// eight or nine each.
pub const BUCKETS: usize = 40;

/// Most pairs of one file: each quote looks up its pair by name.
const PAIRS_MAX: usize = 1_000;

/// Price impact of sales of one asset into another.
#[derive(Clone, Debug, PartialEq)]
pub struct DepthCurve {
    /// Asset sold.
    pub sell_asset: String,
    /// Asset received.
    pub buy_asset: String,
    /// Number of quotes behind the curve.
    pub quotes: usize,
    /// (size in tokens of the asset sold, impact as a fraction): sizes strictly rising, impacts non-decreasing.
    pub points: Vec<(f64, f64)>,
}

impl DepthCurve {
    /// Impact of a sale of this size, on straight lines between the points; below the first point its impact.
    /// `None` above the last point, where nothing was quoted, and for a size that is not a number.
    #[must_use]
    pub fn impact(&self, sell_amount: f64) -> Option<f64> {
        let above = self.points.iter().position(|&(size, _)| size >= sell_amount)?;
        let (right, high) = self.points[above];
        match above.checked_sub(1).map(|below| self.points[below]) {
            None => Some(high),
            Some((left, low)) => Some(low + (high - low) * ((sell_amount - left) / (right - left))),
        }
    }
}

/// Reads quotes and makes one curve a pair, in the order in which pairs appear.
///
/// # Errors
/// Any [`FormatError`] of tables; [`FormatError::TooManyPairs`] beyond 1,000 pairs.
pub fn read_depth(source: Source<'_>) -> Result<Vec<DepthCurve>, FormatError> {
    let mut table = Table::open(source, &Header::Fixed(&COLUMNS))?;
    let ts = table.required("ts")?;
    let sell = table.required("sell_asset")?;
    let buy = table.required("buy_asset")?;
    let sell_amount = table.required("sell_amount")?;
    let buy_amount = table.required("buy_amount")?;
    let impact = table.required("price_impact")?;
    let mut pairs: Vec<Pair> = Vec::new();
    while let Some(row) = table.next_row()? {
        let text = row.text(ts)?;
        moment(text).map_err(|expected| row.refuse(ts, text, expected))?;
        row.number(buy_amount, Range::Positive)?;
        let quote = (row.number(sell_amount, Range::Positive)?, row.number(impact, Range::FractionOrZero)?);
        let (from, to) = (row.name(sell)?, row.name(buy)?);
        match pairs.iter().position(|pair| pair.sell == from && pair.buy == to) {
            Some(index) => pairs[index].quotes.push(quote),
            None if pairs.len() == PAIRS_MAX => {
                return Err(FormatError::TooManyPairs { at: row.at(sell), limit: PAIRS_MAX });
            }
            None => pairs.push(Pair { sell: from.to_owned(), buy: to.to_owned(), quotes: vec![quote] }),
        }
    }
    Ok(pairs.into_iter().map(Pair::curve).collect())
}

struct Pair {
    sell: String,
    buy: String,
    quotes: Vec<(f64, f64)>,
}

impl Pair {
    fn curve(mut self) -> DepthCurve {
        self.quotes.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.total_cmp(&right.1)));
        let count = self.quotes.len();
        let buckets = BUCKETS.min(count);
        let mut points: Vec<Point> = Vec::with_capacity(buckets);
        for bucket in 0..buckets {
            let quotes = &self.quotes[bucket * count / buckets..(bucket + 1) * count / buckets];
            let size = median(quotes.iter().map(|quote| quote.0).collect());
            let impact = median(quotes.iter().map(|quote| quote.1).collect());
            let weight = quotes.len() as f64;
            match points.last_mut() {
                // Many quotes of one size fill several buckets: they are one point.
                Some(last) if size <= last.size => {
                    last.impact = (last.impact * last.weight + impact * weight) / (last.weight + weight);
                    last.weight += weight;
                }
                _ => points.push(Point { size, impact, weight }),
            }
        }
        let impacts = isotonic(&points);
        DepthCurve {
            sell_asset: self.sell,
            buy_asset: self.buy,
            quotes: count,
            points: points.iter().map(|point| point.size).zip(impacts).collect(),
        }
    }
}

struct Point {
    size: f64,
    impact: f64,
    weight: f64,
}

/// The middle value, or the mean of the two in the middle. Zero of nothing, which no caller asks for.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), middle.checked_sub(1).and_then(|below| values.get(below))) {
        (Some(&upper), Some(&lower)) if values.len().is_multiple_of(2) => lower + (upper - lower) / 2.0,
        (Some(&value), _) => value,
        (None, _) => 0.0,
    }
}

/// The non-decreasing sequence nearest to the impacts in weighted squares (pool adjacent violators).
fn isotonic(points: &[Point]) -> Vec<f64> {
    // Blocks of equal value: (value, weight, number of points).
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for point in points {
        let mut block = (point.impact, point.weight, 1);
        while let Some(&(value, weight, count)) = blocks.last()
            && value > block.0
        {
            let together = weight + block.1;
            block = ((value * weight + block.0 * block.1) / together, together, count + block.2);
            blocks.pop();
        }
        blocks.push(block);
    }
    blocks.into_iter().flat_map(|(value, _, count)| std::iter::repeat_n(value, count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pooling_known_sequences() {
        let fit = |impacts: &[(f64, f64)]| {
            let points: Vec<Point> =
                impacts.iter().map(|&(impact, weight)| Point { size: 0.0, impact, weight }).collect();
            isotonic(&points)
        };
        assert_eq!(fit(&[(1.0, 1.0), (2.0, 1.0), (3.0, 1.0)]), [1.0, 2.0, 3.0]);
        assert_eq!(fit(&[(3.0, 1.0), (2.0, 1.0), (1.0, 1.0)]), [2.0, 2.0, 2.0]);
        assert_eq!(fit(&[(1.0, 1.0), (4.0, 1.0), (2.0, 3.0), (5.0, 1.0)]), [1.0, 2.5, 2.5, 5.0]);
        assert!(fit(&[]).is_empty());
    }

    #[test]
    fn medians() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(vec![7.0]), 7.0);
    }

    #[test]
    fn impact_between_and_beyond_points() {
        let points = vec![(1.0, 0.125), (3.0, 0.375)];
        let curve = DepthCurve { sell_asset: "WETH".into(), buy_asset: "USDC".into(), quotes: 2, points };
        assert_eq!(curve.impact(0.5), Some(0.125));
        assert_eq!(curve.impact(2.0), Some(0.25));
        assert_eq!(curve.impact(3.0), Some(0.375));
        assert_eq!(curve.impact(3.1), None);
        assert_eq!(curve.impact(f64::NAN), None);
    }
}
