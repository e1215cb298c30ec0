//! Auctions of what a payout bought in kind (6.3): the price falls from a start to a floor above zero, and
//! starts again when a round ends unsold. The goods stand outside the pool's books until they are sold.

use seawall_fixed::{Assets, Rounding, Seconds};

use crate::draft::Draft;
use crate::error::Error;
use crate::event::Event;
use crate::id::{AccountId, Digest, LotId, TicketId};
use crate::recovery;
use crate::role;

/// Shortest and longest round.
const DURATION: core::ops::RangeInclusive<Seconds> = 3600..=30 * 24 * 3600;

/// A lot for sale.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Lot {
    /// Ticket that the proceeds recover.
    pub ticket: TicketId,
    /// Digest of what is sold.
    pub goods: Digest,
    /// Price at the start of each round.
    pub start: Assets,
    /// Price at its end.
    pub floor: Assets,
    /// Length of a round.
    pub duration: Seconds,
    /// When the first round began.
    pub opened: Seconds,
    /// Who bought it.
    pub sold_to: Option<AccountId>,
}

impl Lot {
    /// Price at `now`, rounded up: linear from start to floor, round after round.
    #[must_use]
    pub fn price(&self, now: Seconds) -> Assets {
        let elapsed = now.saturating_sub(self.opened) % self.duration;
        let fallen = (self.start - self.floor)
            .scale(u128::from(elapsed), u128::from(self.duration), Rounding::Down)
            .expect("less than the whole round has passed");
        self.start - fallen
    }
}

/// Opens a lot. Only a reporter or the owner can say that goods arrived.
pub(crate) fn open(
    draft: &mut Draft,
    caller: AccountId,
    ticket: TicketId,
    goods: Digest,
    prices: (Assets, Assets),
    duration: Seconds,
) -> Result<(), Error> {
    role::require_reporter_or_owner(draft.rules(), caller)?;
    let (start, floor) = prices;
    draft.ticket(ticket)?;
    if floor.is_zero() || start < floor || !DURATION.contains(&duration) {
        return Err(Error::LotOutOfBounds);
    }
    let (lot, at) = (LotId(draft.core.lots), draft.core.now);
    draft.emit(Event::LotOpened { lot, ticket, goods, start, floor, duration, at });
    Ok(())
}

/// Buys a lot; the price is a recovery of its ticket.
pub(crate) fn buy(
    draft: &mut Draft,
    caller: AccountId,
    received: Option<Assets>,
    id: LotId,
    price_max: Assets,
) -> Result<(), Error> {
    let lot = draft.base.lots.get(id.index()).filter(|lot| lot.sold_to.is_none());
    let lot = lot.ok_or(Error::NoSuchLot { lot: id })?;
    let price = lot.price(draft.core.now);
    if price > price_max {
        return Err(Error::LotTooDear { price, most: price_max });
    }
    let ticket = lot.ticket;
    draft.emit(Event::LotSold { lot: id, buyer: caller, price });
    recovery::recover_ticket(draft, received, ticket, price)
}
