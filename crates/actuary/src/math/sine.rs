//! Sine, cosine and the angle of a point that have the same bits everywhere and become vector code.

/// Adding 1.5 * 2^52 rounds to an integer and leaves it in the low bits.
const ROUND: f64 = 6755399441055744.0;

/// Sine and cosine of `x`, |x| up to 1e5, without branches and with the same bits everywhere; absolute error
/// below 3e-16. Reduction by pi/2 in three parts and the polynomials of fdlibm (`k_sin.c`, `k_cos.c`, Sun
/// Microsystems 1993).
#[must_use]
#[inline(always)]
pub fn sin_cos(x: f64) -> (f64, f64) {
    // Parts of pi/2 of 33 bits each: their products with a whole number below 2^20 are exact.
    const PART_1: f64 = 1.570_796_326_734_125_6;
    const PART_2: f64 = 6.077_100_506_303_966e-11;
    const PART_3: f64 = 2.022_266_248_795_950_6e-21;
    let shifted = x * core::f64::consts::FRAC_2_PI + ROUND;
    let quadrant = shifted.to_bits();
    let k = shifted - ROUND;
    let r = ((x - k * PART_1) - k * PART_2) - k * PART_3;
    reduced(r, quadrant)
}

/// Sine and cosine of a whole turn times `u`, u in [0, 1]: absolute error below 3e-16.
#[must_use]
#[inline(always)]
pub fn turned(u: f64) -> (f64, f64) {
    let shifted = 4.0 * u + ROUND;
    // Exact: the nearest quarter differs from u by an eighth at most.
    let rest = u - 0.25 * (shifted - ROUND);
    reduced(rest * core::f64::consts::TAU, shifted.to_bits())
}

/// Sine and cosine of `r` plus so many quarter turns, |r| up to pi/4. Both polynomials are summed in pairs: chains of
/// half the length, and the processor does not wait for them.
#[inline(always)]
fn reduced(r: f64, quadrant: u64) -> (f64, f64) {
    let z = r * r;
    let square = z * z;
    let odd = (-1.666_666_666_666_663_2e-1 + z * 8.333_333_333_322_49e-3)
        + square
            * ((-1.984_126_982_985_795e-4 + z * 2.755_731_370_707_006_8e-6)
                + square * (-2.505_076_025_340_686_3e-8 + z * 1.589_690_995_211_55e-10));
    let sin = r + r * z * odd;
    let even = (4.166_666_666_666_66e-2 - z * 1.388_888_888_887_411e-3)
        + square
            * ((2.480_158_728_947_673e-5 - z * 2.755_731_435_139_066_3e-7)
                + square * (2.087_572_321_298_175e-9 - z * 1.135_964_755_778_819_5e-11));
    let cos = 1.0 - (0.5 * z - square * even);
    // Odd quadrants swap the two; signs come from the quadrant's bits.
    let swap = 0_u64.wrapping_sub(quadrant & 1);
    let (sin, cos) = (sin.to_bits(), cos.to_bits());
    let gap = (sin ^ cos) & swap;
    let sign_sin = (quadrant & 2) << 62;
    let sign_cos = (quadrant.wrapping_add(1) & 2) << 62;
    (f64::from_bits(sin ^ gap ^ sign_sin), f64::from_bits(cos ^ gap ^ sign_cos))
}

/// The angle of the point (x, y), in [-pi, pi], without branches and with the same bits everywhere; absolute error below
/// 1e-15. One division brings the tangent below 7/16; the polynomial is that of fdlibm (`s_atan.c`, Sun Microsystems 1993).
#[must_use]
#[inline(always)]
pub fn angle(y: f64, x: f64) -> f64 {
    const A: [f64; 11] = [
        3.333_333_333_333_293e-1,
        -1.999_999_999_987_648_3e-1,
        1.428_571_427_250_346_6e-1,
        -1.111_111_040_546_235_6e-1,
        9.090_887_133_436_507e-2,
        -7.691_876_205_044_83e-2,
        6.661_073_137_387_531e-2,
        -5.833_570_133_790_573e-2,
        4.976_877_994_615_932_4e-2,
        -3.653_157_274_421_691_5e-2,
        1.628_582_011_536_578_2e-2,
    ];
    let (tall, wide) = (y.abs(), x.abs());
    let low = if tall < wide { tall } else { wide };
    let high = if tall < wide { wide } else { tall };
    // Beyond tan(pi/8), what is left of an eighth of a turn.
    let far = low > 0.414 * high;
    let over = if far { low - high } else { low };
    let under = if far { low + high } else { high };
    let under = if under > 0.0 { under } else { 1.0 };
    let t = over / under;
    let z = t * t;
    let w = z * z;
    let square = w * w;
    let even = z * (((A[0] + w * A[2]) + square * (A[4] + w * A[6])) + square * square * (A[8] + w * A[10]));
    let odd = w * (((A[1] + w * A[3]) + square * (A[5] + w * A[7])) + square * square * A[9]);
    let part = t - t * (even + odd);
    let part = if far { core::f64::consts::FRAC_PI_4 + part } else { part };
    let part = if tall > wide { core::f64::consts::FRAC_PI_2 - part } else { part };
    let part = if x < 0.0 { core::f64::consts::PI - part } else { part };
    part.copysign(y)
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
    fn angles_are_those_of_the_library() {
        let mut random = Stream::new(9, 0, 0);
        for scale in [1e-8, 1.0, 1e8] {
            for _ in 0..50_000 {
                let (y, x) = (scale * (2.0 * random.uniform() - 1.0), 2.0 * random.uniform() - 1.0);
                assert!((angle(y, x) - libm::atan2(y, x)).abs() < 1e-15, "{y} {x}");
            }
        }
        for (y, x) in [(0.0, 1.0), (0.0, -1.0), (1.0, 0.0), (-1.0, 0.0), (1.0, 1.0), (-0.0, -1.0), (0.0, 0.0)]
        {
            assert_eq!(angle(y, x), libm::atan2(y, x));
        }
    }

    #[test]
    fn turns_are_angles() {
        let mut random = Stream::new(8, 0, 0);
        for _ in 0..50_000 {
            let u = random.uniform();
            let ((sin, cos), angle) = (turned(u), core::f64::consts::TAU * u);
            assert!((sin - libm::sin(angle)).abs() < 2e-15 && (cos - libm::cos(angle)).abs() < 2e-15, "{u}");
            assert!((sin * sin + cos * cos - 1.0).abs() < 1e-15);
        }
        for (u, exact) in [(0.0, (0.0, 1.0)), (0.25, (1.0, 0.0)), (0.5, (0.0, -1.0)), (0.75, (-1.0, 0.0))] {
            assert_eq!(turned(u), exact);
        }
    }
}
