//! Graphs as SVG: lines over an axis, and nothing else.

use std::fmt::Write;

/// A graph with some lines.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    /// What it shows.
    pub(super) title: &'static str,
    /// What is changed, and its unit.
    pub(super) x: &'static str,
    /// What is measured, and its unit.
    pub(super) y: &'static str,
    /// Whether each step upwards is ten times the last.
    pub(super) logarithmic: bool,
    /// The lines by name. All values are positive.
    pub(super) lines: Vec<(String, Vec<(f64, f64)>)>,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 78.0;
const BOTTOM: f64 = 62.0;

/// Distinguishable for the colour-blind, and by their lightness in print.
const COLOURS: [&str; 5] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9"];

impl Chart {
    /// The graph; nothing if there is nothing to show.
    pub(super) fn svg(&self) -> Option<String> {
        let points = || self.lines.iter().flat_map(|(_, points)| points);
        let mut xs: Vec<f64> = points().map(|(x, _)| *x).collect();
        xs.sort_by(f64::total_cmp);
        xs.dedup();
        let (least, most) = points()
            .fold((f64::MAX, 0.0_f64), |(least, most), (_, y)| (least.min(*y), most.max(*y)));
        let (&first, &last) = xs.first().zip(xs.last())?;
        let axis = Axis::new(least, most, self.logarithmic);
        // Values of x are multiples of each other.
        let span = (last / first).ln().max(f64::MIN_POSITIVE);
        let place_x = |x: f64| LEFT + (x / first).ln() / span * (WIDTH - LEFT - RIGHT);
        let place_y = |y: f64| HEIGHT - BOTTOM - axis.place(y) * (HEIGHT - TOP - BOTTOM);

        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             aria-label=\"{title}\" font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"#222\">\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
             <text x=\"{LEFT}\" y=\"26\" font-size=\"16\" font-weight=\"600\">{title}</text>\n",
            title = self.title
        );
        for tick in axis.ticks() {
            let y = place_y(tick);
            let (end, label) = (WIDTH - RIGHT, short(tick));
            line(&mut svg, (LEFT, y), (end, y), "#ddd");
            text(&mut svg, (LEFT - 8.0, y + 4.0), "end", &label);
        }
        for &x in &xs {
            let at = place_x(x);
            line(&mut svg, (at, HEIGHT - BOTTOM), (at, HEIGHT - BOTTOM + 5.0), "#222");
            text(&mut svg, (at, HEIGHT - BOTTOM + 20.0), "middle", &short(x));
        }
        let (base, end) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        line(&mut svg, (LEFT, base), (end, base), "#222");
        text(&mut svg, ((LEFT + end) / 2.0, HEIGHT - 16.0), "middle", self.x);
        text(&mut svg, (LEFT, TOP - 12.0), "start", self.y);
        for (index, (name, points)) in self.lines.iter().enumerate() {
            let colour = COLOURS[index % COLOURS.len()];
            let places: Vec<_> = points.iter().map(|(x, y)| (place_x(*x), place_y(*y))).collect();
            polyline(&mut svg, &places, colour);
            let left = end - 130.0 * (self.lines.len() - index) as f64 + 12.0;
            line(&mut svg, (left, TOP - 16.0), (left + 22.0, TOP - 16.0), colour);
            text(&mut svg, (left + 28.0, TOP - 12.0), "start", name);
        }
        svg.push_str("</svg>\n");
        Some(svg)
    }
}

/// The axis upwards: from 0, or from one power of ten to another.
struct Axis {
    low: f64,
    high: f64,
    step: f64,
    logarithmic: bool,
}

impl Axis {
    fn new(least: f64, most: f64, logarithmic: bool) -> Self {
        if logarithmic {
            let low = 10_f64.powf(least.log10().floor());
            let high = 10_f64.powf(most.log10().ceil()).max(low * 10.0);
            return Self { low, high, step: 10.0, logarithmic };
        }
        // Four to eight steps of a round size.
        let rough = (most / 4.0).max(f64::MIN_POSITIVE);
        let size = 10_f64.powf(rough.log10().floor());
        let step =
            [5.0, 2.0, 1.0].into_iter().map(|times| times * size).find(|step| *step <= rough);
        let step = step.unwrap_or(size);
        Self { low: 0.0, high: (most / step).ceil() * step, step, logarithmic }
    }

    /// Where a value is between the ends, from 0 to 1.
    fn place(&self, value: f64) -> f64 {
        if self.logarithmic {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            value / self.high
        }
    }

    fn ticks(&self) -> Vec<f64> {
        if self.logarithmic {
            let next = |tick: &f64| Some(tick * self.step);
            return std::iter::successors(Some(self.low), next)
                .take_while(|tick| *tick < self.high * 1.01)
                .collect();
        }
        let count = (self.high / self.step).round() as usize;
        (0..=count).map(|number| number as f64 * self.step).collect()
    }
}

fn line(svg: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64), colour: &str) {
    let width = if colour.len() == 7 { 2.5 } else { 1.0 };
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(
        svg,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>"
    );
}

fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, text: &str) {
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
}

fn polyline(svg: &mut String, places: &[(f64, f64)], colour: &str) {
    let path: String = places.iter().map(|(x, y)| format!("{x:.1},{y:.1} ")).collect();
    let path = path.trim_end();
    let _ = writeln!(
        svg,
        "<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\"/>"
    );
    for (x, y) in places {
        let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/>");
    }
}

/// A number for an axis.
fn short(value: f64) -> String {
    const KIBI: f64 = 1024.0;
    // Lengths are powers of two; so many whole units that there is a larger one are something else.
    for (unit, name) in [(KIBI * KIBI, " Mi"), (KIBI, " Ki")] {
        let units = value / unit;
        if (1.0..KIBI).contains(&units) && units.fract() == 0.0 {
            return format!("{units}{name}");
        }
    }
    // No more digits than there is room for at the end of an axis.
    for (unit, name) in [(1e6, " M"), (1e3, " k")] {
        if value >= unit {
            return format!("{}{name}", round(value / unit, 2));
        }
    }
    round(value, 3)
}

fn round(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers_around_the_values() {
        for (least, most, logarithmic, ticks) in [
            (0.2, 1.7, false, &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8][..]),
            (1.0, 4.0, false, &[0.0, 1.0, 2.0, 3.0, 4.0]),
            (0.3, 210.0, true, &[0.1, 1.0, 10.0, 100.0, 1000.0]),
            (5.0, 5.0, true, &[1.0, 10.0]),
        ] {
            let axis = Axis::new(least, most, logarithmic);
            let found = axis.ticks();
            assert_eq!(found.len(), ticks.len(), "{found:?}");
            assert!(found.iter().zip(ticks).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}");
            assert!(axis.place(least) >= 0.0 && axis.place(most) <= 1.0);
        }
    }

    #[test]
    fn numbers_on_axes_are_short() {
        for (value, text) in [
            (128.0, "128"),
            (1024.0, "1 Ki"),
            (1_048_576.0, "1 Mi"),
            (1000.0, "1 k"),
            (2_500_000.0, "2.5 M"),
            (16_000_000.0, "16 M"),
            (1_048_320.0, "1.05 M"),
            (0.05, "0.05"),
        ] {
            assert_eq!(short(value), text);
        }
    }

    #[test]
    fn every_point_of_every_line_is_inside() {
        let lines = vec![
            ("a".to_owned(), vec![(1.0, 0.2), (10.0, 3.0), (1000.0, 70.0)]),
            ("b".to_owned(), vec![(10.0, 5.0)]),
        ];
        let chart = Chart { title: "t", x: "x", y: "y", logarithmic: true, lines };
        let svg = chart.svg().unwrap();
        let places = svg.split("cx=\"").skip(1).map(|rest| rest.split('"').step_by(2));
        let places: Vec<Vec<f64>> =
            places.map(|numbers| numbers.take(2).map(|n| n.parse().unwrap()).collect()).collect();
        assert_eq!(places.len(), 4);
        for place in places {
            assert!((LEFT..=WIDTH - RIGHT).contains(&place[0]), "{place:?}");
            assert!((TOP..=HEIGHT - BOTTOM).contains(&place[1]), "{place:?}");
        }
        assert_eq!(Chart { lines: Vec::new(), ..chart }.svg(), None);
    }
}
