//! A complex transform in two rounds of columns (the four-step method; D. Bailey 1990): columns of a table of the
//! sequence, turns, then columns of what came out, transposed. Memory is gone through twice however long the sequence;
//! everything else happens in columns that stay in the nearest cache.

use pulp::Simd;

use super::column::{Column, Turn, splat, turn, turned};

/// Widest vector, in numbers.
pub(super) const LANES: usize = 8;

/// Plan of a transform.
#[derive(Clone, Debug)]
pub(super) struct Square {
    /// Down the table, and along it.
    first: Column,
    second: Column,
    /// e^(-2 pi i k LANES / length).
    coarse: Vec<Turn>,
    /// e^(-2 pi i k l / length) for the first columns, cosines and sines.
    fine: Vec<[[f64; LANES]; 2]>,
}

/// Memory of a transform.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    table: [Vec<f64>; 2],
    column: [Vec<f64>; 2],
}

impl Square {
    /// A plan for sequences of a length that is a power of two.
    pub fn new(length: usize) -> Self {
        let rows = 1 << (length.trailing_zeros() / 2);
        let coarse = (0..(length / LANES).max(1)).map(|k| turn(k * LANES, length)).collect();
        let fine = |k: usize| {
            let turns: [Turn; LANES] = core::array::from_fn(|l| turn(k * l, length));
            [turns.map(|turn| turn.0), turns.map(|turn| turn.1)]
        };
        let fine = (0..rows).map(fine).collect();
        Self { first: Column::new(rows), second: Column::new(length / rows), coarse, fine }
    }

    /// Whether every vector that [`Square::run`] may be run with divides both sides of the table.
    pub fn fits(&self) -> bool {
        self.first.length() >= LANES
    }

    /// Memory for one transform at a time.
    pub fn memory(&self) -> Memory {
        let (rows, columns) = (self.first.length(), self.second.length());
        let zeros = |length| [vec![0.0; length], vec![0.0; length]];
        Memory { table: zeros(rows * columns), column: zeros(LANES * columns) }
    }

    /// Transforms what `load` writes, given where it begins, and hands the result to `store`, given where it belongs:
    /// real and imaginary parts of a vector's length.
    #[inline(always)]
    pub fn run<S: Simd>(
        &self,
        simd: S,
        memory: &mut Memory,
        load: impl Fn(usize, &mut [f64], &mut [f64]),
        mut store: impl FnMut(usize, &[f64], &[f64]),
    ) {
        let lanes = S::F64_LANES;
        let (rows, columns) = (self.first.length(), self.second.length());
        let Memory { table: [table_re, table_im], column: [re, im] } = memory;
        for start in (0..columns).step_by(lanes) {
            let (re, im) = (&mut re[..rows * lanes], &mut im[..rows * lanes]);
            let pairs = re.chunks_exact_mut(lanes).zip(im.chunks_exact_mut(lanes));
            for (row, (re, im)) in pairs.enumerate() {
                load(columns * row + start, re, im);
            }
            let (re, im) = (S::as_mut_simd_f64s(re).0, S::as_mut_simd_f64s(im).0);
            self.first.run(simd, re, im);
            for group in (0..rows).step_by(lanes) {
                let tiles = self.tiles(simd, re, im, start, group);
                for (table, tile) in [&mut *table_re, &mut *table_im].into_iter().zip(&tiles) {
                    for l in 0..lanes {
                        let at = (start + l) * rows + group;
                        for (j, value) in table[at..at + lanes].iter_mut().enumerate() {
                            *value = tile[j * lanes + l];
                        }
                    }
                }
            }
        }
        for group in (0..rows).step_by(lanes) {
            for (column, table) in [(&mut *re, &*table_re), (&mut *im, &*table_im)] {
                for (value, table) in column.chunks_exact_mut(lanes).zip(table.chunks_exact(rows)) {
                    value.copy_from_slice(&table[group..group + lanes]);
                }
            }
            let (re, im) = (&mut re[..columns * lanes], &mut im[..columns * lanes]);
            self.second.run(simd, S::as_mut_simd_f64s(re).0, S::as_mut_simd_f64s(im).0);
            for (k, place) in self.second.places.iter().enumerate() {
                let at = place * lanes..(place + 1) * lanes;
                store(rows * k + group, &re[at.clone()], &im[at]);
            }
        }
    }

    /// Frequencies `group`, ... of the columns from `start` on, turned; one frequency a row.
    #[inline(always)]
    fn tiles<S: Simd>(
        &self,
        simd: S,
        re: &[S::f64s],
        im: &[S::f64s],
        start: usize,
        group: usize,
    ) -> [[f64; LANES * LANES]; 2] {
        let lanes = S::F64_LANES;
        let mut tiles = [[0.0; LANES * LANES]; 2];
        let [tile_re, tile_im] = &mut tiles;
        let tile_re = S::as_mut_simd_f64s(&mut tile_re[..lanes * lanes]).0;
        let tile_im = S::as_mut_simd_f64s(&mut tile_im[..lanes * lanes]).0;
        let from = start % LANES..start % LANES + lanes;
        for (k, (tile_re, tile_im)) in (group..).zip(tile_re.iter_mut().zip(tile_im)) {
            let [c, s] = &self.fine[k];
            let fine = (S::as_simd_f64s(&c[from.clone()]).0[0], S::as_simd_f64s(&s[from.clone()]).0[0]);
            let turns = turned(simd, fine, splat(simd, self.coarse[k * (start / LANES)]));
            let place = self.first.places[k];
            (*tile_re, *tile_im) = turned(simd, (re[place], im[place]), turns);
        }
        tiles
    }
}
