//! Runs a scenario table on both pools.

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
    let mut twin = open(base, decide, plain_pool());
    let mut now = twin.state.core().now;
    let mut fresh = String::new();
    let mut first = true;
    for (number, line) in text.lines().enumerate() {
        let said = line.split("->").next().unwrap_or_default().trim_end();
        if said.trim().is_empty() || said.starts_with('#') {
            fresh += line;
        } else {
            let came = play(base, &mut twin, &mut now, first, said);
            let came = came.map_err(|why| format!("line {}: {why}", number + 1))?;
            fresh += &format!("{said:<WIDTH$} -> {came}");
            first = false;
        }
        fresh.push('\n');
    }
    Ok(fresh)
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
