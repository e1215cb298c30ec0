//! Runs a scenario table on both pools.

use std::panic::{AssertUnwindSafe, catch_unwind};

use seawall_engine::{Action, State};
use seawall_fixed::Seconds;
use seawall_machine::table::{Line, Scene, plain_pool, read};
use seawall_twin::deploy::Base;
use seawall_twin::twin::{Decide, Twin};

use super::record::{WIDTH, came_to, clock, shown};

/// Accounts that are looked at one by one.
const ACCOUNTS: u32 = 32;

/// Runs a table; its lines with what stands behind them.
///
/// # Errors
/// The first line that cannot be read, or on which the pools differ.
pub fn run(base: &Base, decide: Decide, text: &str) -> Result<String, String> {
    let (fresh, why) = tell(base, decide, text);
    why.map_or(Ok(fresh), Err)
}

/// Runs a table as far as it goes: its lines with what stands behind them, the failing one as it is, and why.
pub fn tell(base: &Base, decide: Decide, text: &str) -> (String, Option<String>) {
    let mut twin = open(base, decide, plain_pool());
    let mut now = twin.state.core().now;
    let mut fresh = String::new();
    let mut first = true;
    for (number, line) in text.lines().enumerate() {
        let said = line.split("->").next().unwrap_or_default().trim_end();
        if said.trim().is_empty() || said.starts_with('#') {
            fresh += line;
        } else {
            match play(base, &mut twin, &mut now, first, said) {
                Ok(came) => fresh += &format!("{said:<WIDTH$} -> {came}"),
                Err(why) => return (fresh + said + "\n", Some(format!("line {}: {why}", number + 1))),
            }
            first = false;
        }
        fresh.push('\n');
    }
    (fresh, None)
}

/// Leaves out every line of a failing table without which its last line still fails.
pub fn shortened(base: &Base, decide: Decide, text: &str) -> String {
    let fails = |text: &str| {
        let told = catch_unwind(AssertUnwindSafe(|| tell(base, decide, text)));
        let last = format!("line {}:", text.lines().count());
        told.ok().filter(|(_, why)| why.as_ref().is_some_and(|why| why.starts_with(&last))).map(|told| told.0)
    };
    let Some(mut table) = fails(text) else { return text.to_owned() };
    for index in (0..table.lines().count()).rev() {
        let kept: Vec<&str> =
            table.lines().enumerate().filter(|(at, _)| *at != index).map(|of| of.1).collect();
        if kept.iter().all(|line| line.starts_with('#')) || index == kept.len() {
            continue;
        }
        if table.lines().nth(index).is_some_and(|line| line.starts_with('#')) {
            continue;
        }
        if let Some(shorter) = fails(&(kept.join("\n") + "\n")) {
            table = shorter;
        }
    }
    table
}

fn open(base: &Base, decide: Decide, config: seawall_engine::Config) -> Twin {
    let mut twin = Twin::on(base, config);
    twin.decide = decide;
    twin
}

/// Plays one line and returns what stands behind it.
fn play(base: &Base, twin: &mut Twin, now: &mut Seconds, first: bool, line: &str) -> Result<String, String> {
    let scene = Scene { state: &twin.state, sources: &twin.sources, now: *now };
    match read(&scene, line)? {
        Line::Pool(config) if first => {
            State::new((*config).clone()).map_err(|error| error.to_string())?;
            *twin = open(base, twin.decide, *config);
            Ok("opened".to_owned())
        }
        Line::Pool(_) => Err("only the first line can open a pool".into()),
        Line::Time(at) => {
            *now = at;
            Ok(clock(at))
        }
        Line::Source(market, outside) => {
            twin.sources[market.index()] = outside;
            Ok(shown(&outside))
        }
        Line::Command(mut command) => {
            if let Action::BuyCover { quote, digest, .. } = &mut command.action {
                *digest = twin.digest(quote);
            }
            let ran = twin.run(command, *now)?;
            twin.compare_all(ACCOUNTS)?;
            Ok(came_to(twin, &ran))
        }
    }
}
