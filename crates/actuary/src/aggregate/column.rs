//! Transforms of short columns, as many side by side as the processor's registers are wide, in place.
//!
//! Vectors are explicit here: of the plain loops the compiler makes vector code only in part. Each number goes through
//! the same additions and multiplications whatever the width, so the bits do not depend on it.

use pulp::Simd;

use crate::math::sine::sin_cos;

/// Cosine and sine of an angle.
pub(super) type Turn = (f64, f64);

/// e^(-2 pi i k / of).
pub(super) fn turn(k: usize, of: usize) -> Turn {
    let (sin, cos) = sin_cos(-(k as f64) * (core::f64::consts::TAU / of as f64));
    (cos, sin)
}

/// Plan of the transform of a column whose length is a power of two.
#[derive(Clone, Debug)]
pub(super) struct Column {
    length: usize,
    /// Turns of the butterflies of each pass but the last, whose turns are 1.
    passes: Vec<Vec<[Turn; 3]>>,
    /// Where the transform leaves each frequency.
    pub places: Vec<usize>,
}

impl Column {
    /// A plan for columns of a length that is a power of two.
    pub fn new(length: usize) -> Self {
        let mut passes = Vec::new();
        let mut span = length;
        while span > 4 {
            passes.push((0..span / 4).map(|p| [1, 2, 3].map(|times| turn(times * p, span))).collect());
            span /= 4;
        }
        let mut places = vec![0; length];
        for place in 0..length {
            places[frequency(place, length)] = place;
        }
        Self { length, passes, places }
    }

    /// Length of the columns.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Transforms columns side by side, one vector a row; frequencies end up at [`Column::places`].
    #[inline(always)]
    pub fn run<S: Simd>(&self, simd: S, re: &mut [S::f64s], im: &mut [S::f64s]) {
        let mut span = self.length;
        for turns in &self.passes {
            for (re, im) in re.chunks_exact_mut(span).zip(im.chunks_exact_mut(span)) {
                pass(simd, re, im, turns);
            }
            span /= 4;
        }
        if span == 4 {
            for (re, im) in re.chunks_exact_mut(4).zip(im.chunks_exact_mut(4)) {
                let out = butterfly(simd, [re[0], re[1], re[2], re[3]], [im[0], im[1], im[2], im[3]]);
                re.copy_from_slice(&out.0);
                im.copy_from_slice(&out.1);
            }
        } else if span == 2 {
            for pair in re.chunks_exact_mut(2).chain(im.chunks_exact_mut(2)) {
                let (a, b) = (pair[0], pair[1]);
                (pair[0], pair[1]) = (simd.add_f64s(a, b), simd.sub_f64s(a, b));
            }
        }
    }
}

/// Butterflies of four rows a quarter apart.
#[inline(always)]
fn pass<S: Simd>(simd: S, re: &mut [S::f64s], im: &mut [S::f64s], turns: &[[Turn; 3]]) {
    let [re_a, re_b, re_c, re_d] = quarters(re);
    let [im_a, im_b, im_c, im_d] = quarters(im);
    let re = re_a.iter_mut().zip(re_b).zip(re_c.iter_mut().zip(re_d));
    let im = im_a.iter_mut().zip(im_b).zip(im_c.iter_mut().zip(im_d));
    for ((re, im), turns) in re.zip(im).zip(turns) {
        let ((re_a, re_b), (re_c, re_d)) = re;
        let ((im_a, im_b), (im_c, im_d)) = im;
        let (x, y) = butterfly(simd, [*re_a, *re_b, *re_c, *re_d], [*im_a, *im_b, *im_c, *im_d]);
        let by = |k: usize| turned(simd, (x[k], y[k]), splat(simd, turns[k - 1]));
        (*re_a, *im_a) = (x[0], y[0]);
        (*re_b, *im_b) = by(1);
        (*re_c, *im_c) = by(2);
        (*re_d, *im_d) = by(3);
    }
}

fn quarters<T>(values: &mut [T]) -> [&mut [T]; 4] {
    let quarter = values.len() / 4;
    let (a, rest) = values.split_at_mut(quarter);
    let (b, rest) = rest.split_at_mut(quarter);
    let (c, d) = rest.split_at_mut(quarter);
    [a, b, c, d]
}

/// The frequency that the passes leave at a place: a quarter holds every fourth.
fn frequency(place: usize, length: usize) -> usize {
    match length {
        1 | 2 => place,
        _ => place / (length / 4) + 4 * frequency(place % (length / 4), length / 4),
    }
}

/// The same turn for a whole vector.
#[inline(always)]
pub(super) fn splat<S: Simd>(simd: S, (c, s): Turn) -> (S::f64s, S::f64s) {
    (simd.splat_f64s(c), simd.splat_f64s(s))
}

/// A product of complex numbers.
#[inline(always)]
pub(super) fn turned<S: Simd>(
    simd: S,
    (re, im): (S::f64s, S::f64s),
    (c, s): (S::f64s, S::f64s),
) -> (S::f64s, S::f64s) {
    (
        simd.sub_f64s(simd.mul_f64s(re, c), simd.mul_f64s(im, s)),
        simd.add_f64s(simd.mul_f64s(re, s), simd.mul_f64s(im, c)),
    )
}

/// The transform of four numbers.
#[inline(always)]
fn butterfly<S: Simd>(simd: S, re: [S::f64s; 4], im: [S::f64s; 4]) -> ([S::f64s; 4], [S::f64s; 4]) {
    let add = |a, b| simd.add_f64s(a, b);
    let sub = |a, b| simd.sub_f64s(a, b);
    let (sum_ac_re, sum_ac_im) = (add(re[0], re[2]), add(im[0], im[2]));
    let (gap_ac_re, gap_ac_im) = (sub(re[0], re[2]), sub(im[0], im[2]));
    let (sum_bd_re, sum_bd_im) = (add(re[1], re[3]), add(im[1], im[3]));
    // -i (b - d)
    let (gap_bd_re, gap_bd_im) = (sub(im[1], im[3]), sub(re[3], re[1]));
    (
        [
            add(sum_ac_re, sum_bd_re),
            add(gap_ac_re, gap_bd_re),
            sub(sum_ac_re, sum_bd_re),
            sub(gap_ac_re, gap_bd_re),
        ],
        [
            add(sum_ac_im, sum_bd_im),
            add(gap_ac_im, gap_bd_im),
            sub(sum_ac_im, sum_bd_im),
            sub(gap_ac_im, gap_bd_im),
        ],
    )
}
