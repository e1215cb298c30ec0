//! Bytes as hexadecimal digits.

/// Why a text is no hexadecimal number of the length wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HexError {
    /// Too few or too many digits.
    #[error("{given} hexadecimal digits where {wanted} are wanted")]
    Length {
        /// Digits given, without `0x`.
        given: usize,
        /// Digits wanted.
        wanted: usize,
    },
    /// A character that is no digit.
    #[error("{digit:?} is no hexadecimal digit")]
    Digit {
        /// The character.
        digit: char,
    },
}

/// Lower-case digits without `0x`.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Lower-case digits behind `0x`.
#[must_use]
pub fn prefixed(bytes: &[u8]) -> String {
    format!("0x{}", encode(bytes))
}

/// `N` bytes from 2 `N` digits of either case, with or without `0x`.
///
/// # Errors
/// Another number of digits, or a character that is none.
pub fn decode<const N: usize>(text: &str) -> Result<[u8; N], HexError> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let mut bytes = [0; N];
    let mut given = 0;
    for (index, digit) in digits.chars().enumerate() {
        let value = digit.to_digit(16).ok_or(HexError::Digit { digit })?;
        if let Some(byte) = bytes.get_mut(index / 2) {
            // A digit is below 16.
            *byte = *byte << 4 | value as u8;
        }
        given = index + 1;
    }
    if given == 2 * N { Ok(bytes) } else { Err(HexError::Length { given, wanted: 2 * N }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_written_and_read_alike() {
        let bytes: [u8; 32] = core::array::from_fn(|index| (index * 37 % 256) as u8);
        assert_eq!(decode(&encode(&bytes)), Ok(bytes));
        assert_eq!(decode(&prefixed(&bytes)), Ok(bytes));
        assert_eq!(decode(&encode(&bytes).to_uppercase()), Ok(bytes));
        assert_eq!(decode::<2>("0aB"), Err(HexError::Length { given: 3, wanted: 4 }));
        assert_eq!(decode::<2>("0aBcd"), Err(HexError::Length { given: 5, wanted: 4 }));
        assert_eq!(decode::<1>("0é"), Err(HexError::Digit { digit: 'é' }));
    }
}
