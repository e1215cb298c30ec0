//! Steps about policies after their purchase, about quotes, rules and the pause.

use seawall_engine::{Action, Market, MarketId, MemberId, Status};
use seawall_fixed::{Assets, Ppm, Seconds};

use crate::interpret::{MARKETS, buyer, pick};
use crate::player::{Checked, Player};
use crate::setup::{ACTUARY, GUARDIAN, OWNER};
use crate::step::Op;

/// Plays a step about policies and rules.
pub(crate) fn play<P: Player>(player: &mut P, op: &Op) -> Checked<()> {
    let state = player.state();
    let (caller, action) = match *op {
        Op::Activate { market } => {
            let pending = |market: &&Market| market.policies().any(|policy| policy.status == Status::Pending);
            let pending: Vec<MarketId> =
                state.markets().iter().filter(pending).map(|market| market.id).collect();
            let index = usize::from(market) % pending.len().max(1);
            let market = pending.get(index).copied().unwrap_or(MarketId(u32::from(market) % MARKETS));
            (OWNER, Action::Activate { market })
        }
        Op::Cancel { market } => {
            let market = pick(player, market);
            (buyer(market), Action::Cancel { market })
        }
        Op::Finalise { market } => (OWNER, Action::Finalise { market: pick(player, market) }),
        Op::ReleaseBond { pick } => {
            let members = state.members();
            // The newest bond is 255.
            let newest = members.len().saturating_sub(1);
            let index = if pick == 255 { newest } else { usize::from(pick) % members.len().max(1) };
            let Some(member) = members.get(index) else { return Ok(()) };
            let id = MemberId(u32::try_from(index).expect("few members"));
            (member.owner, Action::ReleaseBond { member: id })
        }
        Op::Revoke { market, ahead } => {
            let market = pick(player, market);
            let nonce = state.market(market).map_or(0, |market| market.nonce) + u64::from(ahead);
            (ACTUARY, Action::RevokeQuotes { market, nonce })
        }
        Op::Announce { change, value } => return announce(player, change, value),
        Op::Pause { seconds } => (GUARDIAN, Action::Pause { until: player.now() + Seconds::from(seconds) }),
        _ => (OWNER, Action::WithdrawRules),
    };
    player.act(caller, action).map(|_| ())
}

/// Announces one rule changed. The last four only tighten purchases, so they act at once.
fn announce<P: Player>(player: &mut P, change: u8, value: u32) -> Checked<()> {
    let mut rules = player.state().rules().clone();
    let seconds = Seconds::from(value) % (40 * 24 * 3600);
    match change % 12 {
        0 => rules.waiting = seconds + 1,
        1 => rules.cooldown = seconds,
        2 => rules.fee = Ppm::new(value % 600_000),
        3 => rules.junior_floor = Ppm::new(value % 1_000_001),
        4 => rules.earn_rate_max = u64::from(value),
        5 => rules.term_epochs_max = value % 106,
        6 => rules.latent_share_max = Ppm::new(value % 1_000_001),
        7 => rules.reserve_target = Assets::new(u128::from(value)),
        8 => rules.ticket_min = Assets::new(u128::from(value % 64)),
        9 => rules.limit_max = rules.limit_max.min(Assets::new(player.setup().scale())),
        10 => rules.market_share_max = rules.market_share_max.min(Ppm::new(200_000 + value % 800_001)),
        _ => rules.rate_min = rules.rate_min.max(Ppm::new(value % 30_000)),
    }
    player.act(OWNER, Action::AnnounceRules { rules: Box::new(rules) }).map(|_| ())
}
