//! The exposition formats: Prometheus's text 0.0.4, and OpenMetrics 1.0.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>,
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/>

use std::fmt::Write as _;

use super::family::{Family, Kind};
use super::gather::{Exposition, Metrics, Value};

/// The content type of [`Exposition::text`].
pub const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// The content type of [`Exposition::open_metrics`].
pub const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    OpenMetrics,
}

impl Exposition {
    /// In Prometheus's text format 0.0.4, which node exporter and push gateway read too.
    pub fn text(&self) -> String {
        self.written(Format::Text)
    }

    /// In OpenMetrics 1.0.
    pub fn open_metrics(&self) -> String {
        self.written(Format::OpenMetrics) + "# EOF\n"
    }

    fn written(&self, format: Format) -> String {
        let mut text = String::new();
        for metrics in &self.families {
            format.head(metrics.family, &mut text);
            format.series(metrics, &mut text);
        }
        text
    }
}

impl Format {
    fn head(self, family: &Family, to: &mut String) {
        let name = match self {
            Self::Text => family.name,
            // A counter's family is called without the suffix that its series have.
            Self::OpenMetrics => family.stem(),
        };
        push(to, format_args!("# HELP {name} {}\n", self.escaped_help(family.help)));
        push(to, format_args!("# TYPE {name} {}\n", family.type_name()));
        if let Some(unit) = family.unit().filter(|_| self == Self::OpenMetrics) {
            push(to, format_args!("# UNIT {name} {unit}\n"));
        }
    }

    fn series(self, metrics: &Metrics, to: &mut String) {
        let Metrics { family, series } = metrics;
        let name = family.name;
        for (values, value) in series {
            let labels: Vec<String> = family
                .labels
                .iter()
                .zip(values)
                .map(|(label, value)| format!("{}=\"{}\"", label.name, escaped_label(value)))
                .collect();
            let labels = labels.join(",");
            let own = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
            match (value, family.kind) {
                (Value::Number(value), _) => {
                    push(to, format_args!("{name}{own} {}\n", number(*value)));
                }
                (Value::Histogram { counts, sum }, Kind::Histogram(edges)) => {
                    let comma = if labels.is_empty() { "" } else { "," };
                    let mut count = 0;
                    let edges = edges.iter().map(|edge| self.edge(*edge));
                    for (edge, more) in edges.chain(["+Inf".to_owned()]).zip(counts) {
                        count += more;
                        let le = format!("{labels}{comma}le=\"{edge}\"");
                        push(to, format_args!("{name}_bucket{{{le}}} {count}\n"));
                    }
                    push(to, format_args!("{name}_sum{own} {}\n", number(*sum)));
                    push(to, format_args!("{name}_count{own} {count}\n"));
                }
                (Value::Histogram { .. }, _) => {}
            }
        }
    }

    /// OpenMetrics has edges as floating-point numbers.
    fn edge(self, edge: f64) -> String {
        match self {
            Self::Text => number(edge),
            Self::OpenMetrics => format!("{edge:?}"),
        }
    }

    fn escaped_help(self, help: &str) -> String {
        let escaped = help.replace('\\', r"\\").replace('\n', r"\n");
        match self {
            Self::Text => escaped,
            Self::OpenMetrics => escaped.replace('"', "\\\""),
        }
    }
}

fn escaped_label(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

/// Whole numbers without a fraction.
fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else if value.fract() == 0.0 && value.abs() < 1e16 {
        format!("{}", value as i64)
    } else {
        // The shortest that reads as the same number.
        format!("{value:?}")
    }
}

fn push(to: &mut String, line: std::fmt::Arguments<'_>) {
    to.write_fmt(line).expect("a text takes any text");
}

#[cfg(test)]
mod tests;
