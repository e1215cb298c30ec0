//! Philox4x32-10: ten rounds of multiply and exchange over a 128-bit counter under a 64-bit key.
//!
//! J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// Counters that a stream works on together.
pub(super) const LANES: usize = 8;

/// The four words of one counter value under a key.
#[must_use]
pub fn philox4x32_10(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let [mut a, mut b, mut c, mut d] = counter;
    let [mut k0, mut k1] = key;
    for _ in 0..ROUNDS {
        let p0 = u64::from(MULTIPLIERS[0]) * u64::from(a);
        let p1 = u64::from(MULTIPLIERS[1]) * u64::from(c);
        a = (p1 >> 32) as u32 ^ b ^ k0;
        b = p1 as u32;
        c = (p0 >> 32) as u32 ^ d ^ k1;
        d = p0 as u32;
        k0 = k0.wrapping_add(WEYL[0]);
        k1 = k1.wrapping_add(WEYL[1]);
    }
    [a, b, c, d]
}

/// The same as two 64-bit words, in the order in which a stream hands them out. Each 32-bit word sits in the low half
/// of a 64-bit one, the shape that vector multipliers want: a plain loop over counters or paths becomes vector code.
#[inline(always)]
pub(super) fn pair(counter: u32, factor: u32, path: u64, key: [u32; 2]) -> (u64, u64) {
    const LOW: u64 = 0xFFFF_FFFF;
    let (mut a, mut b) = (u64::from(counter), u64::from(factor));
    let (mut c, mut d) = (path & LOW, path >> 32);
    let [mut k0, mut k1] = key;
    for _ in 0..ROUNDS {
        let p0 = u64::from(MULTIPLIERS[0]).wrapping_mul(a & LOW);
        let p1 = u64::from(MULTIPLIERS[1]).wrapping_mul(c & LOW);
        a = (p1 >> 32) ^ b ^ u64::from(k0);
        b = p1 & LOW;
        c = (p0 >> 32) ^ d ^ u64::from(k1);
        d = p0 & LOW;
        k0 = k0.wrapping_add(WEYL[0]);
        k1 = k1.wrapping_add(WEYL[1]);
    }
    (a | b << 32, c | d << 32)
}

/// The words of `LANES` counters that follow each other, in the order in which a stream hands them out.
#[inline(always)]
pub(super) fn words(first: u32, factor: u32, path: u64, key: [u32; 2]) -> [u64; 2 * LANES] {
    // Two loops: the first stores side by side, the second interleaves.
    let (mut even, mut odd) = ([0; LANES], [0; LANES]);
    for lane in 0..LANES {
        (even[lane], odd[lane]) = pair(first.wrapping_add(lane as u32), factor, path, key);
    }
    let mut words = [0; 2 * LANES];
    for lane in 0..LANES {
        (words[2 * lane], words[2 * lane + 1]) = (even[lane], odd[lane]);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers distributed with Random123 (`kat_vectors`).
    #[test]
    fn known_answers() {
        assert_eq!(philox4x32_10([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox4x32_10([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
    }

    #[test]
    fn lanes_agree_with_the_scalar_form() {
        let (factor, path) = (7, 0x1234_5678_FFFF_FFFF);
        let key = [0xDEAD_BEEF, 0x0BAD_F00D];
        let first = u32::MAX - 3;
        let words = words(first, factor, path, key);
        for lane in 0..LANES {
            let [a, b, c, d] =
                philox4x32_10([first.wrapping_add(lane as u32), factor, 0xFFFF_FFFF, 0x1234_5678], key);
            assert_eq!(words[2 * lane], u64::from(a) | u64::from(b) << 32);
            assert_eq!(words[2 * lane + 1], u64::from(c) | u64::from(d) << 32);
        }
    }
}
