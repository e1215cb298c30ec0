//! What was compared: events and refusals by kind.

use std::collections::BTreeMap;
use std::fmt;

use seawall_twin::twin::Ran;

use super::kinds::{EVENTS, REFUSALS, event, refusal};

#[derive(Clone, Default)]
pub struct Tally {
    pub commands: u64,
    pub accepted: u64,
    pub events: BTreeMap<&'static str, u64>,
    pub refusals: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Takes what a command came to.
    pub fn take(&mut self, ran: &Ran) {
        match ran {
            Ran::Done(events) => {
                self.accepted += 1;
                for done in events {
                    *self.events.entry(event(done)).or_default() += 1;
                }
            }
            Ran::Refused(error) => *self.refusals.entry(refusal(error)).or_default() += 1,
            Ran::Skipped => return,
        }
        self.commands += 1;
    }

    /// Takes what another tally has.
    pub fn add(&mut self, other: &Self) {
        self.commands += other.commands;
        self.accepted += other.accepted;
        for (kind, count) in &other.events {
            *self.events.entry(kind).or_default() += count;
        }
        for (kind, count) in &other.refusals {
            *self.refusals.entry(kind).or_default() += count;
        }
    }

    /// Kinds that can occur and did not.
    pub fn missing(&self) -> Vec<&'static str> {
        let events = EVENTS.iter().filter(|kind| !self.events.contains_key(*kind));
        let refusals = REFUSALS.iter().filter(|kind| !self.refusals.contains_key(*kind));
        events.chain(refusals).copied().collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (events, refusals) = (self.events.values().sum::<u64>(), self.refusals.values().sum::<u64>());
        let rarest = |kinds: &BTreeMap<&'static str, u64>| {
            let found = kinds.iter().min_by_key(|(_, count)| **count);
            found.map_or_else(|| "none".to_owned(), |(kind, count)| format!("{kind} {count}"))
        };
        write!(
            f,
            "{} commands, {} accepted; {events} events of {} kinds (rarest {}), {refusals} refusals of {} kinds \
             (rarest {})",
            self.commands,
            self.accepted,
            self.events.len(),
            rarest(&self.events),
            self.refusals.len(),
            rarest(&self.refusals)
        )
    }
}
