//! A command as a call of the contract, a refusal of the engine as the contract says it, an event as a log.

mod call;
mod log;
mod refusal;

use seawall_engine::{ClassKind, Layers, Member, Slot, State, Status};
use seawall_fixed::{Assets, Seconds};

use crate::abi::number;
use crate::evm::Word;

pub use call::{Call, call};
pub use log::log;
pub use refusal::refusal;

/// Latest time that the contract keeps; stands for "never".
const NEVER: u128 = (1 << 40) - 1;

fn amount(assets: Assets) -> Word {
    number(assets.get())
}

fn class(kind: ClassKind) -> u8 {
    u8::from(kind == ClassKind::Queued)
}

fn slot(slot: Slot) -> Word {
    number(u128::from(slot == Slot::Successor))
}

/// Amounts by layer as the contract orders them.
#[must_use]
pub fn layers(of: &Layers) -> Vec<Word> {
    let mut words =
        vec![amount(of.deductible), amount(of.coinsured), amount(of.reserve), amount(of.uncovered)];
    words.extend(of.tranches.map(amount));
    words.extend([amount(of.own_bond), amount(of.called)]);
    words
}

/// A time as the contract keeps it.
#[must_use]
pub fn due(at: Seconds) -> Word {
    number(u128::from(at).min(NEVER))
}

/// A status as the contract numbers it.
#[must_use]
pub fn status(of: Status) -> Word {
    number(match of {
        Status::Pending => 1,
        Status::Active => 2,
        Status::RunOff { .. } => 3,
        Status::Ended => 4,
    })
}

/// Units that a member holds now.
#[must_use]
pub fn units(state: &State, member: &Member) -> Word {
    number(member.units.balance(state.core().mutual.generation).get())
}
