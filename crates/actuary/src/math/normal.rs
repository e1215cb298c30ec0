//! The standard normal distribution: density, distribution function and its inverse.

/// Density at `x`.
#[must_use]
pub fn pdf(x: f64) -> f64 {
    // 1 / sqrt(2 pi)
    0.398_942_280_401_432_7 * libm::exp(-0.5 * x * x)
}

/// Probability of a value below `x`; keeps relative accuracy in both tails.
#[must_use]
pub fn cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * core::f64::consts::FRAC_1_SQRT_2)
}

/// The value below which a normal variable lies with probability `p`: Wichura, algorithm AS 241 (PPND16,
/// Applied Statistics 37, 1988), relative error about 1e-16. Infinite at 0 and 1, NaN outside [0, 1].
#[must_use]
#[inline]
pub fn inverse_cdf(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= CENTRE { central(q) } else { tail(p, q) }
}

/// Replaces each probability by its quantile, as [`inverse_cdf`] would.
#[inline(always)]
pub fn inverse_cdf_slice(values: &mut [f64]) {
    // The centre is evaluated for a whole block without branching. The 15 % that lie in a tail are gathered
    // (without branching either: which ones they are is a coin toss) and evaluated side by side.
    const BLOCK: usize = 64;
    for block in values.chunks_mut(BLOCK) {
        let mut p = [0.5; BLOCK];
        p[..block.len()].copy_from_slice(block);
        let mut x = [0.0; BLOCK];
        for (x, p) in x.iter_mut().zip(&p) {
            *x = central(p - 0.5);
        }
        let mut place = [0_usize; BLOCK];
        let mut count = 0;
        for (index, p) in p.iter().enumerate() {
            place[count] = index;
            count += usize::from((p - 0.5).abs() > CENTRE);
        }
        for places in place[..count].chunks(TAIL_LANES) {
            let mut gathered = [0.01; TAIL_LANES];
            for (value, place) in gathered.iter_mut().zip(places) {
                *value = p[*place];
            }
            let quantiles = near_tails(&gathered);
            for ((place, p), quantile) in places.iter().zip(&gathered).zip(&quantiles) {
                x[*place] = *quantile;
                if !quantile.is_finite() {
                    x[*place] = tail(*p, p - 0.5);
                }
            }
        }
        block.copy_from_slice(&x[..block.len()]);
    }
}

/// Two independent standard normals from two independent uniforms on (0, 1): G. Box, M. Muller 1958. For many at a
/// time it costs a third of two quantiles, having neither centre nor tails.
#[must_use]
#[inline(always)]
pub fn pair(first: f64, second: f64) -> (f64, f64) {
    let radius = (-2.0 * super::elementary::ln(first)).sqrt();
    let (sin, cos) = super::sine::turned(second);
    (radius * cos, radius * sin)
}

const TAIL_LANES: usize = 8;

/// The tail's quantile for several probabilities; infinite for those that need [`tail`] itself: beyond the reach
/// of its first approximation (probability 1e-11), or no probability at all.
#[inline(always)]
fn near_tails(p: &[f64; TAIL_LANES]) -> [f64; TAIL_LANES] {
    let mut x = [0.0; TAIL_LANES];
    for (x, p) in x.iter_mut().zip(p) {
        let q = p - 0.5;
        let smaller = if q < 0.0 { *p } else { 1.0 - p };
        let r = (-super::elementary::ln(smaller)).sqrt();
        let quantile = polynomial(&C, r - 1.6) / polynomial(&D, r - 1.6);
        let far = if smaller > 1.4e-11 { 0.0 } else { f64::INFINITY };
        *x = (quantile + far).copysign(q);
    }
    x
}

const CENTRE: f64 = 0.425;

#[inline(always)]
fn central(q: f64) -> f64 {
    let r = CENTRE * CENTRE - q * q;
    q * polynomial(&A, r) / polynomial(&B, r)
}

fn tail(p: f64, q: f64) -> f64 {
    let smaller = if q < 0.0 { p } else { 1.0 - p };
    if smaller <= 0.0 {
        return if smaller == 0.0 { f64::INFINITY.copysign(q) } else { f64::NAN };
    }
    let r = super::elementary::ln(smaller);
    let r = (-r).sqrt();
    let x = if r <= 5.0 {
        polynomial(&C, r - 1.6) / polynomial(&D, r - 1.6)
    } else {
        polynomial(&E, r - 5.0) / polynomial(&F, r - 5.0)
    };
    x.copysign(q)
}

#[inline(always)]
fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    let mut sum = coefficients[7];
    for c in coefficients[..7].iter().rev() {
        sum = sum * x + c;
    }
    sum
}

// Coefficients as printed in AS 241.
const A: [f64; 8] = [
    3.387_132_872_796_366_5,
    133.141_667_891_784_38,
    1_971.590_950_306_551_3,
    13_731.693_765_509_46,
    45_921.953_931_549_87,
    67_265.770_927_008_7,
    33_430.575_583_588_13,
    2_509.080_928_730_122_7,
];
const B: [f64; 8] = [
    1.0,
    42.313_330_701_600_91,
    687.187_007_492_057_9,
    5_394.196_021_424_751,
    21_213.794_301_586_597,
    39_307.895_800_092_71,
    28_729.085_735_721_943,
    5_226.495_278_852_854,
];
const C: [f64; 8] = [
    1.423_437_110_749_683_5,
    4.630_337_846_156_546,
    5.769_497_221_460_691,
    3.647_848_324_763_204_5,
    1.270_458_252_452_368_4,
    0.241_780_725_177_450_6,
    0.022_723_844_989_269_184,
    0.000_774_545_014_278_341_4,
];
const D: [f64; 8] = [
    1.0,
    2.053_191_626_637_759,
    1.676_384_830_183_803_8,
    0.689_767_334_985_1,
    0.148_103_976_427_480_08,
    0.015_198_666_563_616_457,
    0.000_547_593_808_499_534_5,
    1.050_750_071_644_416_9e-9,
];
const E: [f64; 8] = [
    6.657_904_643_501_103,
    5.463_784_911_164_114,
    1.784_826_539_917_291_3,
    0.296_560_571_828_504_87,
    0.026_532_189_526_576_124,
    0.001_242_660_947_388_078_4,
    2.711_555_568_743_487_6e-5,
    2.010_334_399_292_288_1e-7,
];
const F: [f64; 8] = [
    1.0,
    0.599_832_206_555_888,
    0.136_929_880_922_735_8,
    0.014_875_361_290_850_615,
    0.000_786_869_131_145_613_3,
    1.846_318_317_510_054_8e-5,
    1.421_511_758_316_446e-7,
    2.044_263_103_389_939_7e-15,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles() {
        // Two-sided 99 % and 99.9 % points, and AS 241's own check value.
        assert!((inverse_cdf(0.995) - 2.575_829_303_548_90).abs() < 1e-14);
        assert!((inverse_cdf(0.25) + 0.674_489_750_196_081_7).abs() < 1e-15);
        assert!((inverse_cdf(1e-20) + 9.262_340_089_798_409).abs() < 1e-13);
        assert_eq!(inverse_cdf(0.0), f64::NEG_INFINITY);
        assert_eq!(inverse_cdf(1.0), f64::INFINITY);
        assert!(inverse_cdf(-0.1).is_nan());
    }

    /// Each of a pair, their product and their squares against the normal law; the radius against its quantiles.
    #[test]
    fn pairs_are_normal_and_independent() {
        let mut stream = crate::random::Stream::new(6, 0, 0);
        let n = 200_000;
        let (mut below, mut sums) = ([[0.0; 5]; 2], [0.0; 3]);
        for _ in 0..n {
            let (x, y) = pair(stream.uniform(), stream.uniform());
            for (below, value) in below.iter_mut().zip([x, y]) {
                for (count, level) in below.iter_mut().zip([-2.5, -1.0, 0.0, 0.5, 3.0]) {
                    *count += f64::from(u8::from(value < level));
                }
            }
            let squares = (x * x - 1.0, y * y - 1.0);
            sums = [sums[0] + x * y, sums[1] + squares.0 * squares.1, sums[2] + x * squares.1];
        }
        let n = f64::from(n);
        for below in below {
            for (count, level) in below.iter().zip([-2.5, -1.0, 0.0, 0.5, 3.0]) {
                let p = cdf(level);
                assert!((count / n - p).abs() < 4.5 * (p * (1.0 - p) / n).sqrt(), "{level}: {count}");
            }
        }
        for (sum, deviation) in sums.iter().zip([1.0, 2.0, 2.0_f64.sqrt()]) {
            assert!((sum / n).abs() < 4.5 * deviation / n.sqrt(), "{sums:?}");
        }
        // The ends of the uniforms.
        let (x, y) = pair(1.0 / 9007199254740992.0, 0.125);
        assert!(
            (x - y).abs() < 1e-14 && (x * x + y * y - 2.0 * 53.0 * core::f64::consts::LN_2).abs() < 1e-12
        );
        let (x, y) = pair(1.0 - 1.0 / 9007199254740992.0, 0.5);
        assert!(x < 0.0 && x > -2e-8 && y.abs() < 1e-23);
    }

    #[test]
    fn the_inverse_undoes_the_distribution() {
        for step in -370..=80 {
            let x = f64::from(step) / 10.0;
            let p = cdf(x);
            // Above the centre, 1 - p loses digits: the error of p, 1e-16, is divided by the density.
            let allowed =
                4e-15 * x.abs().max(1.0) + 2e-16 / pdf(x).max(1e-300) * f64::from(u8::from(x > 0.0));
            assert!((inverse_cdf(p) - x).abs() < allowed, "{x}: {}", inverse_cdf(p) - x);
        }
    }

    #[test]
    fn blocks_equal_single_values() {
        let mut p: Vec<f64> = (0..=1000).map(|k| f64::from(k) / 1000.0).collect();
        // Around the border between the tail's two approximations, r = 5, and the ends of the doubles.
        for exponent in [-8, -10, -11, -12, -16, -40, -300] {
            p.extend([1.2, 1.388, 1.3888, 1.4, 1.5].map(|x: f64| x * libm::pow(10.0, f64::from(exponent))));
        }
        p.extend([1.0 - f64::EPSILON, 1.0 - 1e-12, 5e-324, -0.1, 1.1, f64::INFINITY]);
        let mut x = p.clone();
        inverse_cdf_slice(&mut x);
        for (x, p) in x.iter().zip(&p) {
            let single = inverse_cdf(*p);
            assert!(x.to_bits() == single.to_bits() || x.is_nan() && single.is_nan(), "{p}: {x} {single}");
        }
    }
}
