//! Sine and cosine that have the same bits everywhere and become vector code.

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
