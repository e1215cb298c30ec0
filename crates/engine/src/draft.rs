//! A draft of the state while a command is decided: the core is copied, tables are read through, and changed
//! rows are kept aside. What is decided is recorded as events, which are folded in at once, so that each step
//! sees what the steps before it did.

use alloc::vec::Vec;

use crate::error::Error;
use crate::event::Event;
use crate::fold::{self, Tables, fold};
use crate::id::{MarketId, TicketId};
use crate::market::Market;
use crate::rules::Rules;
use crate::state::{Core, State};
use crate::ticket::{Layers, Ticket};

/// The draft.
pub(crate) struct Draft<'a> {
    /// State before the command.
    pub base: &'a State,
    /// Core as the events so far leave it.
    pub core: Core,
    overlay: Overlay<'a>,
    tickets: Vec<Ticket>,
    /// Recoveries that this command assigned: a sync's set-off and what was asked may meet in one ticket.
    recovered: Vec<(TicketId, Layers)>,
    events: Vec<Event>,
}

/// Tables with the rows that changed.
struct Overlay<'a> {
    base: &'a State,
    rules: Option<Rules>,
    /// Changed markets by place; places from the base's length on are new.
    markets: Vec<(u32, Market)>,
    added: u32,
}

impl<'a> Draft<'a> {
    #[inline]
    pub fn new(base: &'a State) -> Self {
        Self {
            base,
            core: base.core,
            overlay: Overlay { base, rules: None, markets: Vec::new(), added: 0 },
            tickets: Vec::new(),
            recovered: Vec::new(),
            events: Vec::with_capacity(2),
        }
    }

    /// Records an event and lets the draft see it.
    pub fn emit(&mut self, event: Event) {
        match &event {
            Event::ExitCleared { exit, .. } | Event::ExitPaid { exit, .. } => {
                let exit = &self.base.exits[exit.index()];
                fold::exit(&mut self.core, exit.tranche, exit.next, &event);
            }
            Event::TicketBooked(booking) => {
                self.tickets.push(booking.ticket.clone());
                fold(&mut self.core, &mut self.overlay, &event);
            }
            Event::RecoveryAssigned { ticket, parts, .. } => {
                self.recovered.push((*ticket, **parts));
                fold(&mut self.core, &mut self.overlay, &event);
            }
            _ => fold(&mut self.core, &mut self.overlay, &event),
        }
        self.events.push(event);
    }

    /// What was recorded. Takes the list alone: the draft itself is too large to move for it.
    pub fn take_events(&mut self) -> Vec<Event> {
        core::mem::take(&mut self.events)
    }

    /// Rules in force.
    pub fn rules(&self) -> &Rules {
        self.overlay.rules.as_ref().unwrap_or(&self.base.rules)
    }

    /// True when this command has changed a market or the rules.
    pub const fn touched_markets(&self) -> bool {
        !self.overlay.markets.is_empty() || self.overlay.rules.is_some()
    }

    /// Market at a place of the list.
    pub fn market_at(&self, place: u32) -> &Market {
        self.overlay.market_at(place)
    }

    /// Market by number.
    pub fn market(&self, id: MarketId) -> Result<&Market, Error> {
        let place = self.overlay.place(id).ok_or(Error::NoSuchMarket { market: id })?;
        Ok(self.market_at(place))
    }

    /// Places of the live markets, in ascending order of market id.
    pub fn live(&self) -> impl Iterator<Item = u32> + use<> {
        let (live, count) = (self.core.live, usize::from(self.core.live_count));
        live.into_iter().take(count)
    }

    /// What a ticket still misses (6.1), after what this command assigned to it.
    pub fn outstanding(&self, id: TicketId) -> Result<Layers, Error> {
        let left = self.ticket(id)?.outstanding();
        let assigned = self.recovered.iter().filter(|(ticket, _)| *ticket == id);
        Ok(assigned.fold(left, |left, (_, parts)| left.saturating_sub(parts)))
    }

    /// True when this command assigned a recovery to a ticket.
    pub fn has_recovered(&self, id: TicketId) -> bool {
        self.recovered.iter().any(|(ticket, _)| *ticket == id)
    }

    /// A ticket, those booked by this command included. What came back of it in this command is not in it.
    pub fn ticket(&self, id: TicketId) -> Result<&Ticket, Error> {
        let known = self.base.tickets.len();
        self.base
            .tickets
            .get(id.index())
            .or_else(|| self.tickets.get(id.index().checked_sub(known)?))
            .ok_or(Error::NoSuchTicket { ticket: id })
    }
}

impl Overlay<'_> {
    fn market_at(&self, place: u32) -> &Market {
        match self.markets.iter().find(|(changed, _)| *changed == place) {
            Some((_, market)) => market,
            None => &self.base.markets[place as usize],
        }
    }
}

impl Tables for Overlay<'_> {
    fn place(&self, id: MarketId) -> Option<u32> {
        // Few markets change in one command; look there first, new ones are nowhere else.
        match self.markets.iter().find(|(_, market)| market.id == id) {
            Some((place, _)) => Some(*place),
            None => self.base.market_places.get(&id).copied(),
        }
    }

    fn id_at(&self, place: u32) -> MarketId {
        self.market_at(place).id
    }

    fn market_mut(&mut self, id: MarketId) -> &mut Market {
        let found = self.markets.iter().position(|(_, market)| market.id == id);
        let index = found.unwrap_or_else(|| {
            let place = self.base.market_places[&id];
            self.markets.push((place, self.base.markets[place as usize].clone()));
            self.markets.len() - 1
        });
        &mut self.markets[index].1
    }

    fn add_market(&mut self, market: Market) {
        let known = u32::try_from(self.base.markets.len()).expect("markets are numbered by 32 bits");
        self.markets.push((known + self.added, market));
        self.added += 1;
    }

    fn set_rules(&mut self, rules: &Rules) {
        self.rules = Some(rules.clone());
    }
}
