//! The passes of a complex transform in Stockham's order: reads quarters of a sequence, writes neighbours.

/// Cosine and sine of an angle.
pub(super) type Turn = (f64, f64);

/// Real and imaginary parts of a sequence.
pub(super) struct Parts<'a> {
    pub re: &'a mut [f64],
    pub im: &'a mut [f64],
}

fn quarters(values: &[f64], span: usize) -> (&[f64], &[f64], &[f64], &[f64]) {
    let (a, rest) = values.split_at(span);
    let (b, rest) = rest.split_at(span);
    let (c, d) = rest.split_at(span);
    (a, b, c, d)
}

#[inline(always)]
fn butterfly(re: [f64; 4], im: [f64; 4], turns: &[Turn; 3]) -> ([f64; 4], [f64; 4]) {
    let (sum_ac_re, sum_ac_im) = (re[0] + re[2], im[0] + im[2]);
    let (gap_ac_re, gap_ac_im) = (re[0] - re[2], im[0] - im[2]);
    let (sum_bd_re, sum_bd_im) = (re[1] + re[3], im[1] + im[3]);
    // -i (b - d)
    let (gap_bd_re, gap_bd_im) = (im[1] - im[3], re[3] - re[1]);
    let turn = |re: f64, im: f64, (c, s): Turn| (re * c - im * s, re * s + im * c);
    let one = turn(gap_ac_re + gap_bd_re, gap_ac_im + gap_bd_im, turns[0]);
    let two = turn(sum_ac_re - sum_bd_re, sum_ac_im - sum_bd_im, turns[1]);
    let three = turn(gap_ac_re - gap_bd_re, gap_ac_im - gap_bd_im, turns[2]);
    ([sum_ac_re + sum_bd_re, one.0, two.0, three.0], [sum_ac_im + sum_bd_im, one.1, two.1, three.1])
}

/// The last pass where the length is an odd power of two; it needs no turn.
pub(super) fn pass_of_two(from: &Parts<'_>, to: &mut Parts<'_>, stride: usize) {
    for (from, to) in [(&*from.re, &mut *to.re), (&*from.im, &mut *to.im)] {
        let (a, b) = from.split_at(stride);
        let (sums, gaps) = to.split_at_mut(stride);
        for ((sum, gap), (a, b)) in sums.iter_mut().zip(gaps).zip(a.iter().zip(b)) {
            (*sum, *gap) = (a + b, a - b);
        }
    }
}

/// Neighbours worked on at a time: a line of the cache, because the sixteen rows of a piece, a power of two apart,
/// displace each other from the nearest cache before they would be read again.
pub(super) const LANES: usize = 8;

/// Real or imaginary parts of four rows of neighbours.
type Rows = [[f64; LANES]; 4];

/// Two passes of butterflies of four at once, over pieces of sixteen rows of `LANES` neighbours: the same operations
/// as two passes one after the other, with half the way through memory. `stride` is a multiple of `LANES`. Of
/// the result of the last pass only the first `wanted` are needed.
pub(super) fn pass_of_sixteen(
    from: &Parts<'_>,
    to: &mut Parts<'_>,
    first: &[[Turn; 3]],
    second: &[[Turn; 3]],
    stride: usize,
    wanted: usize,
) {
    let groups = second.len();
    let row = groups * stride;
    // Where butterfly k of the first pass leaves its row j, butterfly j of the second finds its row k.
    let mut re = [[[0.0; LANES]; 4]; 4];
    let mut im = [[[0.0; LANES]; 4]; 4];
    for (p, second) in second.iter().enumerate() {
        for q in (0..stride).step_by(LANES) {
            for k in 0..4 {
                let at = k * row + p * stride + q;
                let (mut x, mut y) = (rows(from.re, at, 4 * row), rows(from.im, at, 4 * row));
                butterflies(&mut x, &mut y, &first[p + groups * k]);
                for j in 0..4 {
                    (re[j][k], im[j][k]) = (x[j], y[j]);
                }
            }
            for k in 0..4 {
                butterflies(&mut re[k], &mut im[k], second);
                for j in 0..4 {
                    let at = (16 * p + 4 * j + k) * stride + q;
                    if groups == 1 && at >= wanted {
                        continue;
                    }
                    to.re[at..at + LANES].copy_from_slice(&re[k][j]);
                    to.im[at..at + LANES].copy_from_slice(&im[k][j]);
                }
            }
        }
    }
}

/// Four rows of neighbours a distance apart.
#[inline(always)]
fn rows(values: &[f64], at: usize, distance: usize) -> Rows {
    let mut rows = [[0.0; LANES]; 4];
    for (j, row) in rows.iter_mut().enumerate() {
        row.copy_from_slice(&values[at + j * distance..at + j * distance + LANES]);
    }
    rows
}

/// Butterflies of neighbours that share their turns, in place.
#[inline(always)]
fn butterflies(re: &mut Rows, im: &mut Rows, turns: &[Turn; 3]) {
    for l in 0..LANES {
        let out = butterfly(
            [re[0][l], re[1][l], re[2][l], re[3][l]],
            [im[0][l], im[1][l], im[2][l], im[3][l]],
            turns,
        );
        for j in 0..4 {
            (re[j][l], im[j][l]) = (out.0[j], out.1[j]);
        }
    }
}

/// The first pass over a sequence whose second half is zero.
pub(super) fn first_pass_of_half(from: &Parts<'_>, to: &mut Parts<'_>, turns: &[[Turn; 3]]) {
    let (re_a, re_b, ..) = quarters(from.re, turns.len());
    let (im_a, im_b, ..) = quarters(from.im, turns.len());
    let blocks = to.re.chunks_exact_mut(4).zip(to.im.chunks_exact_mut(4));
    for (p, ((out_re, out_im), turns)) in blocks.zip(turns).enumerate() {
        let out = butterfly([re_a[p], re_b[p], 0.0, 0.0], [im_a[p], im_b[p], 0.0, 0.0], turns);
        out_re.copy_from_slice(&out.0);
        out_im.copy_from_slice(&out.1);
    }
}

/// The first half of what the last pass makes; its turns are 1.
pub(super) fn first_half_of_last_pass(from: &Parts<'_>, to: &mut Parts<'_>, stride: usize) {
    let (re_a, re_b, re_c, re_d) = quarters(from.re, stride);
    let (im_a, im_b, im_c, im_d) = quarters(from.im, stride);
    let (re_0, re_1) = to.re[..2 * stride].split_at_mut(stride);
    let (im_0, im_1) = to.im[..2 * stride].split_at_mut(stride);
    for q in 0..stride {
        re_0[q] = (re_a[q] + re_c[q]) + (re_b[q] + re_d[q]);
        im_0[q] = (im_a[q] + im_c[q]) + (im_b[q] + im_d[q]);
        re_1[q] = (re_a[q] - re_c[q]) + (im_b[q] - im_d[q]);
        im_1[q] = (im_a[q] - im_c[q]) + (re_d[q] - re_b[q]);
    }
}

/// A pass of butterflies of four, each over `stride` neighbours that share a turn.
pub(super) fn pass_of_four(from: &Parts<'_>, to: &mut Parts<'_>, turns: &[[Turn; 3]], stride: usize) {
    let span = turns.len() * stride;
    let (re_a, re_b, re_c, re_d) = quarters(from.re, span);
    let (im_a, im_b, im_c, im_d) = quarters(from.im, span);
    let blocks = to.re.chunks_exact_mut(4 * stride).zip(to.im.chunks_exact_mut(4 * stride));
    for (p, ((out_re, out_im), turns)) in blocks.zip(turns).enumerate() {
        let range = p * stride..(p + 1) * stride;
        let a = (&re_a[range.clone()], &im_a[range.clone()]);
        let b = (&re_b[range.clone()], &im_b[range.clone()]);
        let c = (&re_c[range.clone()], &im_c[range.clone()]);
        let d = (&re_d[range.clone()], &im_d[range]);
        let (re_0, rest) = out_re.split_at_mut(stride);
        let (re_1, rest) = rest.split_at_mut(stride);
        let (re_2, re_3) = rest.split_at_mut(stride);
        let (im_0, rest) = out_im.split_at_mut(stride);
        let (im_1, rest) = rest.split_at_mut(stride);
        let (im_2, im_3) = rest.split_at_mut(stride);
        // Slices of one length let the compiler drop the bounds checks.
        let (re_3, im_3) = (&mut re_3[..stride], &mut im_3[..stride]);
        for q in 0..stride {
            let out = butterfly([a.0[q], b.0[q], c.0[q], d.0[q]], [a.1[q], b.1[q], c.1[q], d.1[q]], turns);
            (re_0[q], re_1[q], re_2[q], re_3[q]) = (out.0[0], out.0[1], out.0[2], out.0[3]);
            (im_0[q], im_1[q], im_2[q], im_3[q]) = (out.1[0], out.1[1], out.1[2], out.1[3]);
        }
    }
}

/// The first pass, where every butterfly has its own turn.
pub(super) fn first_pass(from: &Parts<'_>, to: &mut Parts<'_>, turns: &[[Turn; 3]]) {
    let (re_a, re_b, re_c, re_d) = quarters(from.re, turns.len());
    let (im_a, im_b, im_c, im_d) = quarters(from.im, turns.len());
    let blocks = to.re.chunks_exact_mut(4).zip(to.im.chunks_exact_mut(4));
    for (p, ((out_re, out_im), turns)) in blocks.zip(turns).enumerate() {
        let out =
            butterfly([re_a[p], re_b[p], re_c[p], re_d[p]], [im_a[p], im_b[p], im_c[p], im_d[p]], turns);
        out_re.copy_from_slice(&out.0);
        out_im.copy_from_slice(&out.1);
    }
}
