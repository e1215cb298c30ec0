//! The stream of random numbers of one factor on one path.
//!
//! One 64-bit word makes one uniform, one normal or one exponential (or two words two normals, where that is asked for), so the n-th draw of a stream has the same
//! underlying word whatever was asked for before it, and drawing in bulk equals drawing one by one. A stream
//! holds 2^33 words.

use super::philox;
use crate::math::wide::{Kernel, Width};
use crate::math::{elementary, normal};

const WORDS: usize = 2 * philox::LANES;

/// A sequence of random numbers addressed by (seed, path, factor).
#[derive(Clone, Debug)]
pub struct Stream {
    key: [u32; 2],
    factor: u32,
    path: u64,
    next_block: u32,
    words: [u64; WORDS],
    used: usize,
    /// Whether words are made a pair at a time instead of a batch.
    sparse: bool,
}

impl Stream {
    /// The stream of one factor on one path under a seed, from its beginning.
    #[must_use]
    pub fn new(seed: u64, path: u64, factor: u32) -> Self {
        Self {
            key: [seed as u32, (seed >> 32) as u32],
            factor,
            path,
            next_block: 0,
            words: [0; WORDS],
            used: WORDS,
            sparse: false,
        }
    }

    /// The same stream for whoever draws a few numbers only: words are made a pair at a time, which is quicker
    /// up to about six of them.
    #[must_use]
    pub fn sparse(seed: u64, path: u64, factor: u32) -> Self {
        Self { sparse: true, ..Self::new(seed, path, factor) }
    }

    /// The same stream, not yet drawn from, from word `2 pair` on.
    #[must_use]
    pub(crate) fn starting_at(mut self, pair: u32) -> Self {
        debug_assert_eq!((self.next_block, self.used), (0, WORDS));
        self.next_block = pair;
        self
    }

    /// The same stream, not yet drawn from, with its first two words given.
    #[must_use]
    pub(crate) fn led_by(mut self, words: [u64; 2]) -> Self {
        debug_assert_eq!((self.next_block, self.used), (0, WORDS));
        self.words[WORDS - 2..].copy_from_slice(&words);
        self.used = WORDS - 2;
        self.next_block = 1;
        self
    }

    /// The next 64 random bits.
    pub fn next_word(&mut self) -> u64 {
        if self.used == WORDS {
            if self.sparse {
                self.pair();
            } else {
                self.words = self.batch();
                self.used = 0;
            }
        }
        let word = self.words[self.used];
        self.used += 1;
        word
    }

    /// Uniform on the open interval (0, 1): the midpoints of 2^52 equal cells, so neither end can occur.
    pub fn uniform(&mut self) -> f64 {
        unit(self.next_word())
    }

    /// Standard normal, by inversion.
    pub fn normal(&mut self) -> f64 {
        normal::inverse_cdf(self.uniform())
    }

    /// Exponential with mean 1, by inversion.
    pub fn exponential(&mut self) -> f64 {
        -elementary::ln(self.uniform())
    }

    /// Poisson with the given mean: the number of unit-rate arrivals before `mean`. Takes time in proportion to
    /// the mean and one word an arrival; a mean that is not positive (or is NaN) gives 0.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        let mut count = 0;
        let mut clock = self.exponential();
        while clock < mean {
            count += 1;
            clock += self.exponential();
        }
        count
    }

    /// Fills `out` with uniforms; the same numbers as calling [`Stream::uniform`] for each.
    pub fn fill_uniform(&mut self, out: &mut [f64]) {
        let from_buffer = out.len().min(WORDS - self.used);
        let (head, rest) = out.split_at_mut(from_buffer);
        for value in head {
            *value = self.uniform();
        }
        let mut chunks = rest.chunks_exact_mut(WORDS);
        for chunk in &mut chunks {
            for (value, word) in chunk.iter_mut().zip(self.batch()) {
                *value = unit(word);
            }
        }
        for value in chunks.into_remainder() {
            *value = self.uniform();
        }
    }

    /// Fills `out` with standard normals; the same numbers as calling [`Stream::normal`] for each.
    pub fn fill_normal(&mut self, out: &mut [f64]) {
        self.fill_uniform(out);
        Width::Widest.normals(out);
    }

    /// Fills `out` with standard normals made two by two of two words each ([`normal::pair`]). An odd number of them uses up
    /// one word more.
    pub fn fill_normal_pairs(&mut self, out: &mut [f64]) {
        let (pairs, rest) = out.split_at_mut(out.len() & !1);
        self.fill_uniform(pairs);
        Width::Widest.normal_pairs(pairs);
        if let [last] = rest {
            *last = normal::pair(self.uniform(), self.uniform()).0;
        }
    }

    /// Fills `out` with exponentials of mean 1; the same numbers as calling [`Stream::exponential`] for each.
    pub fn fill_exponential(&mut self, out: &mut [f64]) {
        self.fill_uniform(out);
        Width::Widest.exponentials(out);
    }

    fn pair(&mut self) {
        let (first, second) = philox::pair(self.next_block, self.factor, self.path, self.key);
        (self.words[WORDS - 2], self.words[WORDS - 1]) = (first, second);
        self.used = WORDS - 2;
        self.next_block = self.next_block.wrapping_add(1);
    }

    fn batch(&mut self) -> [u64; WORDS] {
        let Self { factor, path, key, .. } = *self;
        let words = Width::Widest.run(Batch { first: self.next_block, factor, path, key });
        self.next_block = self.next_block.wrapping_add(philox::LANES as u32);
        words
    }
}

/// The words of a batch of counters.
struct Batch {
    first: u32,
    factor: u32,
    path: u64,
    key: [u32; 2],
}

impl Kernel for Batch {
    type Output = [u64; WORDS];

    #[inline(always)]
    fn call(self) -> Self::Output {
        philox::words(self.first, self.factor, self.path, self.key)
    }
}

/// Paths that [`uniforms_across`] serves at once.
pub(crate) const ACROSS: usize = 16;

/// Uniforms number `2 pair` and `2 pair + 1` of one factor's streams on `ACROSS` consecutive paths.
#[inline(always)]
pub(crate) fn uniforms_across(
    seed: u64,
    first_path: u64,
    factor: u32,
    pair: u32,
    first: &mut [f64; ACROSS],
    second: &mut [f64; ACROSS],
) {
    let key = [seed as u32, (seed >> 32) as u32];
    for lane in 0..ACROSS {
        let words = philox::pair(pair, factor, first_path.wrapping_add(lane as u64), key);
        (first[lane], second[lane]) = (unit(words.0), unit(words.1));
    }
}

/// The midpoint of the cell that the word's 52 leading bits name: (k + 1/2) / 2^52, exact in an f64.
#[inline(always)]
pub(super) fn unit(word: u64) -> f64 {
    // A float with exponent 0 and those bits lies in [1, 2). Taking 1 off is exact, and so is adding half a cell.
    f64::from_bits((word >> 12) | 0x3FF0_0000_0000_0000) - 1.0 + 0.5 / 4503599627370496.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_unit_interval_do_not_occur() {
        assert_eq!(unit(0), 1.0 / 9007199254740992.0);
        assert_eq!(unit(u64::MAX), 1.0 - 1.0 / 9007199254740992.0);
    }

    #[test]
    fn bulk_equals_one_by_one() {
        for length in [1, 15, 16, 17, 40, 129] {
            let mut single = Stream::new(11, 1 << 40, 3);
            let mut bulk = single.clone();
            let _ = (single.uniform(), bulk.uniform());
            let mut out = vec![0.0; length];
            bulk.fill_normal(&mut out);
            assert!(out.iter().all(|value| value.to_bits() == single.normal().to_bits()));
            bulk.fill_exponential(&mut out);
            assert!(out.iter().all(|value| value.to_bits() == single.exponential().to_bits()));
            assert_eq!(bulk.next_word(), single.next_word());
        }
    }

    #[test]
    fn sparse_streams_hand_out_the_same_words() {
        let (mut plain, mut sparse) = (Stream::new(5, 1 << 33, 2), Stream::sparse(5, 1 << 33, 2));
        for length in [1, 3, 16, 37, 2] {
            let (mut a, mut b) = (vec![0.0; length], vec![0.0; length]);
            plain.fill_uniform(&mut a);
            sparse.fill_uniform(&mut b);
            assert_eq!(a, b);
            assert_eq!(plain.next_word(), sparse.next_word());
        }
    }

    #[test]
    fn uniforms_across_paths_are_those_of_the_streams() {
        let first_path = u64::from(u32::MAX) - 3;
        for pair in [0, 1, 7] {
            let (mut first, mut second) = ([0.0; ACROSS], [0.0; ACROSS]);
            uniforms_across(77, first_path, 9, pair, &mut first, &mut second);
            for lane in 0..ACROSS {
                let mut stream = Stream::new(77, first_path + lane as u64, 9);
                let words: Vec<f64> = (0..16).map(|_| stream.uniform()).collect();
                assert_eq!(first[lane], words[2 * pair as usize]);
                assert_eq!(second[lane], words[2 * pair as usize + 1]);
            }
        }
    }

    #[test]
    fn address_parts_are_distinct() {
        let first = |seed, path, factor| Stream::new(seed, path, factor).next_word();
        let words =
            [first(0, 0, 0), first(1, 0, 0), first(1 << 32, 0, 0), first(0, 1, 0), first(0, 1 << 32, 0)];
        for (index, word) in words.iter().enumerate() {
            assert!(!words[..index].contains(word));
            assert_ne!(*word, first(0, 0, 1));
        }
    }

    /// First four moments over 400,000 draws, each within five standard errors of its exact value.
    #[test]
    fn moments() {
        let n = 400_000;
        let mut stream = Stream::new(2024, 5, 9);
        let mut out = vec![0.0; n];
        let mean = |out: &[f64], power: i32| out.iter().map(|x| x.powi(power)).sum::<f64>() / n as f64;
        let root = (n as f64).sqrt();
        stream.fill_normal(&mut out);
        for (power, exact, sd) in [(1, 0.0, 1.0), (2, 1.0, 2.0_f64.sqrt()), (4, 3.0, 96.0_f64.sqrt())] {
            assert!((mean(&out, power) - exact).abs() < 5.0 * sd / root, "normal, power {power}");
        }
        stream.fill_exponential(&mut out);
        for (power, exact, sd) in [(1, 1.0, 1.0), (2, 2.0, 20.0_f64.sqrt())] {
            assert!((mean(&out, power) - exact).abs() < 5.0 * sd / root, "exponential, power {power}");
        }
        for value in &mut out {
            *value = stream.poisson(2.5) as f64;
        }
        assert!((mean(&out, 1) - 2.5).abs() < 5.0 * 2.5_f64.sqrt() / root);
        assert!((mean(&out, 2) - 8.75).abs() < 5.0 * 75.0_f64.sqrt() / root);
        assert_eq!(stream.poisson(0.0), 0);
        assert_eq!(stream.poisson(f64::NAN), 0);
    }
}
