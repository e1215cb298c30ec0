//! An accumulator as bytes and back, without loss, so that shards of a run can be merged elsewhere.
//!
//! Little-endian. A version; the specification (counts as u64, numbers as their bits); paths, and those of each replicate;
//! all sums in
//! their fixed order, each as a zigzag variable-length integer of seven bits a byte, least first; the worst
//! losses: for each list their number, then loss, path, weight and row of each, worst first. Lists are pruned
//! before they are written, so that equal accumulators give equal bytes however they were made.

use super::{
    accumulator::LossAccumulator,
    exact::ExactSum,
    exceedance::CURVE_SUMS,
    layer::LAYER_SUMS,
    spec::{LossError, REPLICATES_MAX, Spec},
    terms::{Layers, PolicyTerms},
    worst::Entry,
};

/// Version of these bytes.
pub const CODEC_VERSION: u32 = 2;

/// Most markets, tranches and steps that are read.
const COUNT_MAX: u64 = 1 << 24;

/// Why bytes are no accumulator.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CodecError {
    /// The bytes end too early.
    #[error("the bytes end at {at}, expected {expected}")]
    Truncated {
        /// Place of the end.
        at: usize,
        /// What should have followed.
        expected: &'static str,
    },
    /// There are bytes after the end.
    #[error("{0} bytes after the end")]
    Trailing(usize),
    /// Another version of the bytes.
    #[error("version {found}, expected {CODEC_VERSION}")]
    Version {
        /// Version found.
        found: u32,
    },
    /// A number that no accumulator has.
    #[error("byte {at}: {what} is impossible")]
    Impossible {
        /// Place of the number's end.
        at: usize,
        /// What it is.
        what: &'static str,
    },
    /// The accumulator does not fit together.
    #[error(transparent)]
    Losses(#[from] LossError),
}

impl LossAccumulator {
    /// The accumulator as bytes.
    ///
    /// # Errors
    /// Weights of the worst losses that overflow, which [`LossAccumulator::add`] would have refused.
    pub fn encode(&self) -> Result<Vec<u8>, LossError> {
        let mut out = Vec::new();
        out.extend(CODEC_VERSION.to_le_bytes());
        write_spec(&mut out, &self.spec);
        out.extend(self.paths.to_le_bytes());
        self.replicates.iter().for_each(|part| out.extend(part.paths.to_le_bytes()));
        for sums in self.all_sums() {
            for sum in sums {
                write_integer(&mut out, sum.units());
            }
        }
        for kept in self.worst() {
            let mut kept = kept.clone();
            kept.prune()?;
            out.extend((kept.entries().len() as u64).to_le_bytes());
            let width = kept.width();
            for (index, entry) in kept.entries().iter().enumerate() {
                out.extend(entry.loss.to_bits().to_le_bytes());
                out.extend(entry.path.to_le_bytes());
                out.extend(entry.weight.to_bits().to_le_bytes());
                for value in &kept.rows()[index * width..(index + 1) * width] {
                    out.extend(value.to_bits().to_le_bytes());
                }
            }
        }
        Ok(out)
    }

    /// An accumulator from all of the bytes.
    ///
    /// # Errors
    /// Bytes that [`LossAccumulator::encode`] did not write.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut input = Input { bytes, at: 0 };
        let found = u32::from_le_bytes(input.take("a version")?);
        if found != CODEC_VERSION {
            return Err(CodecError::Version { found });
        }
        let spec = read_spec(&mut input)?;
        // A sum is a byte at least, so that broken bytes do not ask for more memory than they are worth.
        if sums(&spec) > (bytes.len() - input.at) as u128 {
            return Err(CodecError::Truncated { at: bytes.len(), expected: "sums" });
        }
        let mut accumulator = Self::new(spec)?;
        accumulator.paths = input.count("paths", u64::MAX)?;
        if accumulator.paths > accumulator.spec.planned_paths {
            return Err(input.impossible("a number of paths above the planned"));
        }
        let mut divided = 0;
        for part in &mut accumulator.replicates {
            part.paths = input.count("paths of a replicate", part.spec.planned_paths)?;
            divided += part.paths;
        }
        if !accumulator.replicates.is_empty() && divided != accumulator.paths {
            return Err(input.impossible("a number of paths of the replicates"));
        }
        for sums in accumulator.all_sums_mut() {
            for sum in sums {
                *sum = ExactSum::from_units(input.integer()?);
            }
        }
        for kept in accumulator.worst_mut() {
            let width = kept.width();
            let count = input.count("worst losses", (bytes.len() / (24 + 8 * width)) as u64)?;
            let mut row = vec![0.0; width];
            for _ in 0..count {
                let loss = input.amount("a worst loss")?;
                let path = input.count("a path", u64::MAX)?;
                let weight = input.amount("a weight")?;
                for value in &mut row {
                    *value = input.amount("a row of a worst loss")?;
                }
                kept.add(Entry { loss, path, weight }, &row).map_err(LossError::from)?;
            }
        }
        match bytes.len() - input.at {
            0 => Ok(accumulator),
            left => Err(CodecError::Trailing(left)),
        }
    }
}

fn write_spec(out: &mut Vec<u8>, spec: &Spec) {
    let mut count = |count: usize| out.extend((count as u64).to_le_bytes());
    count(spec.horizons);
    count(spec.grid_steps);
    count(spec.exposures.len());
    count(spec.policies.len());
    count(spec.layers.tranches());
    let mut number = |number: f64| out.extend(number.to_bits().to_le_bytes());
    spec.exposures.iter().for_each(|&exposure| number(exposure));
    for policy in &spec.policies {
        number(policy.deductible);
        number(policy.limit);
        number(policy.coinsurance);
    }
    spec.layers.sizes().iter().for_each(|&size| number(size));
    number(spec.smallest_claim);
    number(spec.shortfall_level);
    number(spec.at_risk_level);
    out.extend(spec.planned_paths.to_le_bytes());
    out.extend(u64::from(spec.replicates).to_le_bytes());
}

fn read_spec(input: &mut Input) -> Result<Spec, CodecError> {
    let horizons = input.count("horizons", COUNT_MAX)?;
    let grid_steps = input.count("grid steps", COUNT_MAX)?;
    let markets = input.count("markets", COUNT_MAX)?;
    let policies = input.count("policies", COUNT_MAX)?;
    let tranches = input.count("tranches", COUNT_MAX)?;
    let exposures = (0..markets).map(|_| input.number("an exposure")).collect::<Result<_, _>>()?;
    let policies = (0..policies)
        .map(|_| {
            let [deductible, limit, coinsurance] =
                [input.number("a deductible")?, input.number("a limit")?, input.number("a coinsurance")?];
            PolicyTerms::new(deductible, limit, coinsurance).map_err(|e| LossError::from(e).into())
        })
        .collect::<Result<_, CodecError>>()?;
    let sizes = (0..tranches + 2).map(|_| input.number("a layer")).collect::<Result<Vec<_>, _>>()?;
    let last = sizes.len() - 1;
    let layers = Layers::new(sizes[0], &sizes[1..last], sizes[last]).map_err(LossError::from)?;
    Ok(Spec {
        horizons: horizons as usize,
        exposures,
        policies,
        layers,
        smallest_claim: input.number("a smallest claim")?,
        shortfall_level: input.number("a level")?,
        at_risk_level: input.number("a level")?,
        grid_steps: grid_steps as usize,
        planned_paths: input.count("planned paths", u64::MAX)?,
        // Read under its limit, which fits.
        replicates: input.count("replicates", REPLICATES_MAX.into())? as u32,
    })
}

/// How many sums an accumulator has: those of histograms, curves and layers.
fn sums(spec: &Spec) -> u128 {
    let (markets, points) = (spec.markets() as u128, spec.grid_steps as u128 + 1);
    let layers = spec.layers.sizes().iter().filter(|&&size| size > 0.0).count() as u128;
    let grids = points * (2 * markets + 2);
    let whole =
        spec.horizons as u128 * (grids + CURVE_SUMS as u128 * (markets + 2) + LAYER_SUMS as u128 * layers);
    whole + spec.of_replicate().map_or(0, |part| sums(&part)) * u128::from(spec.replicates)
}

/// Seven bits a byte, the sign in the lowest.
fn write_integer(out: &mut Vec<u8>, value: i128) {
    let mut left = ((value << 1) ^ (value >> 127)) as u128;
    while left >= 0x80 {
        out.push(left as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
}

struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Input<'_> {
    fn impossible(&self, what: &'static str) -> CodecError {
        CodecError::Impossible { at: self.at, what }
    }

    fn take<const N: usize>(&mut self, expected: &'static str) -> Result<[u8; N], CodecError> {
        let found = self.bytes.get(self.at..self.at + N).and_then(|slice| slice.try_into().ok());
        let found = found.ok_or(CodecError::Truncated { at: self.bytes.len(), expected })?;
        self.at += N;
        Ok(found)
    }

    fn number(&mut self, expected: &'static str) -> Result<f64, CodecError> {
        Ok(f64::from_bits(u64::from_le_bytes(self.take(expected)?)))
    }

    /// A number that is finite and not negative.
    fn amount(&mut self, expected: &'static str) -> Result<f64, CodecError> {
        let found = self.number(expected)?;
        if found >= 0.0 && found.is_finite() { Ok(found) } else { Err(self.impossible(expected)) }
    }

    fn count(&mut self, expected: &'static str, most: u64) -> Result<u64, CodecError> {
        let found = u64::from_le_bytes(self.take(expected)?);
        if found <= most { Ok(found) } else { Err(self.impossible(expected)) }
    }

    fn integer(&mut self) -> Result<i128, CodecError> {
        let mut value: u128 = 0;
        for shift in (0..128).step_by(7) {
            let [byte] = self.take("a sum")?;
            let bits = u128::from(byte & 0x7F);
            if shift == 126 && bits > 3 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok((value >> 1) as i128 ^ -((value & 1) as i128));
            }
        }
        Err(self.impossible("a sum"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_come_back() {
        for value in [0, 1, -1, 63, 64, -64, -65, i128::MAX, i128::MIN, 1 << 90, -(1 << 100) + 7] {
            let mut bytes = Vec::new();
            write_integer(&mut bytes, value);
            let mut input = Input { bytes: &bytes, at: 0 };
            assert_eq!(input.integer(), Ok(value));
            assert_eq!(input.at, bytes.len());
        }
        let endless = [0xFF; 40];
        assert!(matches!(Input { bytes: &endless, at: 0 }.integer(), Err(CodecError::Impossible { .. })));
    }
}
