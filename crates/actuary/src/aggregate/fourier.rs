//! Fast Fourier transform of real sequences whose length is a power of two.
//!
//! Written out here because results must have the same bits on every machine: the usual library picks vector
//! instructions by the processor it finds and takes its sines from the platform. This transform is IEEE
//! additions and multiplications in a fixed order (`square`; real and imaginary parts in separate arrays) and its
//! sines are those of [`crate::math::sine`]. It is tested against its definition.

use pulp::{Scalar, Simd, WithSimd};

use super::column::turn;
use super::square::{LANES, Memory, Square};
use crate::math::wide;

/// Plan of a real transform: its length and its turns.
#[derive(Clone, Debug)]
pub struct RealFourier {
    length: usize,
    /// e^(-2 pi i k / length) for k from 1 to below a quarter of the length, cosines and sines: the turns between the
    /// two halves.
    halves: [Vec<f64>; 2],
    square: Square,
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
        let turns = || (1..length / 4).map(|k| turn(k, length));
        let halves = [turns().map(|turn| turn.0).collect(), turns().map(|turn| turn.1).collect()];
        Self { length, halves, square: Square::new(length / 2) }
    }

    /// Length of the sequences.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// Memory for one transform at a time.
    #[must_use]
    pub fn workspace(&self) -> Workspace {
        let zeros = || vec![0.0; self.length / 2 + 1];
        Workspace { spectrum: Spectrum { re: zeros(), im: zeros() }, memory: self.square.memory() }
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
        let used = values.len().min(weights.len()).min(self.length);
        workspace.resize(self.length / 2 + 1);
        let (values, weights) = (&values[..used], &weights[..used]);
        self.dispatch(Forward { plan: self, values, weights, workspace });
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
        workspace.resize(self.length / 2 + 1);
        self.dispatch(Inverse { plan: self, workspace, out });
    }

    fn dispatch<K: WithSimd>(&self, kernel: K) -> K::Output {
        if self.square.fits() { wide::vectors(kernel) } else { Scalar.vectorize(kernel) }
    }

    /// Applies `join` to every pair of mirrored numbers of a spectrum but the first and the middle one.
    #[inline(always)]
    fn mirrored(&self, spectrum: &mut Spectrum, join: impl Fn(Pair, (f64, f64)) -> Pair) {
        let half = self.length / 2;
        let (front_re, back_re) = spectrum.re[1..half].split_at_mut(half / 2 - 1);
        let (front_im, back_im) = spectrum.im[1..half].split_at_mut(half / 2 - 1);
        // The middle one stands first in the back.
        let (back_re, back_im) = (&mut back_re[1..], &mut back_im[1..]);
        let [c, s] = &self.halves;
        let fronts = front_re.chunks_mut(LANES).zip(front_im.chunks_mut(LANES));
        let backs = back_re.rchunks_mut(LANES).zip(back_im.rchunks_mut(LANES));
        let turns = c.chunks(LANES).zip(s.chunks(LANES));
        for (((front_re, front_im), (back_re, back_im)), (c, s)) in fronts.zip(backs).zip(turns) {
            let count = front_re.len();
            if count == LANES {
                // Copies of a whole vector's length become vector code.
                let mut a = ([0.0; LANES], [0.0; LANES]);
                let mut b = ([0.0; LANES], [0.0; LANES]);
                let mut turns = ([0.0; LANES], [0.0; LANES]);
                a.0.copy_from_slice(front_re);
                a.1.copy_from_slice(front_im);
                b.0.copy_from_slice(back_re);
                b.1.copy_from_slice(back_im);
                turns.0.copy_from_slice(c);
                turns.1.copy_from_slice(s);
                b.0.reverse();
                b.1.reverse();
                for l in 0..LANES {
                    let pair = Pair { a: (a.0[l], a.1[l]), b: (b.0[l], b.1[l]) };
                    let pair = join(pair, (turns.0[l], turns.1[l]));
                    (a.0[l], a.1[l]) = pair.a;
                    (b.0[l], b.1[l]) = pair.b;
                }
                b.0.reverse();
                b.1.reverse();
                front_re.copy_from_slice(&a.0);
                front_im.copy_from_slice(&a.1);
                back_re.copy_from_slice(&b.0);
                back_im.copy_from_slice(&b.1);
                continue;
            }
            for l in 0..count {
                let j = count - 1 - l;
                let pair = Pair { a: (front_re[l], front_im[l]), b: (back_re[j], back_im[j]) };
                let pair = join(pair, (c[l], s[l]));
                (front_re[l], front_im[l]) = pair.a;
                (back_re[j], back_im[j]) = pair.b;
            }
        }
    }
}

/// Numbers k and length / 2 - k of a spectrum.
#[derive(Clone, Copy)]
struct Pair {
    a: (f64, f64),
    b: (f64, f64),
}

struct Forward<'a> {
    plan: &'a RealFourier,
    values: &'a [f64],
    weights: &'a [f64],
    workspace: &'a mut Workspace,
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { plan, values, weights, workspace: Workspace { spectrum, memory } } = self;
        let half = plan.length / 2;
        let used = values.len();
        // Even elements as real, odd ones as imaginary parts of a transform of half the length.
        let load = |at: usize, re: &mut [f64], im: &mut [f64]| {
            let (start, end) = (2 * at, 2 * (at + re.len()));
            let pairs = re.iter_mut().zip(im.iter_mut());
            if end <= used {
                let inputs = values[start..end].chunks_exact(2).zip(weights[start..end].chunks_exact(2));
                for ((re, im), (x, w)) in pairs.zip(inputs) {
                    (*re, *im) = (x[0] * w[0], x[1] * w[1]);
                }
            } else {
                let product = |j: usize| if j < used { values[j] * weights[j] } else { 0.0 };
                for (l, (re, im)) in pairs.enumerate() {
                    (*re, *im) = (product(start + 2 * l), product(start + 2 * l + 1));
                }
            }
        };
        let (re, im) = (&mut spectrum.re, &mut spectrum.im);
        plan.square.run(simd, memory, load, |at, x, y| {
            re[at..at + x.len()].copy_from_slice(x);
            im[at..at + y.len()].copy_from_slice(y);
        });
        // The first and the middle one are their own mirror images.
        (re[0], re[half], im[0], im[half]) = (re[0] + im[0], re[0] - im[0], 0.0, 0.0);
        im[half / 2] = -im[half / 2];
        plan.mirrored(spectrum, |Pair { a, b }, (c, s)| {
            let even = (0.5 * (a.0 + b.0), 0.5 * (a.1 - b.1));
            let odd = (0.5 * (a.1 + b.1), 0.5 * (b.0 - a.0));
            let turned = (odd.0 * c - odd.1 * s, odd.0 * s + odd.1 * c);
            Pair { a: (even.0 + turned.0, even.1 + turned.1), b: (even.0 - turned.0, turned.1 - even.1) }
        });
    }
}

struct Inverse<'a> {
    plan: &'a RealFourier,
    workspace: &'a mut Workspace,
    out: &'a mut [f64],
}

impl WithSimd for Inverse<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { plan, workspace: Workspace { spectrum, memory }, out } = self;
        let half = plan.length / 2;
        let scale = 1.0 / plan.length as f64;
        // The inverse is the conjugate of the forward transform of the conjugate: fold and conjugate at once.
        plan.mirrored(spectrum, |Pair { a, b }, (c, s)| {
            let even = (a.0 + b.0, a.1 - b.1);
            let turned = (a.0 - b.0, a.1 + b.1);
            let odd = (turned.0 * c + turned.1 * s, turned.1 * c - turned.0 * s);
            Pair {
                a: ((even.0 - odd.1) * scale, -(even.1 + odd.0) * scale),
                b: ((even.0 + odd.1) * scale, (even.1 - odd.0) * scale),
            }
        });
        let (re, im) = (&mut spectrum.re, &mut spectrum.im);
        (re[0], im[0]) = ((re[0] + re[half]) * scale, -(re[0] - re[half]) * scale);
        (re[half / 2], im[half / 2]) = (2.0 * re[half / 2] * scale, 2.0 * im[half / 2] * scale);
        let (re, im) = (&*re, &*im);
        let load = |at: usize, x: &mut [f64], y: &mut [f64]| {
            x.copy_from_slice(&re[at..at + x.len()]);
            y.copy_from_slice(&im[at..at + y.len()]);
        };
        let wanted = out.len();
        plan.square.run(simd, memory, load, |at, x, y| {
            let (start, end) = (2 * at, 2 * (at + x.len()));
            if end <= wanted {
                for (pair, (x, y)) in out[start..end].chunks_exact_mut(2).zip(x.iter().zip(y)) {
                    (pair[0], pair[1]) = (*x, -*y);
                }
            } else if start < wanted {
                let pairs = x.iter().zip(y).flat_map(|(x, y)| [*x, -*y]);
                out[start..].iter_mut().zip(pairs).for_each(|(out, value)| *out = value);
            }
        });
    }
}

/// Memory of a transform, to be used again.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The spectrum, after a forward and before an inverse transform.
    pub spectrum: Spectrum,
    memory: Memory,
}

impl Workspace {
    fn resize(&mut self, length: usize) {
        self.spectrum.re.resize(length, 0.0);
        self.spectrum.im.resize(length, 0.0);
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

    /// Wider registers than every processor has do not change a bit.
    #[test]
    fn any_width_gives_the_same_bits() {
        for length in [128, 256, 1 << 12, 1 << 13] {
            let mut random = Stream::new(length as u64, 1, 0);
            let x: Vec<f64> = (0..length).map(|_| random.normal()).collect();
            let plan = RealFourier::new(length);
            let (mut wide, mut narrow) = (plan.workspace(), plan.workspace());
            let (mut wide_out, mut narrow_out) = (vec![0.0; length], vec![0.0; length]);
            plan.forward_in(&x, &x, &mut wide);
            Scalar.vectorize(Forward { plan: &plan, values: &x, weights: &x, workspace: &mut narrow });
            assert_eq!(wide.spectrum, narrow.spectrum, "length {length}");
            plan.inverse_in(&mut wide, &mut wide_out);
            Scalar.vectorize(Inverse { plan: &plan, workspace: &mut narrow, out: &mut narrow_out });
            assert_eq!(wide_out, narrow_out, "length {length}");
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
