//! Sobol's sequence with Joe and Kuo's direction numbers, plain or scrambled: points that fill the unit cube evenly.
//!
//! Scrambling is Owen's nested permutation by hashing (B. Burley, "Practical hash-based Owen scrambling", Journal of
//! Computer Graphics Techniques 9(4), 2020): each scrambled point is uniform, differently seeded copies are
//! independent, and their spread gives the standard error. Points can be asked for in any order.

use super::joe_kuo::JOE_KUO;
use super::philox::philox4x32_10;
use super::stream::unit;

/// Dimensions that the table has numbers for.
const DIMENSIONS_MAX: usize = JOE_KUO.len() + 1;
const BITS: usize = 32;

/// Why a sequence is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SobolError {
    /// No dimension, or more than the table has.
    #[error("{wanted} dimensions: between 1 and {most} are available")]
    Dimensions {
        /// Dimensions wanted.
        wanted: usize,
        /// Dimensions available.
        most: usize,
    },
}

/// The sequence in some dimensions: 2^32 points.
#[derive(Clone, Debug)]
pub struct Sobol {
    directions: Vec<[u32; BITS]>,
}

impl Sobol {
    /// The sequence in `dimensions` dimensions.
    ///
    /// # Errors
    /// No dimension or more than 40.
    pub fn new(dimensions: usize) -> Result<Self, SobolError> {
        if dimensions == 0 || dimensions > DIMENSIONS_MAX {
            return Err(SobolError::Dimensions { wanted: dimensions, most: DIMENSIONS_MAX });
        }
        let mut first = [0; BITS];
        for (k, direction) in first.iter_mut().enumerate() {
            *direction = 1 << (BITS - 1 - k);
        }
        let mut directions = vec![first];
        directions.extend(JOE_KUO[..dimensions - 1].iter().map(|(degree, inner, m)| {
            let s = *degree as usize;
            let mut v = [0_u32; BITS];
            for k in 0..BITS {
                v[k] = if k < s {
                    m[k] << (BITS - 1 - k)
                } else {
                    let mut value = v[k - s] ^ (v[k - s] >> s);
                    for j in 1..s {
                        if inner >> (s - 1 - j) & 1 == 1 {
                            value ^= v[k - j];
                        }
                    }
                    value
                };
            }
            v
        }));
        Ok(Self { directions })
    }

    /// Number of dimensions.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.directions.len()
    }

    /// Coordinate of a point in a dimension, in [0, 1); 0 for a dimension that is not there. Points are in Gray-code
    /// order, as usual.
    #[must_use]
    pub fn plain(&self, index: u32, dimension: usize) -> f64 {
        f64::from(self.word(index, dimension)) / 4_294_967_296.0
    }

    /// Coordinate of a scrambled point, inside (0, 1). Bits beyond the 32nd are random.
    #[must_use]
    pub fn scrambled(&self, index: u32, dimension: usize, seed: u64) -> f64 {
        unit(self.scrambled_word(index, dimension, seed))
    }

    /// The word whose uniform is [`Sobol::scrambled`].
    pub(crate) fn scrambled_word(&self, index: u32, dimension: usize, seed: u64) -> u64 {
        let key = [seed as u32, (seed >> 32) as u32];
        let [hash, ..] = philox4x32_10([dimension as u32, 0, 0, 0x50B0], key);
        let [low, ..] = philox4x32_10([dimension as u32, index, 0, 0x50B1], key);
        let high = permute(self.word(index, dimension).reverse_bits(), hash).reverse_bits();
        // The 52 leading bits count.
        u64::from(high) << 32 | u64::from(low)
    }

    fn word(&self, index: u32, dimension: usize) -> u32 {
        let Some(directions) = self.directions.get(dimension) else { return 0 };
        let mut gray = index ^ (index >> 1);
        let mut word = 0;
        while gray != 0 {
            word ^= directions[gray.trailing_zeros() as usize];
            gray &= gray - 1;
        }
        word
    }
}

/// Laine and Karras' hash with Burley's constants: each bit is changed by lower bits alone, so that on reversed bits it
/// is a nested permutation.
fn permute(mut x: u32, seed: u32) -> u32 {
    x ^= x.wrapping_mul(0x3D20_ADEA);
    x = x.wrapping_add(seed);
    x = x.wrapping_mul((seed >> 16) | 1);
    x ^= x.wrapping_mul(0x0552_6C56);
    x ^ x.wrapping_mul(0x53A2_2864)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First points as published with the direction numbers, and one late point in high dimensions as computed by
    /// SciPy 1.17 (`scipy.stats.qmc.Sobol`, unscrambled).
    #[test]
    fn known_points() {
        let sobol = Sobol::new(40).unwrap();
        let point = |index| [0, 1, 2, 3, 4].map(|dimension| sobol.plain(index, dimension));
        assert_eq!(point(0), [0.0; 5]);
        assert_eq!(point(1), [0.5; 5]);
        assert_eq!(point(2), [0.75, 0.25, 0.25, 0.25, 0.75]);
        assert_eq!(point(3), [0.25, 0.75, 0.75, 0.75, 0.25]);
        assert_eq!(point(4), [0.375, 0.375, 0.625, 0.875, 0.375]);
        assert_eq!(sobol.plain(1000, 9), 0.0693359375);
        assert_eq!(sobol.plain(1000, 19), 0.7255859375);
        assert_eq!(sobol.plain(1000, 38), 0.3076171875);
        assert_eq!(sobol.plain(1000, 39), 0.4794921875);
        assert!(Sobol::new(0).is_err() && Sobol::new(41).is_err());
    }

    /// The first 2^k points put one into each cell of width 2^-k, in every dimension, scrambled or not; two scramblings
    /// differ.
    #[test]
    fn every_cell_holds_one_point() {
        let sobol = Sobol::new(40).unwrap();
        for dimension in 0..40 {
            for seed in [None, Some(1), Some(2)] {
                let mut seen = [false; 256];
                for index in 0..256 {
                    let x = seed.map_or_else(
                        || sobol.plain(index, dimension),
                        |seed| sobol.scrambled(index, dimension, seed),
                    );
                    seen[(x * 256.0) as usize] = true;
                }
                assert!(seen.iter().all(|seen| *seen), "dimension {dimension}");
            }
            assert_ne!(sobol.scrambled(5, dimension, 1), sobol.scrambled(5, dimension, 2));
        }
    }

    /// Scrambled estimates are unbiased and far closer than random ones: the integral of the product of 1 + (x - 1/2)
    /// over six dimensions is 1.
    #[test]
    fn scrambled_integration() {
        let sobol = Sobol::new(6).unwrap();
        let (replicates, points) = (64, 1024);
        let estimates: Vec<f64> = (0..replicates)
            .map(|seed| {
                let value = |index| (0..6).map(|d| 0.5 + sobol.scrambled(index, d, seed)).product::<f64>();
                (0..points).map(value).sum::<f64>() / f64::from(points)
            })
            .collect();
        let n = replicates as f64;
        let mean = estimates.iter().sum::<f64>() / n;
        let deviation = (estimates.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0)).sqrt();
        assert!((mean - 1.0).abs() < 4.0 * deviation / n.sqrt(), "{mean} {deviation}");
        // Random points: sqrt(((13/12)^6 - 1) / 1024) = 0.0246.
        assert!(deviation < 0.0246 / 8.0, "{deviation}");
    }
}
