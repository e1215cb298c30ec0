//! A measured curve made concave for routing.
//!
//! On a line `slip = a + m x` the next unit sold brings the rate `1 - a - 2 m x` of the price. Where a later line is
//! flatter the rate of a measured curve jumps up, so that its proceeds are not concave and the best split over venues
//! may be to leave this one or to fill it. Here the rate is replaced by the lowest of all before: proceeds are then
//! concave and nowhere above those measured.

use super::ImpactCurve;

/// Rate of the next unit by size, linear in pieces and nowhere rising.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ConcaveCurve {
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    from: f64,
    to: f64,
    /// Rate at its start.
    rate: f64,
    /// Fall of the rate by unit of size.
    fall: f64,
    /// Proceeds of what is sold before it.
    before: f64,
}

impl ConcaveCurve {
    pub(super) fn new(curve: &ImpactCurve) -> Self {
        let mut concave = Self { pieces: Vec::new() };
        let mut lowest = f64::INFINITY;
        for pair in curve.points().windows(2) {
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            let slope = (y1 - y0) / (x1 - x0);
            let start = 1.0 - y0 - slope * x0;
            let mut from = x0;
            if start > lowest {
                // At the lowest rate so far until the line has come down to it.
                let meet = if slope > 0.0 { x0 + (start - lowest) / (2.0 * slope) } else { x1 };
                from = meet.min(x1);
                concave.push(x0, from, lowest, 0.0);
            } else {
                lowest = start;
            }
            concave.push(from, x1, lowest, 2.0 * slope);
            lowest -= 2.0 * slope * (x1 - from);
        }
        concave
    }

    fn push(&mut self, from: f64, to: f64, rate: f64, fall: f64) {
        if to > from {
            let before = self.pieces.last().map_or(0.0, |last| last.proceeds(last.to));
            self.pieces.push(Piece { from, to, rate, fall, before });
        }
    }

    /// What a sale of value `size` brings; nothing for what is beyond the last quote.
    pub(super) fn proceeds(&self, size: f64) -> f64 {
        let at = self.pieces.partition_point(|piece| piece.from < size).max(1) - 1;
        self.pieces.get(at).map_or(0.0, |piece| piece.proceeds(size.min(piece.to)))
    }

    /// Size down to a rate.
    pub(super) fn size_at(&self, rate: f64) -> f64 {
        let mut size = 0.0;
        for piece in self.pieces.iter().take_while(|piece| piece.rate >= rate) {
            let down = if piece.fall > 0.0 { (piece.rate - rate) / piece.fall } else { f64::INFINITY };
            size = (piece.from + down).min(piece.to);
        }
        size
    }
}

impl Piece {
    fn proceeds(&self, size: f64) -> f64 {
        let within = size - self.from;
        self.before + within * (self.rate - 0.5 * self.fall * within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_concave_curve_stays_and_another_is_cut() {
        // Rates: 1 - 0.02 x to 10; then 1 - 0.1 - 0.04 (x - 10) - 0.02 * 10 ...
        let concave = ImpactCurve::new(&[(10.0, 0.1), (20.0, 0.3)], 1.0).unwrap();
        let flat = ImpactCurve::new(&[(10.0, 0.2), (20.0, 0.2)], 1.0).unwrap();
        let (a, b) = (ConcaveCurve::new(&concave), ConcaveCurve::new(&flat));
        for size in (1..=20).map(f64::from) {
            let measured = size * (1.0 - concave.impact(size));
            assert!((a.proceeds(size) - measured).abs() < 1e-12, "{size}");
            assert!(b.proceeds(size) <= size * (1.0 - flat.impact(size)) + 1e-12, "{size}");
        }
        // Beyond 10 the flat curve's rate is 0.8 again; what counts is the 0.6 of the first line's end.
        assert!((b.proceeds(20.0) - (8.0 + 6.0)).abs() < 1e-12);
        assert_eq!(b.size_at(0.6), 20.0);
        assert!((b.size_at(0.7) - 7.5).abs() < 1e-12);
    }
}
