//! Pictures of the loss: who bore it hour by hour, which market it came from, and the prices that made it.

use maud::{Markup, html};

use super::axis::{Axis, ceiling};
use super::chart::{BEARER_COLOURS, FULL, Frame, HALF, area, legend, path, place, tick as tick_label};
use crate::demo::Demonstration;
use crate::demo::crash::BEARERS;
use crate::demo::pool::{LEAVER, UNDERWRITERS};
use crate::quote::figures::{money, short};
use crate::quote::windows::stamp;

/// The time axis of the crash: hours from its beginning.
pub fn hours(demo: &Demonstration, frame: &Frame) -> Axis {
    Axis::linear(0.0, demo.crashed.ticks.len() as f64, frame.left, frame.right)
}

/// Midnights below the plot.
pub fn midnights(demo: &Demonstration, axis: &Axis) -> Vec<(f64, String)> {
    (0..=demo.crashed.ticks.len())
        .step_by(24)
        .map(|hour| (axis.at(hour as f64), stamp(demo.crash.from + 3600 * hour as u64, "%d %b")))
        .collect()
}

/// The moment of the request to leave.
pub fn leaving(demo: &Demonstration, frame: &Frame, axis: &Axis) -> Markup {
    let hours = (demo.crashed.request.0 - demo.calendar.crash) as f64 / 3600.0;
    frame.mark(axis.at(hours), &format!("{} asks to leave", UNDERWRITERS[LEAVER].name), false)
}

/// Stacked area: booked so far, by who bore it.
pub fn stack(demo: &Demonstration) -> Markup {
    let frame = Frame::new(FULL, 320.0);
    let ticks = &demo.crashed.ticks;
    let x = hours(demo, &frame);
    let y = Axis::linear(0.0, ceiling(demo.outcome.gross, 5), frame.bottom, frame.top);
    let shown: Vec<usize> =
        (0..BEARERS.len()).filter(|&bearer| demo.outcome.layers[bearer].paid > 0.0).collect();
    let mut lower: Vec<(f64, f64)> = (0..=ticks.len()).map(|hour| (x.at(hour as f64), y.at(0.0))).collect();
    let mut sums = vec![0.0; ticks.len() + 1];
    let mut areas = Vec::new();
    for &bearer in &shown {
        for (sum, tick) in sums[1..].iter_mut().zip(ticks) {
            *sum += tick.borne[bearer];
        }
        let upper: Vec<(f64, f64)> =
            sums.iter().enumerate().map(|(hour, &sum)| (x.at(hour as f64), y.at(sum))).collect();
        areas.push((BEARER_COLOURS[bearer], area(&upper, &lower)));
        lower = upper;
    }
    let texts: Vec<String> = ticks
        .iter()
        .map(|tick| {
            let mut text = format!(
                "{}: {} booked",
                stamp(tick.history_time, "%d %b %H:%M"),
                money(tick.borne.iter().sum())
            );
            for &bearer in &shown {
                text += &format!("\n{} {}", BEARERS[bearer], money(tick.borne[bearer]));
            }
            text
        })
        .collect();
    let entries: Vec<(&str, String)> = shown
        .iter()
        .map(|&bearer| {
            (
                BEARER_COLOURS[bearer],
                format!("{} {}", BEARERS[bearer], short(demo.outcome.layers[bearer].paid)),
            )
        })
        .collect();
    html! {
        (legend(&entries, false))
        (frame.chart("Bad debt booked so far, by who bore it", &html! {
            (frame.grid_y(&y, "crvUSD", 5, tick_label))
            @for (colour, d) in &areas { path d=(d) style=(format!("fill:var(--{colour})")) {} }
            (frame.labels_x(&midnights(demo, &x)))
            (leaving(demo, &frame, &x))
            (frame.tooltips(&x, &texts))
        }))
        @if demo.outcome.gross == 0.0 { p { "No loan was sold for less than its debt: the loss is zero." } }
    }
}

/// Prices of the history's columns since the beginning of the window.
pub fn prices(demo: &Demonstration) -> Markup {
    let frame = Frame::new(FULL, 230.0);
    let ticks = &demo.crashed.ticks;
    let x = hours(demo, &frame);
    let change = |relative: f64| (relative - 1.0) * 100.0;
    let all = || ticks.iter().flat_map(|tick| tick.relative.iter().map(|&relative| change(relative)));
    let low = all().fold(0.0, f64::min);
    let high = all().fold(0.0, f64::max);
    let y = Axis::linear((low / 10.0).floor() * 10.0, (high / 10.0).ceil() * 10.0, frame.bottom, frame.top);
    let colours = ["eth", "btc", "junior", "mutual", "residual"];
    let lines: Vec<(&str, String)> = (0..demo.replay.columns.len())
        .map(|column| {
            let points = ticks
                .iter()
                .enumerate()
                .map(|(hour, tick)| (x.at(hour as f64 + 1.0), y.at(change(tick.relative[column]))));
            (colours[column % colours.len()], path(std::iter::once((x.at(0.0), y.at(0.0))).chain(points)))
        })
        .collect();
    let texts: Vec<String> = ticks
        .iter()
        .map(|tick| {
            let mut text = stamp(tick.history_time, "%d %b %H:%M");
            for (column, relative) in demo.replay.columns.iter().zip(&tick.relative) {
                text += &format!("\n{column} {:+.1} %", change(*relative));
            }
            text + &format!(
                "\nliquidated {}\npast its threshold and waiting {}",
                short(tick.liquidated),
                short(tick.backlog)
            )
        })
        .collect();
    let entries: Vec<(&str, String)> = demo
        .replay
        .columns
        .iter()
        .enumerate()
        .map(|(index, column)| (colours[index % colours.len()], column.clone()))
        .collect();
    html! {
        (legend(&entries, true))
        (frame.chart("Prices since the beginning of the crash", &html! {
            (frame.grid_y(&y, "change since the beginning", 5, |tick| format!("{tick:.0} %")))
            @for (colour, d) in &lines { path.curve d=(d) style=(format!("stroke:var(--{colour})")) {} }
            (frame.labels_x(&midnights(demo, &x)))
            (frame.tooltips(&x, &texts))
        }))
    }
}

/// A part of a bar.
struct Part {
    from: f64,
    width: f64,
    bearer: usize,
    amount: f64,
}

/// One bar a market: its loss by who bore it.
pub fn markets(demo: &Demonstration) -> Markup {
    let (row, left) = (48.0, 66.0);
    let count = demo.outcome.markets.len();
    let frame = Frame {
        width: HALF,
        height: row * count as f64 + 40.0,
        left,
        right: HALF - 56.0,
        top: 6.0,
        bottom: row * count as f64 + 10.0,
    };
    let largest = demo.outcome.markets.iter().map(|market| market.gross).fold(0.0, f64::max);
    let x = Axis::linear(0.0, ceiling(largest, 4), frame.left, frame.right);
    let bars: Vec<(f64, &str, f64, Vec<Part>)> = demo
        .outcome
        .markets
        .iter()
        .enumerate()
        .map(|(index, market)| {
            let y = frame.top + row * index as f64 + 9.0;
            let mut sum = 0.0;
            let mut parts = Vec::new();
            for bearer in 0..BEARERS.len() {
                let mine = demo.outcome.tickets.iter().filter(|ticket| ticket.market == market.name);
                let amount: f64 = mine.map(|ticket| ticket.borne[bearer]).sum();
                if amount > 0.0 {
                    let from = x.at(sum);
                    parts.push(Part { from, width: x.at(sum + amount) - from, bearer, amount });
                }
                sum += amount;
            }
            (y, market.name.as_str(), sum, parts)
        })
        .collect();
    let ticks: Vec<(f64, String)> =
        x.ticks(4).into_iter().map(|tick| (x.at(tick), tick_label(tick))).collect();
    frame.chart("Loss of each market by who bore it", &html! {
        @for (tick, _) in &ticks { line.grid x1=(place(*tick)) x2=(place(*tick)) y1=(place(frame.top)) y2=(place(frame.bottom)) {} }
        @for (y, name, sum, parts) in &bars {
            text.strong x="0" y=(place(y + 19.0)) { (name) }
            @for part in parts {
                rect x=(place(part.from)) y=(place(*y)) width=(place(part.width.max(0.6))) height="30"
                    style=(format!("fill:var(--{})", BEARER_COLOURS[part.bearer])) {
                    title { (name) ": " (BEARERS[part.bearer]) " " (money(part.amount)) }
                }
            }
            text x=(place(x.at(*sum) + 8.0)) y=(place(y + 19.0)) { (short(*sum)) }
        }
        (frame.labels_x(&ticks))
    })
}
