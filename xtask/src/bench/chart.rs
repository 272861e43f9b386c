//! Charts, drawn as SVG that reads on a light and on a dark page.

use super::table::{Row, number};

const STYLE: &str = "<style>text{font:12px system-ui,sans-serif;fill:#24292f}.bar{fill:#1f6feb}.short{fill:#bf8700}.line{stroke:#57606a}
.curve{fill:none;stroke:#1f6feb;stroke-width:2}.other{fill:none;stroke:#bf8700;stroke-width:2}.grid{stroke:#57606a;opacity:.25}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.bar{fill:#58a6ff}.short{fill:#d29922}.line,.grid{stroke:#8b949e}.curve{stroke:#58a6ff}.other{stroke:#d29922}}</style>\n";

/// Where bars begin and how long one is that just reaches its aim.
const LEFT: f64 = 540.0;
const AIM: f64 = 130.0;
const MOST: f64 = 2.2;

/// A bar for each row that has an aim: the share of it that is reached.
pub(super) fn of(rows: &[Row]) -> String {
    let shares: Vec<(&Row, f64)> = rows
        .iter()
        .filter_map(|row| Some((row, row.reached()?)))
        .collect();
    let height = 24 * shares.len() + 34;
    let mut svg = begin(LEFT + AIM * MOST + 60.0, height as f64);
    svg += &format!(
        "<text x='{x}' y='14' text-anchor='middle'>aim</text><line class='line' x1='{x}' y1='20' x2='{x}' y2='{height}'/>\n",
        x = LEFT + AIM
    );
    for (at, (row, share)) in shares.iter().enumerate() {
        let y = 24 * at + 26;
        let class = if *share < 1.0 { "short" } else { "bar" };
        svg += &format!(
            "<text x='{}' y='{}' text-anchor='end'>{}</text><rect class='{class}' x='{LEFT}' y='{y}' width='{:.1}' height='16' rx='2'/><text x='{:.1}' y='{}'>{} ×</text>\n",
            LEFT - 8.0,
            y + 12,
            escaped(&row.what.replace('`', "")),
            AIM * share.min(MOST),
            LEFT + AIM * share.min(MOST) + 6.0,
            y + 12,
            number(*share),
        );
    }
    svg + "</svg>\n"
}

/// A measured size of the fleet.
pub(super) struct Point {
    pub(super) clients: u64,
    /// Events a second, of clients drawn at random.
    pub(super) rate: f64,
    /// Bytes of a live client.
    pub(super) bytes: f64,
}

/// Two curves over the clients, each with its figures written beside it.
pub(super) fn growth(points: &[Point]) -> String {
    let (width, height) = (740.0, 280.0);
    let most_rate = points.iter().map(|point| point.rate).fold(0.0, f64::max);
    let most_bytes = points.iter().map(|point| point.bytes).fold(0.0, f64::max);
    let x = |at: usize| 60.0 + 180.0 * at as f64;
    // The rate above, the bytes below.
    let y = |share: f64, floor: f64| floor - 70.0 * share;
    let mut svg = begin(width, height);
    svg += "<text x='8' y='16'>— events a second on one core</text><text x='240' y='16'>– – bytes of a live client, ids included</text>\n";
    let mut curves = [String::new(), String::new()];
    for (at, point) in points.iter().enumerate() {
        let (rate, bytes) = (
            y(point.rate / most_rate, 130.0),
            y(point.bytes / most_bytes, 240.0),
        );
        curves[0] += &format!("{},{rate:.1} ", x(at));
        curves[1] += &format!("{},{bytes:.1} ", x(at));
        svg += &format!(
            "<line class='grid' x1='{x}' y1='40' x2='{x}' y2='{}'/><text x='{x}' y='{}' text-anchor='middle'>{} clients</text><text x='{}' y='{:.1}'>{} million/s</text><text x='{}' y='{:.1}'>{} bytes</text>\n",
            height - 40.0,
            height - 20.0,
            number(point.clients as f64),
            x(at) + 6.0,
            rate - 6.0,
            number(point.rate / 1e6),
            x(at) + 6.0,
            bytes - 6.0,
            number(point.bytes),
            x = x(at),
        );
    }
    let [rates, bytes] = curves;
    svg + &format!(
        "<polyline class='curve' points='{rates}'/><polyline class='other' stroke-dasharray='6 4' points='{bytes}'/>\n</svg>\n"
    )
}

fn begin(width: f64, height: f64) -> String {
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' height='{height}'>\n{STYLE}"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
