//! The figures on stdout: a table for people, an object for programs.

use serde_json::{Map, Value, json};

use super::figures::Figures;
use super::talk::Pace;
use super::{Plan, real};
use crate::failure::Failure;
use crate::output::{Colour, Printer};
use crate::table::{Align, Cell, Table};

/// The percentiles that are told, with the names of their keys.
pub(super) const PERCENTILES: [(f64, &str); 4] =
    [(50.0, "p50-us"), (90.0, "p90-us"), (99.0, "p99-us"), (99.9, "p999-us")];

/// How it goes: to programs, and to who sits before a terminal.
pub(super) fn second(
    printer: Printer,
    second: u64,
    rate: f64,
    (in_flight, overdue): (u64, u64),
) -> Result<(), Failure> {
    printer.progress(&format!("{second:>5} s  {rate:>9.0} bids/s  {in_flight} under way"));
    printer.print(
        || json!({"event": "bench-second", "second": second, "bids-per-second": tenths(rate), "in-flight": in_flight, "overdue": overdue}),
        |_| String::new(),
    )
}

/// All of it.
pub(super) fn print(printer: Printer, plan: &Plan, figures: &Figures) -> Result<(), Failure> {
    printer.print(|| to_json(plan, figures), |printer| text(printer, plan, figures))
}

fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

fn to_json(plan: &Plan, figures: &Figures) -> Value {
    let sums = &figures.sums;
    let mut line = Map::new();
    let mut put = |key: &str, value: Value| {
        line.insert(key.into(), value);
    };
    put("event", "bench".into());
    put("bids-per-second", json!(tenths(figures.bids_per_second())));
    for (percentile, key) in PERCENTILES {
        put(key, figures.delivered.value_at_quantile(percentile / 100.0).into());
    }
    put("max-us", figures.delivered.max().into());
    put("mean-us", json!(tenths(figures.delivered.mean())));
    put("ack-p50-us", figures.acknowledged.value_at_quantile(0.5).into());
    put("ack-p99-us", figures.acknowledged.value_at_quantile(0.99).into());
    put("served-p50-us", figures.served.value_at_quantile(0.5).into());
    put("served-p99-us", figures.served.value_at_quantile(0.99).into());
    put("server-cpu-us-per-bid", json!(figures.cpu_per_bid(figures.nodes.as_ref()).map(hundredths)));
    put("server-busy", json!(figures.nodes.map(|nodes| hundredths(nodes.ran))));
    put("server-waited", json!(figures.nodes.map(|nodes| hundredths(nodes.waited))));
    put("server-memory-bytes", json!(figures.nodes.map(|nodes| nodes.memory)));
    put("server-unknown", json!(figures.unknown));
    put("client-cpu-us-per-bid", json!(figures.cpu_per_bid(Some(&figures.clients)).map(hundredths)));
    put("client-busy", json!(hundredths(figures.clients.ran)));
    put("client-waited", json!(hundredths(figures.clients.waited)));
    put("limited-by", figures.limit.name().into());
    put("bids", sums.bids.into());
    put("sent", sums.sent.into());
    put("retransmissions", sums.retransmissions.into());
    put("refusals", json!(sums.refusals));
    put("unfinished", sums.unfinished.into());
    put("unsent", sums.unsent.into());
    put("auctions", plan.auctions.into());
    put("bidders", plan.bidders.into());
    put("participants", (plan.groups * plan.bidders).into());
    put("rounds", plan.rounds.into());
    match plan.pace {
        Pace::InFlight(count) => put("in-flight", count.into()),
        Pace::Rate(rate) => put("rate", json!(rate)),
    }
    put("duration-ms", json!(figures.duration_us / 1_000));
    put("warm-up-ms", json!(u64::try_from(plan.warm_up.as_millis()).unwrap_or(u64::MAX)));
    put("workers", figures.workers.into());
    put("created", sums.created.into());
    put("completed", sums.completed.into());
    put("durability", json!(sums.durability));
    put("disk", sums.disk.into());
    put("verified-auctions", sums.verified.auctions.into());
    put("verified-bids", sums.verified.bids.into());
    put("lost", sums.verified.lost.into());
    put("wrong", (sums.verified.wrong + sums.contradictions).into());
    if plan.kill_every.is_some() {
        let gaps = sorted(&figures.gaps);
        put("kills", figures.kills.len().into());
        put("failover-ms", json!(figures.gaps));
        put("failover-p50-ms", json!(median(&gaps)));
        put("failover-max-ms", json!(gaps.last()));
    }
    Value::Object(line)
}

fn sorted(gaps: &[Option<f64>]) -> Vec<f64> {
    let mut gaps: Vec<_> = gaps.iter().flatten().copied().collect();
    gaps.sort_by(f64::total_cmp);
    gaps
}

/// The middle one; of an even number, the lower.
fn median(sorted: &[f64]) -> Option<f64> {
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

/// What was asked for, in a line.
pub(super) fn asked(plan: &Plan) -> String {
    let pace = match plan.pace {
        Pace::InFlight(count) => format!("{count} bids in flight"),
        Pace::Rate(rate) => format!("{rate} bids/s asked for"),
    };
    format!(
        "{} auctions × {} bidders ({} sessions), {} rounds each; {pace}; {} s after {} s of warm-up",
        plan.auctions,
        plan.bidders,
        plan.groups * plan.bidders,
        plan.rounds,
        plan.duration.as_secs_f64(),
        plan.warm_up.as_secs_f64()
    )
}

/// What came of it, line by line: name, figure, what it means.
pub(super) fn rows(plan: &Plan, figures: &Figures) -> Vec<[String; 3]> {
    let sums = &figures.sums;
    let latency = |percentile: f64| millis(figures.delivered.value_at_quantile(percentile / 100.0));
    let cpu = |usage| figures.cpu_per_bid(usage).map_or_else(|| "unknown".into(), |cpu| format!("{cpu:.1} µs"));
    let row = |name: &str, figure: String, what: String| [name.to_owned(), figure, what];
    let mut rows = vec![
        row(
            "throughput",
            format!("{:.0} bids/s", figures.bids_per_second()),
            format!("{} bids acknowledged, and delivered to all {} bidders", sums.bids, plan.bidders),
        ),
        row(
            "latency p50",
            latency(50.0),
            format!("from the intended time until all are told; acknowledged: {}", ack(figures, 0.5)),
        ),
        row("        p90", latency(90.0), String::new()),
        row("        p99", latency(99.0), format!("acknowledged: {}", ack(figures, 0.99))),
        row("      p99.9", latency(99.9), String::new()),
        row("        max", millis(figures.delivered.max()), String::new()),
    ];
    rows.push(match &figures.nodes {
        Some(nodes) => row(
            "nodes",
            cpu(Some(nodes)),
            format!(
                "of processor time a bid, all together; the busiest ran {}, and waited for a processor {}; {} MiB",
                percent(nodes.ran),
                percent(nodes.waited),
                nodes.memory >> 20
            ),
        ),
        None => row("nodes", "unknown".into(), figures.unknown.clone().unwrap_or_default()),
    });
    let clients = match figures.workers {
        1 => "1 process".into(),
        count => format!("{count} processes; the busiest"),
    };
    let (ran, waited) = (percent(figures.clients.ran), percent(figures.clients.waited));
    let what = format!("of processor time a bid; {clients} ran {ran}, and waited for a processor {waited}");
    rows.push(row("clients", cpu(Some(&figures.clients)), what));
    rows.push(row("limited by", figures.limit.name().into(), figures.limit.meaning().into()));
    let refused: Vec<_> = sums.refusals.iter().map(|(code, count)| format!("{count} {code}")).collect();
    let sent_again = format!("of {} bids; refusals: {}", sums.sent, or_none(&refused.join(", ")));
    rows.push(row("sent again", sums.retransmissions.to_string(), sent_again));
    if sums.unsent > 0 {
        let why = "bids of the open loop were never made: no bidder was free for so long";
        rows.push(row("never sent", sums.unsent.to_string(), why.into()));
    }
    if plan.kill_every.is_some() {
        let gaps = sorted(&figures.gaps);
        let most = gaps.last().map_or_else(|| "none".into(), |most| format!("{most:.0} ms"));
        rows.push(row(
            "failover",
            median(&gaps).map_or_else(|| "none".into(), |median| format!("{median:.0} ms")),
            format!("from kill to next acknowledgement, median of {}; at most {most}", figures.kills.len()),
        ));
    }
    let verified = &sums.verified;
    let checked = match figures.verdict() {
        Ok(()) => format!("of {} auctions: all there, as acknowledged", verified.auctions),
        Err(_) => format!("of {} auctions: NOT as acknowledged", verified.auctions),
    };
    rows.push(row("looked at", format!("{} bids", verified.bids), checked));
    rows
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

fn ack(figures: &Figures, quantile: f64) -> String {
    millis(figures.acknowledged.value_at_quantile(quantile))
}

/// Microseconds for people.
pub(super) fn millis(us: u64) -> String {
    let ms = real(us) / 1_000.0;
    match us {
        0..=9_999 => format!("{ms:.2} ms"),
        10_000..=99_999 => format!("{ms:.1} ms"),
        _ => format!("{ms:.0} ms"),
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn text(printer: Printer, plan: &Plan, figures: &Figures) -> String {
    let mut table = Table::new([Align::Right, Align::Right, Align::Left]);
    for [name, figure, what] in rows(plan, figures) {
        table.row([
            Cell::from(name).coloured(Colour::Dim),
            Cell::from(figure).coloured(Colour::Bold),
            Cell::from(what),
        ]);
    }
    let mut lines = vec![asked(plan)];
    lines.extend(table.lines(printer));
    lines.join("\n")
}
