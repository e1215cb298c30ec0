//! The shortest sequence that still fails: first everything behind the failure goes, then ever smaller pieces, then
//! time stands still where it can.

use crate::step::{Step, Time};

/// Most times that a sequence is played to make it shorter.
const TRIALS: u32 = 600;

/// Shortens a failing sequence; `fails` plays one and says at which step it fails.
pub fn shortest(mut steps: Vec<Step>, mut fails: impl FnMut(&[Step]) -> Option<usize>) -> Vec<Step> {
    let mut trials = TRIALS;
    let mut try_it = |candidate: Vec<Step>| -> Option<Vec<Step>> {
        trials = trials.checked_sub(1)?;
        let at = fails(&candidate)?;
        let mut shorter = candidate;
        shorter.truncate(at + 1);
        Some(shorter)
    };
    if let Some(shorter) = try_it(steps.clone()) {
        steps = shorter;
    }
    let mut piece = steps.len().div_ceil(2).max(1);
    loop {
        let before = steps.len();
        let mut from = 0;
        while from < steps.len() {
            let mut candidate = steps.clone();
            candidate.drain(from..(from + piece).min(steps.len()));
            match try_it(candidate) {
                Some(shorter) => steps = shorter,
                None => from += piece,
            }
        }
        if piece == 1 && steps.len() == before {
            break;
        }
        piece = piece.div_ceil(2).max(1);
    }
    for index in (0..steps.len()).rev() {
        let Some(step) = steps.get(index) else { continue };
        if !matches!(step.time, Time::Stay) {
            let mut candidate = steps.clone();
            candidate[index].time = Time::Stay;
            if let Some(shorter) = try_it(candidate) {
                steps = shorter;
            }
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::Op;

    /// Fails at the first fee collection after a stream and a withdrawal.
    fn fails(steps: &[Step]) -> Option<usize> {
        let at = |op: fn(&Op) -> bool| steps.iter().position(|step| op(&step.op));
        let stream = at(|op| matches!(op, Op::StreamSurplus))?;
        let withdrawn = at(|op| matches!(op, Op::WithdrawRules))?;
        let from = stream.max(withdrawn);
        let found = steps[from..].iter().position(|step| matches!(step.op, Op::CollectFees))?;
        Some(from + found)
    }

    #[test]
    fn only_what_the_failure_needs_is_left() {
        let ops =
            [Op::Sync, Op::StreamSurplus, Op::Sync, Op::Sync, Op::WithdrawRules, Op::Sync, Op::CollectFees];
        let steps: Vec<Step> =
            ops.into_iter().cycle().take(100).map(|op| Step { time: Time::Seconds(3), op }).collect();
        let short = shortest(steps, fails);
        assert_eq!(short.len(), 3, "{short:?}");
        assert!(fails(&short) == Some(2) && short.iter().all(|step| matches!(step.time, Time::Stay)));
    }
}
