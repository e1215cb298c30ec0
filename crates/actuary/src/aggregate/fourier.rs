//! Fast Fourier transform of real sequences whose length is a power of two.
//!
//! Written out here because results must have the same bits on every machine: the usual library picks vector
//! instructions by the processor it finds and takes its sines from the platform. This transform is IEEE
//! additions and multiplications in a fixed order (Stockham's self-sorting order, radix 4, two passes
//! over each piece while it is in the nearest cache; real and imaginary parts in separate arrays so that the loops
//! become vector code) and its sines are those of [`crate::math::sine`]. It is
//! tested against the library.

use super::passes::{
    LANES, Parts, Turn, first_half_of_last_pass, first_pass, first_pass_of_half, pass_of_four,
    pass_of_sixteen, pass_of_two,
};
use crate::math::sine::sin_cos;

/// Plan of a real transform: its length and its turns.
#[derive(Clone, Debug)]
pub struct RealFourier {
    length: usize,
    /// e^(-2 pi i k / length) for k up to a quarter of the length: the turns between the two halves.
    halves: Vec<Turn>,
    /// For each pass of the complex transform, the turns of its butterflies in the order of use.
    passes: Vec<Vec<[Turn; 3]>>,
}

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
        self.transform(&mut re[..half], &mut im[..half], spare, used.div_ceil(2), half);
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
        self.transform(&mut re[..half], &mut im[..half], spare, half, out.len().div_ceil(2));
        let whole = out.len() / 2;
        for ((pair, re), im) in out.chunks_exact_mut(2).zip(&*re).zip(&*im) {
            (pair[0], pair[1]) = (*re, -*im);
        }
        if let ([last], Some(re)) = (out.chunks_exact_mut(2).into_remainder(), re.get(whole)) {
            *last = *re;
        }
    }

    /// Complex transform of half the plan's length, in place, of a sequence of which only the first `used` elements
    /// are not zero and only the first `wanted` of the result are needed; the rest of the result is anything.
    fn transform(&self, re: &mut [f64], im: &mut [f64], spare: &mut Spectrum, used: usize, wanted: usize) {
        let n = re.len();
        let mut from = Parts { re, im };
        let mut to = Parts { re: &mut spare.re[..n], im: &mut spare.im[..n] };
        let (mut stride, mut swapped, mut pass) = (1, false, 0);
        while pass < self.passes.len() {
            let turns = &self.passes[pass];
            let mut radix = 4;
            match self.passes.get(pass + 1) {
                _ if stride == 1 && 2 * used <= n => first_pass_of_half(&from, &mut to, turns),
                _ if stride == 1 => first_pass(&from, &mut to, turns),
                Some(next) if stride >= LANES => {
                    pass_of_sixteen(&from, &mut to, turns, next, stride, wanted);
                    radix = 16;
                }
                None if 4 * stride == n && 2 * wanted <= n => first_half_of_last_pass(&from, &mut to, stride),
                _ => pass_of_four(&from, &mut to, turns, stride),
            }
            pass += if radix == 16 { 2 } else { 1 };
            stride *= radix;
            core::mem::swap(&mut from, &mut to);
            swapped = !swapped;
        }
        if stride < n {
            pass_of_two(&from, &mut to, stride);
            core::mem::swap(&mut from, &mut to);
            swapped = !swapped;
        }
        if swapped {
            to.re[..wanted].copy_from_slice(&from.re[..wanted]);
            to.im[..wanted].copy_from_slice(&from.im[..wanted]);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    /// Sequences with an empty second half, and results cut at the half, which some passes make use of.
    #[test]
    fn half_of_a_sequence_is_the_whole_of_it() {
        for length in [8, 64, 128, 256, 1024, 2048, 1 << 13] {
            let mut random = Stream::new(length as u64, 0, 0);
            let plan = RealFourier::new(length);
            let mut x: Vec<f64> = (0..length / 2).map(|_| random.normal()).collect();
            let half = plan.forward(&x);
            x.resize(length, 0.0);
            // One number beyond the half takes the other way.
            x[length - 1] = 1e-200;
            let whole = plan.forward(&x);
            let gap = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-11;
            assert!(half.re.iter().zip(&whole.re).all(gap) && half.im.iter().zip(&whole.im).all(gap));
            let back = plan.inverse(half.clone());
            let mut workspace = Workspace { spectrum: half, ..plan.workspace() };
            let mut first = vec![0.0; length / 2];
            plan.inverse_in(&mut workspace, &mut first);
            assert_eq!(first, back[..length / 2], "length {length}");
            assert!(back.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-13), "length {length}");
        }
    }

    #[test]
    fn the_transform_is_its_definition() {
        for length in [4, 8, 16, 32, 64, 128, 256, 512, 1024] {
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
