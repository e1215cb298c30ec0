//! Philox4x32-10: ten rounds of multiply and exchange over a 128-bit counter under a 64-bit key.
//!
//! J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// Counters worked on together, so that the compiler can put them side by side in vector registers.
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

/// The words of `LANES` counters that differ in their first word only (`first`, `first + 1`, ...), as 64-bit
/// words in the order in which a stream hands them out.
#[inline(always)]
pub(super) fn words(first: u32, rest: [u32; 3], key: [u32; 2]) -> [u64; 2 * LANES] {
    // Each 32-bit word sits in the low half of a 64-bit lane: that is the shape vector multipliers want.
    const LOW: u64 = 0xFFFF_FFFF;
    let mut a = [0_u64; LANES];
    for (lane, value) in a.iter_mut().enumerate() {
        *value = u64::from(first.wrapping_add(lane as u32));
    }
    let mut b = [u64::from(rest[0]); LANES];
    let mut c = [u64::from(rest[1]); LANES];
    let mut d = [u64::from(rest[2]); LANES];
    let [mut k0, mut k1] = key;
    for _ in 0..ROUNDS {
        for lane in 0..LANES {
            let p0 = u64::from(MULTIPLIERS[0]).wrapping_mul(a[lane] & LOW);
            let p1 = u64::from(MULTIPLIERS[1]).wrapping_mul(c[lane] & LOW);
            a[lane] = (p1 >> 32) ^ b[lane] ^ u64::from(k0);
            b[lane] = p1 & LOW;
            c[lane] = (p0 >> 32) ^ d[lane] ^ u64::from(k1);
            d[lane] = p0 & LOW;
        }
        k0 = k0.wrapping_add(WEYL[0]);
        k1 = k1.wrapping_add(WEYL[1]);
    }
    let mut words = [0; 2 * LANES];
    for (lane, pair) in words.chunks_exact_mut(2).enumerate() {
        pair[0] = a[lane] | b[lane] << 32;
        pair[1] = c[lane] | d[lane] << 32;
    }
    words
}

/// The two words that one counter value gives on each of `LANES` consecutive paths.
#[inline(always)]
pub(super) fn words_across(
    counter: u32,
    factor: u32,
    first_path: u64,
    key: [u32; 2],
) -> ([u64; LANES], [u64; LANES]) {
    const LOW: u64 = 0xFFFF_FFFF;
    let mut c = [0_u64; LANES];
    let mut d = [0_u64; LANES];
    for lane in 0..LANES {
        let path = first_path.wrapping_add(lane as u64);
        c[lane] = path & LOW;
        d[lane] = path >> 32;
    }
    let mut a = [u64::from(counter); LANES];
    let mut b = [u64::from(factor); LANES];
    let [mut k0, mut k1] = key;
    for _ in 0..ROUNDS {
        for lane in 0..LANES {
            let p0 = u64::from(MULTIPLIERS[0]).wrapping_mul(a[lane] & LOW);
            let p1 = u64::from(MULTIPLIERS[1]).wrapping_mul(c[lane] & LOW);
            a[lane] = (p1 >> 32) ^ b[lane] ^ u64::from(k0);
            b[lane] = p1 & LOW;
            c[lane] = (p0 >> 32) ^ d[lane] ^ u64::from(k1);
            d[lane] = p0 & LOW;
        }
        k0 = k0.wrapping_add(WEYL[0]);
        k1 = k1.wrapping_add(WEYL[1]);
    }
    let mut words = ([0; LANES], [0; LANES]);
    for lane in 0..LANES {
        words.0[lane] = a[lane] | b[lane] << 32;
        words.1[lane] = c[lane] | d[lane] << 32;
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
        let rest = [7, 0xFFFF_FFFF, 0x1234_5678];
        let key = [0xDEAD_BEEF, 0x0BAD_F00D];
        let first = u32::MAX - 3;
        let words = words(first, rest, key);
        for lane in 0..LANES {
            let [a, b, c, d] =
                philox4x32_10([first.wrapping_add(lane as u32), rest[0], rest[1], rest[2]], key);
            assert_eq!(words[2 * lane], u64::from(a) | u64::from(b) << 32);
            assert_eq!(words[2 * lane + 1], u64::from(c) | u64::from(d) << 32);
        }
    }
}
