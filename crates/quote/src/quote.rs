//! The quote that an actuary signs (rule 3.2). Field by field it is the engine's quote; names of a local pool are
//! addresses here, and chain and pool are its [`Domain`]. Units: amounts in smallest units of the pool's asset,
//! fractions in millionths, times in Unix seconds.

use crate::typed::{Struct, Value, signing_digest};
use crate::{Address, Domain, Word};

/// Most tranches of a pool (2.1).
pub const TRANCHES_MAX: usize = 4;

/// Cover on offer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase", deny_unknown_fields))]
pub struct Quote {
    /// Insured market, by its number in the pool.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::plain"))]
    pub market: u32,
    /// Who may buy, pays, and receives refund, bonus and bonds.
    pub buyer: Address,
    /// Digest of address and code of the adapter that reads the losses; zero where a reporter posts them (3.1).
    #[cfg_attr(feature = "serde", serde(with = "crate::text::word"))]
    pub source: Word,
    /// Rate of the source's unit at purchase, in 1e-18 of the pool's; zero where the source counts in the pool's.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::plain"))]
    pub rate_initial: u128,
    /// Largest relative step of that rate an epoch, millionths (1.1).
    #[cfg_attr(feature = "serde", serde(with = "crate::text::plain"))]
    pub rate_step: u32,
    /// Where payments go (3.1).
    pub destination: Address,
    /// The assets behind the pool's wrapper token stand in this market; such cover is refused (1.1).
    pub holds_pool_asset: bool,
    /// Aggregate limit on eligible loss.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::plain"))]
    pub limit: u128,
    /// Limit on eligible loss of two epochs together.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::plain"))]
    pub event_limit: u128,
    /// Aggregate deductible.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::plain"))]
    pub deductible: u128,
    /// What the insured deposits against it.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::plain"))]
    pub deductible_bond: u128,
    /// Part of each eligible loss that the insured keeps, millionths.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::plain"))]
    pub coinsurance: u32,
    /// Term in whole epochs of seven days.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::plain"))]
    pub term_epochs: u32,
    /// Premium before scarcity (3.4).
    #[cfg_attr(feature = "serde", serde(with = "crate::text::plain"))]
    pub premium: u128,
    /// Part of it held back as no-claims bonus, millionths (3.7).
    #[cfg_attr(feature = "serde", serde(with = "crate::text::plain"))]
    pub bonus_share: u32,
    /// How the rest streams to the tranches, millionths; what is missing to one goes to the reserve (3.6).
    #[cfg_attr(feature = "serde", serde(with = "crate::text::list"))]
    pub split: [u32; TRANCHES_MAX],
    /// Capital that must stand behind the policy (3.5).
    #[cfg_attr(feature = "serde", serde(with = "crate::text::plain"))]
    pub charge: u128,
    /// Bond posted in the mutual layer (7.1).
    #[cfg_attr(feature = "serde", serde(with = "crate::text::plain"))]
    pub callable_bond: u128,
    /// Loss counter of the market that the quote was computed for.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::plain"))]
    pub counter: u128,
    /// Latest end of any policy that it assumed.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::plain"))]
    pub latest_end_max: u64,
    /// Largest required capital, this policy included, that it assumed.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::plain"))]
    pub required_max: u128,
    /// Last second at which it is valid.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::plain"))]
    pub deadline: u64,
    /// Sequential number of the market; using or revoking one voids all lower ones.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::plain"))]
    pub nonce: u64,
    /// Digest of loan book, prices, parameters, model version and seed.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::word"))]
    pub inputs: Word,
}

impl Quote {
    /// The `Quote` struct of EIP-712.
    #[must_use]
    pub fn as_struct(&self) -> Struct {
        Struct {
            name: "Quote",
            members: vec![
                ("market", Value::uint32(self.market)),
                ("buyer", Value::Address(self.buyer)),
                ("source", Value::Bytes32(self.source)),
                ("rateInitial", Value::uint128(self.rate_initial)),
                ("rateStep", Value::uint32(self.rate_step)),
                ("destination", Value::Address(self.destination)),
                ("holdsPoolAsset", Value::Bool(self.holds_pool_asset)),
                ("limit", Value::uint128(self.limit)),
                ("eventLimit", Value::uint128(self.event_limit)),
                ("deductible", Value::uint128(self.deductible)),
                ("deductibleBond", Value::uint128(self.deductible_bond)),
                ("coinsurance", Value::uint32(self.coinsurance)),
                ("termEpochs", Value::uint32(self.term_epochs)),
                ("premium", Value::uint128(self.premium)),
                ("bonusShare", Value::uint32(self.bonus_share)),
                ("split", Value::Array(self.split.map(Value::uint32).to_vec())),
                ("charge", Value::uint128(self.charge)),
                ("callableBond", Value::uint128(self.callable_bond)),
                ("counter", Value::uint128(self.counter)),
                ("latestEndMax", Value::uint64(self.latest_end_max)),
                ("requiredMax", Value::uint128(self.required_max)),
                ("deadline", Value::uint64(self.deadline)),
                ("nonce", Value::uint64(self.nonce)),
                ("inputs", Value::Bytes32(self.inputs)),
            ],
        }
    }

    /// `hashStruct` of the quote.
    #[must_use]
    pub fn struct_hash(&self) -> Word {
        self.as_struct().hash()
    }

    /// What the actuary signs for a pool.
    #[must_use]
    pub fn digest(&self, domain: &Domain) -> Word {
        signing_digest(&domain.separator(), &self.struct_hash())
    }
}
