//! `--report`: one page of HTML with everything in it, plots as SVG. It loads nothing and runs nothing.

mod plot;

use std::fmt::Write;
use std::fs::{File, OpenOptions};
use std::path::Path;

use super::figures::{CELL_US, Figures};
use super::show::{asked, rows};
use super::{Plan, real};
use crate::failure::Failure;

use self::plot::{Line, Mark, Plot, Scale};

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c2430;--dim:#67707d;--grid:#dfe3e8;--one:#1f6feb;--two:#d1670a;--bad:#c62f3b}\
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--dim:#98a2b0;--grid:#333b46;--one:#6ea8ff;--two:#f0a45d;--bad:#ff7b86}}\
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);max-width:58rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .3rem}p{color:var(--dim);margin:.3rem 0}\
table{border-collapse:collapse;margin:1rem 0}td{padding:.15rem .8rem .15rem 0;vertical-align:top}\
td:nth-child(2){text-align:right;font-weight:600;white-space:nowrap}td:nth-child(1),td:nth-child(3){color:var(--dim)}\
svg{width:100%;height:auto;display:block}svg text{font-size:12px;fill:var(--dim)}\
.grid{stroke:var(--grid)}.one{stroke:var(--one);fill:none;stroke-width:1.6}.two{stroke:var(--two);fill:none;stroke-width:1.6}\
.mark{stroke:var(--bad);stroke-dasharray:3 3}.bar{fill:var(--one)}svg text.one{fill:var(--one);stroke:none}\
svg text.two{fill:var(--two);stroke:none}";

/// Makes the file, or says why it cannot be.
pub(super) fn touch(path: &Path) -> Result<(), Failure> {
    // What is there stays until there is something in its place.
    let made = OpenOptions::new().append(true).create(true).open(path);
    made.map(drop).map_err(|error| Failure::usage(format!("--report {}: {error}", path.display())))
}

/// Writes the page.
pub(super) fn write(path: &Path, plan: &Plan, figures: &Figures) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::fault(format!("cannot write {}: {error}", path.display()));
    let mut file = File::create(path).map_err(failed)?;
    std::io::Write::write_all(&mut file, page(plan, figures).as_bytes()).map_err(failed)
}

fn page(plan: &Plan, figures: &Figures) -> String {
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>agora-cli bench</title><style>{STYLE}</style></head><body>\n<h1>{:.0} bids a second</h1>\n<p>{}</p>\n<table>\n",
        figures.bids_per_second(),
        escape(&asked(plan))
    );
    for row in rows(plan, figures) {
        let [name, figure, what] = row.map(|cell| escape(cell.trim()));
        let _ = writeln!(html, "<tr><td>{name}</td><td>{figure}</td><td>{what}</td></tr>");
    }
    html += "</table>\n";
    for (title, note, svg) in plots(figures) {
        let _ = writeln!(html, "<h2>{}</h2>\n<p>{}</p>\n{svg}", escape(&title), escape(&note));
    }
    html += "</body></html>\n";
    html
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Title, what it shows, and the picture.
fn plots(figures: &Figures) -> Vec<(String, String, String)> {
    let mut plots = vec![throughput(figures), over_time(figures), distribution(figures)];
    if !figures.gaps.is_empty() {
        plots.push(failovers(figures));
    }
    plots
}

fn kills(figures: &Figures) -> Vec<Mark> {
    let at = |at_us: u64| real(at_us.saturating_sub(figures.from_us)) / 1_000_000.0;
    let mark = |kill: &super::failover::Kill| Mark { x: at(kill.at_us), text: "leader killed".into() };
    figures.kills.iter().map(mark).collect()
}

fn throughput(figures: &Figures) -> (String, String, String) {
    let cell = real(CELL_US) / 1_000_000.0;
    let points = figures.cells.iter().zip(0_u32..);
    let points = points.map(|(bids, place)| ((f64::from(place) + 0.5) * cell, real(*bids) / cell)).collect();
    let plot = Plot {
        x: ("seconds", Scale::Linear),
        until: real(figures.duration_us) / 1_000_000.0,
        y: ("bids/s", Scale::Linear),
        lines: vec![Line { name: "", class: "one", points }],
        marks: kills(figures),
    };
    let note = "Bids acknowledged and delivered to all, by tenths of a second.";
    ("Throughput over time".into(), note.into(), plot.svg())
}

fn over_time(figures: &Figures) -> (String, String, String) {
    let line = |name, class, quantile: f64| {
        let seconds = figures.seconds.iter().zip(0_u32..).filter(|(second, _)| !second.latency.is_empty());
        let value = |second: &super::figures::Second| real(second.latency.value_at_quantile(quantile)) / 1_000.0;
        Line { name, class, points: seconds.map(|(second, at)| (f64::from(at) + 0.5, value(second))).collect() }
    };
    let plot = Plot {
        x: ("seconds", Scale::Linear),
        until: real(figures.duration_us) / 1_000_000.0,
        y: ("ms", Scale::Log),
        lines: vec![line("p50", "one", 0.5), line("p99", "two", 0.99)],
        marks: kills(figures),
    };
    let note = "Of the bids that ended in each second.";
    ("Latency over time".into(), note.into(), plot.svg())
}

fn distribution(figures: &Figures) -> (String, String, String) {
    let line = |name, class, histogram: &hdrhistogram::Histogram<u64>| {
        // As many steps for each nine more.
        let quantile = |step: u32| 1.0 - 10_f64.powf(-f64::from(step) / 20.0);
        let most = 1.0 - 1.0 / real(histogram.len().max(2));
        let steps = (0..=100).map(quantile).take_while(|quantile| *quantile <= most);
        let point = |quantile: f64| (1.0 / (1.0 - quantile), real(histogram.value_at_quantile(quantile)) / 1_000.0);
        Line { name, class, points: steps.map(point).collect() }
    };
    let plot = Plot {
        x: ("one bid in so many takes longer", Scale::Log),
        until: 10.0,
        y: ("ms", Scale::Log),
        lines: vec![
            line("acknowledged", "two", &figures.acknowledged),
            line("delivered to all", "one", &figures.delivered),
        ],
        marks: Vec::new(),
    };
    let note =
        "From the time at which a bid should have been made: 1 in 2 is the median, 1 in 100 the 99th percentile.";
    ("Latency distribution".into(), note.into(), plot.svg())
}

fn failovers(figures: &Figures) -> (String, String, String) {
    let note = "From the kill of the leading node to the next acknowledged bid, in milliseconds.";
    ("Failover gaps".into(), note.into(), plot::bars(&figures.gaps))
}
