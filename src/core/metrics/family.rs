//! What a metric is: its name, type, labels and help, as a scraper sees them.

/// Metrics of one name. A row of [`super::catalogue`].
#[derive(Debug, PartialEq)]
pub struct Family {
    pub name: &'static str,
    pub kind: Kind,
    pub labels: &'static [Label],
    pub help: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    Gauge,
    /// A gauge that is kept as a moment and shown as the seconds since.
    Age,
    /// Counts of values up to each of these edges.
    Histogram(&'static [f64]),
}

/// A label, and the values it may have; any where none are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    pub name: &'static str,
    pub values: &'static [&'static str],
}

impl Label {
    /// One whose values are the user's names.
    pub(super) const fn any(name: &'static str) -> Self {
        Self { name, values: &[] }
    }

    pub(super) const fn of(name: &'static str, values: &'static [&'static str]) -> Self {
        Self { name, values }
    }

    pub fn allows(&self, value: &str) -> bool {
        self.values.is_empty() || self.values.contains(&value)
    }
}

impl Family {
    pub(super) const fn counter(
        name: &'static str,
        labels: &'static [Label],
        help: &'static str,
    ) -> Self {
        Self { name, kind: Kind::Counter, labels, help }
    }

    pub(super) const fn gauge(
        name: &'static str,
        labels: &'static [Label],
        help: &'static str,
    ) -> Self {
        Self { name, kind: Kind::Gauge, labels, help }
    }

    pub(super) const fn age(
        name: &'static str,
        labels: &'static [Label],
        help: &'static str,
    ) -> Self {
        Self { name, kind: Kind::Age, labels, help }
    }

    pub(super) const fn histogram(
        name: &'static str,
        labels: &'static [Label],
        edges: &'static [f64],
        help: &'static str,
    ) -> Self {
        Self { name, kind: Kind::Histogram(edges), labels, help }
    }

    /// As the exposition format names it.
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Counter => "counter",
            Kind::Gauge | Kind::Age => "gauge",
            Kind::Histogram(_) => "histogram",
        }
    }

    /// The name without a counter's suffix.
    pub fn stem(&self) -> &'static str {
        self.name.strip_suffix("_total").unwrap_or(self.name)
    }

    /// The base unit that the name ends in, if it has one.
    pub fn unit(&self) -> Option<&'static str> {
        ["seconds", "bytes", "ratio"].into_iter().find(|unit| self.stem().ends_with(unit))
    }
}
