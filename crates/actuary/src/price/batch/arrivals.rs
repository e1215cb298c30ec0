//! Waits and sizes of one asset's jumps on sixteen paths, side by side.

use super::group::{LANES, Lanes};
use crate::math::elementary;
use crate::math::wide::{Kernel, Width};
use crate::price::jumps::OwnJumps;
use crate::price::timeline::{Draws, Factor, Jumps};
use crate::random::{self, Stream};

/// Paths that may still wait for jumps when the table ends: for so few a further row is not worth it.
const FEW: usize = 3;

/// Most rows of a table.
const ROWS: usize = 64;

/// Jumps of one asset: row k holds the wait before jump k of each path, and its size (of Merton's jumps, the uniform
/// that decides it).
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    rows: Vec<[Lanes; 2]>,
    number: usize,
}

impl Table {
    /// Draws the jumps of asset `number`, as many as nearly all paths need to accumulate `total`.
    pub fn fill(
        &mut self,
        jumps: &OwnJumps,
        number: usize,
        draws: &[Draws<'_>; LANES],
        total: &Lanes,
        width: Width,
    ) {
        self.number = number;
        let expected = total.iter().sum::<f64>() / LANES as f64;
        // A float to integer cast saturates.
        let mut more = (1.0 + expected + 0.5 * expected.sqrt()) as usize;
        let mut waited = [0.0; LANES];
        let mut filled = 0;
        while filled < ROWS && (0..LANES).filter(|lane| waited[*lane] < total[*lane]).count() > FEW {
            let end = ROWS.min(filled + more);
            if self.rows.len() < end {
                self.rows.resize(end, [[0.0; LANES]; 2]);
            }
            width.run(Rows {
                seed: draws[0].seed,
                path: draws[0].path,
                factor: Factor::OwnJumps.number(number),
                first: filled as u32,
                jumps,
                rows: &mut self.rows[filled..end],
                waited: &mut waited,
            });
            (filled, more) = (end, 1);
        }
        self.rows.truncate(filled);
    }

    /// Whether a path's first jump comes before `total` is accumulated.
    pub fn arrives(&self, lane: usize, total: f64) -> bool {
        self.rows.first().is_none_or(|[waits, _]| waits[lane] < total)
    }

    /// The jumps of one path.
    pub fn column<'a>(&'a self, lane: usize, draws: &Draws<'_>) -> Column<'a> {
        let (seed, path) = (draws.seed, draws.path);
        Column { table: self, lane, row: 0, seed, path, rest: None }
    }
}

/// The jumps of one path; where the table ends, the path's stream goes on.
pub(super) struct Column<'a> {
    table: &'a Table,
    lane: usize,
    row: usize,
    seed: u64,
    path: u64,
    rest: Option<Stream>,
}

impl Column<'_> {
    fn rest(&mut self) -> &mut Stream {
        let (rows, number) = (self.table.rows.len(), self.table.number);
        self.rest.get_or_insert_with(|| {
            let stream = if rows < ROWS {
                Factor::OwnJumps.sparse(self.seed, self.path, number)
            } else {
                Factor::OwnJumps.stream(self.seed, self.path, number)
            };
            stream.starting_at(rows as u32)
        })
    }
}

impl Jumps for Column<'_> {
    #[inline]
    fn wait(&mut self) -> f64 {
        match self.table.rows.get(self.row) {
            Some([waits, _]) => waits[self.lane],
            None => self.rest().wait(),
        }
    }

    #[inline]
    fn size(&mut self, jumps: &OwnJumps) -> f64 {
        let Some([_, sizes]) = self.table.rows.get(self.row) else { return self.rest().size(jumps) };
        self.row += 1;
        match jumps {
            OwnJumps::Kou(_) => sizes[self.lane],
            OwnJumps::Merton(jumps) => jumps.at(sizes[self.lane]),
        }
    }
}

/// Some rows of a table; `waited` is what the paths have waited so far.
struct Rows<'a> {
    seed: u64,
    path: u64,
    factor: u32,
    first: u32,
    jumps: &'a OwnJumps,
    rows: &'a mut [[Lanes; 2]],
    waited: &'a mut Lanes,
}

impl Kernel for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (row, pair) in self.rows.iter_mut().zip(self.first..) {
            let [waits, sizes] = row;
            random::uniforms_across(self.seed, self.path, self.factor, pair, waits, sizes);
            for (wait, waited) in waits.iter_mut().zip(&mut *self.waited) {
                *wait = -elementary::ln(*wait);
                *waited += *wait;
            }
            if let OwnJumps::Kou(jumps) = self.jumps {
                for size in sizes {
                    *size = jumps.at(*size);
                }
            }
        }
    }
}
