//! Exponential and logarithm without branches, so that loops over arrays become vector code.
//!
//! Made of IEEE additions, multiplications, divisions and bit operations alone, hence the same bits on every
//! platform. Errors are below two units in the last place (tested against `libm`). Domains are restricted: use
//! `libm` where arguments may be zero, subnormal, infinite or NaN.

/// e^x for x in [-708, 709]; arguments outside are moved to the nearer end, NaN stays NaN.
#[must_use]
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    // Adding 1.5 * 2^52 rounds to an integer and leaves it in the low bits.
    const ROUND: f64 = 6755399441055744.0;
    const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let x = if x < -708.0 { -708.0 } else { x };
    let x = if x > 709.0 { 709.0 } else { x };
    let shifted = x * core::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN2_HIGH) - k * LN2_LOW;
    // (e^r - 1 - r) / r^2 on |r| <= ln(2)/2, interpolated at Chebyshev's points with the first two terms of the series
    // kept: relative error of e^r below 7e-17. Summed in pairs: a chain of half the length, and the processor does
    // not wait for it.
    const C: [f64; 10] = [
        0.5,
        1.0 / 6.0,
        0.041_666_666_666_663_264,
        0.008_333_333_333_333_071,
        0.001_388_888_889_790_097_6,
        0.000_198_412_698_482_420_85,
        2.480_154_959_103_079_5e-5,
        2.755_729_021_523_813_5e-6,
        2.760_752_737_060_387_3e-7,
        2.509_072_826_026_118_2e-8,
    ];
    let square = r * r;
    let fourth = square * square;
    let low = (C[0] + C[1] * r) + (C[2] + C[3] * r) * square;
    let middle = (C[4] + C[5] * r) + (C[6] + C[7] * r) * square;
    let sum = low + (middle + (C[8] + C[9] * r) * fourth) * fourth;
    let fraction = 1.0 + (r + square * sum);
    // k runs from -1021 to 1023, so both halves of the power of two are normal numbers.
    let power = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    fraction * power
}

/// ln x for positive normal x; anything else gives a meaningless number. The rational approximation is
/// that of fdlibm (`e_log.c`, Sun Microsystems 1993).
#[must_use]
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const SQRT_HALF: u64 = 0x3FE6_A09E_0000_0000;
    const TWO_52: u64 = 0x4330_0000_0000_0000;
    const L: [f64; 7] = [
        0.666_666_666_666_673_5,
        0.399_999_999_994_094_2,
        0.285_714_287_436_623_9,
        0.222_221_984_321_497_84,
        0.181_835_721_616_180_5,
        0.153_138_376_992_093_73,
        0.147_981_986_051_165_86,
    ];
    // x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt 2).
    let offset = x.to_bits().wrapping_sub(SQRT_HALF).wrapping_add(1023 << 52);
    let exponent = offset >> 52;
    let k = f64::from_bits(exponent | TWO_52) - (4503599627370496.0 + 1023.0);
    let mantissa = f64::from_bits((offset & 0x000F_FFFF_FFFF_FFFF).wrapping_add(SQRT_HALF));
    let f = mantissa - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let square = w * w;
    let even = w * ((L[1] + w * L[3]) + square * L[5]);
    let odd = z * ((L[0] + w * L[2]) + square * (L[4] + w * L[6]));
    let half_square = 0.5 * f * f;
    k * LN2_HIGH - ((half_square - (s * (half_square + (even + odd)) + k * LN2_LOW)) - f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn ulps(a: f64, b: f64) -> u64 {
        a.to_bits().abs_diff(b.to_bits())
    }

    #[test]
    fn exponential_within_two_ulps() {
        let mut stream = Stream::new(1, 0, 0);
        for scale in [1e-3, 1.0, 30.0, 700.0] {
            for _ in 0..20_000 {
                let x = scale * (2.0 * stream.uniform() - 1.0);
                assert!(ulps(exp(x), libm::exp(x)) <= 2, "exp {x}");
            }
        }
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(-1e9), exp(-708.0));
        assert!(exp(f64::NAN).is_nan());
    }

    #[test]
    fn logarithm_within_two_ulps() {
        let mut stream = Stream::new(2, 0, 0);
        for scale in [1e-3, 1.0, 30.0, 700.0] {
            for _ in 0..20_000 {
                let x = libm::exp(scale * (2.0 * stream.uniform() - 1.0));
                assert!(ulps(ln(x), libm::log(x)) <= 2, "ln {x}");
            }
        }
        assert_eq!(ln(1.0), 0.0);
    }
}
