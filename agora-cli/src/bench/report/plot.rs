//! Plots as SVG, by hand: axes, grid, lines, marks.

use std::fmt::Write;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 38.0;

/// How an axis runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// From zero.
    Linear,
    /// By powers of ten, from the least value.
    Log,
}

/// A line through points.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) class: &'static str,
    pub(super) points: Vec<(f64, f64)>,
}

/// An upright line where something happened.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) x: f64,
    pub(super) text: String,
}

/// A plot; each axis with what it counts.
#[derive(Debug)]
pub(super) struct Plot {
    pub(super) x: (&'static str, Scale),
    /// The axis reaches that far, where the lines do not.
    pub(super) until: f64,
    pub(super) y: (&'static str, Scale),
    pub(super) lines: Vec<Line>,
    pub(super) marks: Vec<Mark>,
}

/// An axis: its values from `least` to `most`.
#[derive(Debug, Clone, Copy)]
struct Axis {
    scale: Scale,
    least: f64,
    most: f64,
}

impl Axis {
    fn over(scale: Scale, values: impl Iterator<Item = f64> + Clone) -> Self {
        let most = values.clone().fold(0.0, f64::max);
        match scale {
            Scale::Linear => Self { scale, least: 0.0, most: if most > 0.0 { most * 1.02 } else { 1.0 } },
            Scale::Log => {
                let least = values.filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min);
                let least = if least.is_finite() { 10_f64.powf(least.log10().floor()) } else { 1.0 };
                Self { scale, least, most: (most * 1.1).max(least * 10.0) }
            }
        }
    }

    /// Where a value is, from 0 to 1.
    fn place(self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => (value - self.least) / (self.most - self.least),
            Scale::Log => (value.max(self.least) / self.least).log10() / (self.most / self.least).log10(),
        }
    }

    /// Round values.
    fn ticks(self) -> Vec<f64> {
        let step = match self.scale {
            Scale::Linear => {
                let rough = (self.most / 5.0).max(f64::MIN_POSITIVE);
                let unit = 10_f64.powf(rough.log10().floor());
                [1.0, 2.0, 5.0, 10.0].map(|times| times * unit).into_iter().find(|step| *step >= rough).unwrap_or(rough)
            }
            Scale::Log => 10.0,
        };
        let next = |value: &f64| match self.scale {
            Scale::Linear => Some(value + step),
            Scale::Log => Some(value * step),
        };
        std::iter::successors(Some(self.least), next).take_while(|value| *value <= self.most).take(20).collect()
    }
}

fn across(axis: Axis, value: f64) -> f64 {
    LEFT + axis.place(value) * (WIDTH - LEFT - RIGHT)
}

fn down(axis: Axis, value: f64) -> f64 {
    HEIGHT - BOTTOM - axis.place(value) * (HEIGHT - TOP - BOTTOM)
}

impl Plot {
    pub(super) fn svg(&self) -> String {
        let all = || self.lines.iter().flat_map(|line| line.points.iter());
        let x = Axis::over(self.x.1, all().map(|point| point.0).chain([self.until]));
        let y = Axis::over(self.y.1, all().map(|point| point.1));
        let mut svg = begin();
        grid(&mut svg, y, self.y.0);
        for tick in x.ticks() {
            let at = across(x, tick);
            let _ = write!(
                svg,
                "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                HEIGHT - 22.0,
                number(tick)
            );
        }
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            HEIGHT - 6.0,
            self.x.0
        );
        for mark in &self.marks {
            let at = across(x, mark.x);
            let _ = write!(
                svg,
                "<line class=\"mark\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{:.1}\"><title>{}</title></line>",
                HEIGHT - BOTTOM,
                mark.text
            );
        }
        for (line, place) in self.lines.iter().zip(0_u32..) {
            let points: Vec<_> =
                line.points.iter().map(|(a, b)| format!("{:.1},{:.1}", across(x, *a), down(y, *b))).collect();
            let _ = write!(svg, "<polyline class=\"{}\" points=\"{}\"/>", line.class, points.join(" "));
            if !line.name.is_empty() {
                let at = TOP + 14.0 + 16.0 * f64::from(place);
                let (left, class, name) = (LEFT + 12.0, line.class, line.name);
                let _ = write!(svg, "<text class=\"{class}\" x=\"{left}\" y=\"{at}\">{name}</text>");
            }
        }
        svg + "</svg>"
    }
}

/// A bar each, with its value; none where there is none.
pub(super) fn bars(values: &[Option<f64>]) -> String {
    let y = Axis::over(Scale::Linear, values.iter().flatten().copied());
    let mut svg = begin();
    grid(&mut svg, y, "ms");
    let count = u32::try_from(values.len().max(1)).unwrap_or(u32::MAX);
    let room = (WIDTH - LEFT - RIGHT) / f64::from(count);
    for (value, place) in values.iter().zip(0_u32..) {
        let left = LEFT + room * f64::from(place);
        let (middle, floor) = (left + room / 2.0, HEIGHT - BOTTOM);
        let text = value.map_or_else(|| "none".into(), |value| format!("{value:.0}"));
        let top = value.map_or(floor, |value| down(y, value));
        let wide = (room * 0.7).min(60.0);
        let _ = write!(
            svg,
            "<rect class=\"bar\" x=\"{:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{:.1}\"><title>kill {}: {text} ms</title></rect>",
            middle - wide / 2.0,
            floor - top,
            place + 1
        );
        if count <= 40 {
            let _ =
                write!(svg, "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>", floor + 16.0);
        }
    }
    svg + "</svg>"
}

fn begin() -> String {
    format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">")
}

/// Lines across, with their values, and what is counted above them.
fn grid(svg: &mut String, y: Axis, unit: &str) {
    for tick in y.ticks() {
        let at = down(y, tick);
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            at + 4.0,
            number(tick)
        );
    }
    let _ = write!(svg, "<text x=\"4\" y=\"{TOP}\">{unit}</text>");
}

/// A tick's value: thousands and millions in short.
fn number(value: f64) -> String {
    match value {
        0.0 => "0".into(),
        value if value >= 1_000_000.0 => format!("{}M", short(value / 1_000_000.0)),
        value if value >= 1_000.0 => format!("{}k", short(value / 1_000.0)),
        value => short(value),
    }
}

fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        let linear = Axis::over(Scale::Linear, [3.0, 23_000.0].into_iter());
        assert_eq!(linear.ticks().into_iter().map(number).collect::<Vec<_>>(), ["0", "5k", "10k", "15k", "20k"]);
        let log = Axis::over(Scale::Log, [0.3, 40.0].into_iter());
        assert_eq!(log.ticks().into_iter().map(number).collect::<Vec<_>>(), ["0.1", "1", "10"]);
        assert!((log.place(log.most) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_plot_of_nothing_is_a_plot() {
        let line = Line { name: "", class: "one", points: Vec::new() };
        let plot =
            Plot { x: ("s", Scale::Linear), until: 1.0, y: ("ms", Scale::Log), lines: vec![line], marks: Vec::new() };
        assert!(plot.svg().ends_with("</svg>"));
        assert!(bars(&[]).ends_with("</svg>"));
    }
}
