//! Names of things: dense numbers, so that the hot path indexes arrays. Callers intern names at the edge.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
        pub struct $name(pub u32);

        impl $name {
            /// The number as an index.
            #[must_use]
            #[inline]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id! {
    /// Anyone who holds shares, buys cover, receives a payment or has a role.
    AccountId
}
id! {
    /// An insured market, numbered by whoever first insures or reports it; losses are split in this order.
    MarketId
}
id! {
    /// A policy, in the order of purchase.
    PolicyId
}
id! {
    /// A ticket: the permanent record of one settled loss, in the order of booking.
    TicketId
}
id! {
    /// A request to leave, in the order of request over all tranches.
    ExitId
}
id! {
    /// A callable bond in the mutual layer, in the order of posting.
    MemberId
}
id! {
    /// A lot of goods received in kind, in the order of opening.
    LotId
}

/// A 256-bit digest: of a quote, of a quote's inputs, of an adapter's code, of evidence.
pub type Digest = [u8; 32];

/// Most tranches a pool can have (2.1).
pub const TRANCHES_MAX: usize = 4;

/// Most markets that are insured at one time (4.2).
pub const MARKETS_MAX: usize = 16;
