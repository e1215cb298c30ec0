//! Fast Fourier transform of real sequences whose length is a power of two.
//!
//! Written out here because results must have the same bits on every machine: the usual library picks vector
//! instructions by the processor it finds and takes its sines from the platform. This transform is IEEE
//! additions and multiplications in a fixed order (Stockham's self-sorting order, radix 4, real and imaginary
//! parts in separate arrays so that the loops become vector code) and its sines are those of [`sin_cos`]. It is
//! tested against the library.

/// Plan of a real transform: its length and its turns.
#[derive(Clone, Debug)]
pub struct RealFourier {
    length: usize,
    /// e^(-2 pi i k / length) for k up to a quarter of the length: the turns between the two halves.
    halves: Vec<Turn>,
    /// For each pass of the complex transform, the turns of its butterflies in the order of use.
    passes: Vec<Vec<[Turn; 3]>>,
}

/// Cosine and sine of an angle.
type Turn = (f64, f64);

/// The half spectrum of a real sequence: length / 2 + 1 complex numbers, the rest being their conjugates.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    /// Real parts.
    pub re: Vec<f64>,
    /// Imaginary parts.
    pub im: Vec<f64>,
}

impl RealFourier {
    /// A plan for sequences of at least `length` elements, rounded up to a power of two, at least 4.
    #[must_use]
    pub fn new(length: usize) -> Self {
        let length = length.max(4).next_power_of_two();
        let turn = |k: usize, of: usize| {
            let (sin, cos) = sin_cos(-(k as f64) * (core::f64::consts::TAU / of as f64));
            (cos, sin)
        };
        let halves = (0..=length / 4).map(|k| turn(k, length)).collect();
        let mut passes = Vec::new();
        let mut span = length / 2;
        while span.is_multiple_of(4) {
            passes.push((0..span / 4).map(|p| [1, 2, 3].map(|times| turn(times * p, span))).collect());
            span /= 4;
        }
        Self { length, halves, passes }
    }

    /// Length of the sequences.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// Memory for one transform at a time.
    #[must_use]
    pub fn workspace(&self) -> Workspace {
        let zeros = || Spectrum { re: vec![0.0; self.length / 2 + 1], im: vec![0.0; self.length / 2 + 1] };
        Workspace { spectrum: zeros(), spare: zeros() }
    }

    /// Spectrum `sum x_j e^(-2 pi i j k / length)` of a sequence, taken as followed by zeros; what is beyond the
    /// plan's length is left out.
    #[must_use]
    pub fn forward(&self, values: &[f64]) -> Spectrum {
        let mut workspace = self.workspace();
        self.forward_in(values, &vec![1.0; values.len()], &mut workspace);
        workspace.spectrum
    }

    /// The same of `values` times `weights`, into the workspace's spectrum.
    pub fn forward_in(&self, values: &[f64], weights: &[f64], workspace: &mut Workspace) {
        let half = self.length / 2;
        workspace.resize(half + 1);
        let Workspace { spectrum: Spectrum { re, im }, spare } = workspace;
        // Even elements as real, odd ones as imaginary parts of a transform of half the length.
        let used = values.len().min(weights.len()).min(self.length);
        let (values, weights) = (&values[..used], &weights[..used]);
        let pairs = values.chunks_exact(2).zip(weights.chunks_exact(2));
        for ((re, im), (x, w)) in re.iter_mut().zip(&mut *im).zip(pairs) {
            (*re, *im) = (x[0] * w[0], x[1] * w[1]);
        }
        re[used / 2..].fill(0.0);
        im[used / 2..].fill(0.0);
        if used % 2 == 1 {
            re[used / 2] = values[used - 1] * weights[used - 1];
        }
        self.transform(&mut re[..half], &mut im[..half], spare);
        (re[half], im[half]) = (re[0], im[0]);
        for k in 0..=half / 2 {
            let j = half - k;
            let (even_re, even_im) = (0.5 * (re[k] + re[j]), 0.5 * (im[k] - im[j]));
            let (odd_re, odd_im) = (0.5 * (im[k] + im[j]), 0.5 * (re[j] - re[k]));
            let (c, s) = self.halves[k];
            let (turned_re, turned_im) = (odd_re * c - odd_im * s, odd_re * s + odd_im * c);
            (re[k], im[k]) = (even_re + turned_re, even_im + turned_im);
            (re[j], im[j]) = (even_re - turned_re, turned_im - even_im);
        }
    }

    /// The real sequence of a spectrum of `length / 2 + 1` numbers.
    #[must_use]
    pub fn inverse(&self, spectrum: Spectrum) -> Vec<f64> {
        let mut workspace = Workspace { spectrum, ..self.workspace() };
        let mut out = vec![0.0; self.length];
        self.inverse_in(&mut workspace, &mut out);
        out
    }

    /// The beginning of the real sequence of the workspace's spectrum, as far as `out` reaches. The spectrum is used
    /// up.
    pub fn inverse_in(&self, workspace: &mut Workspace, out: &mut [f64]) {
        let half = self.length / 2;
        workspace.resize(half + 1);
        let Workspace { spectrum: Spectrum { re, im }, spare } = workspace;
        let scale = 1.0 / self.length as f64;
        // The inverse is the conjugate of the forward transform of the conjugate: fold and conjugate at once.
        for k in 0..=half / 2 {
            let j = half - k;
            let (even_re, even_im) = (re[k] + re[j], im[k] - im[j]);
            let (turned_re, turned_im) = (re[k] - re[j], im[k] + im[j]);
            let (c, s) = (self.halves[k].0, -self.halves[k].1);
            let (odd_re, odd_im) = (turned_re * c - turned_im * s, turned_re * s + turned_im * c);
            (re[k], im[k]) = ((even_re - odd_im) * scale, -(even_im + odd_re) * scale);
            (re[j], im[j]) = ((even_re + odd_im) * scale, (even_im - odd_re) * scale);
        }
        self.transform(&mut re[..half], &mut im[..half], spare);
        let whole = out.len() / 2;
        for ((pair, re), im) in out.chunks_exact_mut(2).zip(&*re).zip(&*im) {
            (pair[0], pair[1]) = (*re, -*im);
        }
        if let ([last], Some(re)) = (out.chunks_exact_mut(2).into_remainder(), re.get(whole)) {
            *last = *re;
        }
    }

    /// Complex transform of half the plan's length, in place.
    fn transform(&self, re: &mut [f64], im: &mut [f64], spare: &mut Spectrum) {
        let n = re.len();
        let mut from = Parts { re, im };
        let mut to = Parts { re: &mut spare.re[..n], im: &mut spare.im[..n] };
        let (mut stride, mut swapped) = (1, false);
        for turns in &self.passes {
            if stride == 1 {
                first_pass(&from, &mut to, turns);
            } else {
                pass_of_four(&from, &mut to, turns, stride);
            }
            stride *= 4;
            core::mem::swap(&mut from, &mut to);
            swapped = !swapped;
        }
        if stride < n {
            pass_of_two(&from, &mut to, stride);
            core::mem::swap(&mut from, &mut to);
            swapped = !swapped;
        }
        if swapped {
            to.re.copy_from_slice(from.re);
            to.im.copy_from_slice(from.im);
        }
    }
}

/// A pass of butterflies of four, each over `stride` neighbours that share a turn.
fn pass_of_four(from: &Parts<'_>, to: &mut Parts<'_>, turns: &[[Turn; 3]], stride: usize) {
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
fn first_pass(from: &Parts<'_>, to: &mut Parts<'_>, turns: &[[Turn; 3]]) {
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

/// Memory of a transform, to be used again.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The spectrum, after a forward and before an inverse transform.
    pub spectrum: Spectrum,
    spare: Spectrum,
}

impl Workspace {
    fn resize(&mut self, length: usize) {
        for spectrum in [&mut self.spectrum, &mut self.spare] {
            spectrum.re.resize(length, 0.0);
            spectrum.im.resize(length, 0.0);
        }
    }
}

/// Real and imaginary parts of a sequence.
struct Parts<'a> {
    re: &'a mut [f64],
    im: &'a mut [f64],
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
fn pass_of_two(from: &Parts<'_>, to: &mut Parts<'_>, stride: usize) {
    for (from, to) in [(&*from.re, &mut *to.re), (&*from.im, &mut *to.im)] {
        let (a, b) = from.split_at(stride);
        let (sums, gaps) = to.split_at_mut(stride);
        for ((sum, gap), (a, b)) in sums.iter_mut().zip(gaps).zip(a.iter().zip(b)) {
            (*sum, *gap) = (a + b, a - b);
        }
    }
}

/// Sine and cosine of `x`, |x| up to 1e5, without branches and with the same bits everywhere; absolute error
/// below 3e-16. Reduction by pi/2 in three parts and the polynomials of fdlibm (`k_sin.c`, `k_cos.c`, Sun
/// Microsystems 1993).
#[must_use]
#[inline]
pub fn sin_cos(x: f64) -> (f64, f64) {
    // Adding 1.5 * 2^52 rounds to an integer and leaves it in the low bits.
    const ROUND: f64 = 6755399441055744.0;
    // Parts of pi/2 of 33 bits each: their products with a whole number below 2^20 are exact.
    const PART_1: f64 = 1.570_796_326_734_125_6;
    const PART_2: f64 = 6.077_100_506_303_966e-11;
    const PART_3: f64 = 2.022_266_248_795_950_6e-21;
    let shifted = x * core::f64::consts::FRAC_2_PI + ROUND;
    let quadrant = shifted.to_bits();
    let k = shifted - ROUND;
    let r = ((x - k * PART_1) - k * PART_2) - k * PART_3;
    let z = r * r;
    let sin = r + r
        * z
        * (-1.666_666_666_666_663_2e-1
            + z * (8.333_333_333_322_49e-3
                + z * (-1.984_126_982_985_795e-4
                    + z * (2.755_731_370_707_006_8e-6
                        + z * (-2.505_076_025_340_686_3e-8 + z * 1.589_690_995_211_55e-10)))));
    let cos = 1.0
        - (0.5 * z
            - z * z
                * (4.166_666_666_666_66e-2
                    + z * (-1.388_888_888_887_411e-3
                        + z * (2.480_158_728_947_673e-5
                            + z * (-2.755_731_435_139_066_3e-7
                                + z * (2.087_572_321_298_175e-9 - z * 1.135_964_755_778_819_5e-11))))));
    // Odd quadrants swap the two; signs come from the quadrant's bits.
    let swap = 0_u64.wrapping_sub(quadrant & 1);
    let (sin, cos) = (sin.to_bits(), cos.to_bits());
    let sign_sin = (quadrant & 2) << 62;
    let sign_cos = (quadrant.wrapping_add(1) & 2) << 62;
    (
        f64::from_bits(((sin & !swap) | (cos & swap)) ^ sign_sin),
        f64::from_bits(((cos & !swap) | (sin & swap)) ^ sign_cos),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn sines_are_those_of_the_library() {
        let mut random = Stream::new(7, 0, 0);
        for scale in [1e-3, 1.0, 100.0, 1e5] {
            for _ in 0..50_000 {
                let x = scale * (2.0 * random.uniform() - 1.0);
                let (sin, cos) = sin_cos(x);
                assert!((sin - libm::sin(x)).abs() < 3e-16 && (cos - libm::cos(x)).abs() < 3e-16, "{x}");
            }
        }
        assert_eq!(sin_cos(0.0), (0.0, 1.0));
    }

    #[test]
    fn the_transform_is_its_definition() {
        for length in [4, 8, 16, 32, 64, 128] {
            let mut random = Stream::new(length as u64, 0, 0);
            let x: Vec<f64> = (0..length).map(|_| random.normal()).collect();
            let plan = RealFourier::new(length);
            let spectrum = plan.forward(&x);
            for k in 0..=length / 2 {
                let angle = |j: usize| -core::f64::consts::TAU * (j * k % length) as f64 / length as f64;
                let re: f64 = x.iter().enumerate().map(|(j, x)| x * libm::cos(angle(j))).sum();
                let im: f64 = x.iter().enumerate().map(|(j, x)| x * libm::sin(angle(j))).sum();
                let error = libm::hypot(spectrum.re[k] - re, spectrum.im[k] - im);
                assert!(error < 1e-13 * length as f64, "length {length}, {k}: {error}");
            }
            let back = plan.inverse(spectrum);
            assert!(back.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-14), "length {length}");
        }
    }

    /// A used workspace, sequences of odd length and results cut short give what fresh memory gives.
    #[test]
    fn memory_can_be_used_again() {
        let plan = RealFourier::new(16);
        let mut workspace = plan.workspace();
        for length in [16, 7, 1, 0, 12] {
            let x: Vec<f64> = (0..length).map(|k| f64::from(k) - 2.5).collect();
            let weights: Vec<f64> = (0..length).map(|k| 1.0 + f64::from(k)).collect();
            let product: Vec<f64> = x.iter().zip(&weights).map(|(x, w)| x * w).collect();
            plan.forward_in(&x, &weights, &mut workspace);
            assert_eq!(workspace.spectrum, plan.forward(&product));
            let whole = plan.inverse(workspace.spectrum.clone());
            let mut out = [9.0; 5];
            plan.inverse_in(&mut workspace, &mut out);
            assert_eq!(out, whole[..5]);
            let gap = |(k, y): (usize, &f64)| (y - product.get(k).copied().unwrap_or(0.0)).abs();
            assert!(whole.iter().enumerate().map(gap).all(|gap| gap < 1e-13), "length {length}");
        }
    }
}
