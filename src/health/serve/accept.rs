//! Which of two formats a client prefers (RFC 9110, section 12.5.1).

/// Whether `accept` names OpenMetrics, and wants it at least as much as plain text.
pub(super) fn prefers_open_metrics(accept: &str) -> bool {
    let weight = |wanted: &str| {
        let ranges = accept.split(',').filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next()?;
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            let weight = weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
            name.eq_ignore_ascii_case(wanted).then_some(weight)
        });
        ranges.fold(0.0_f64, f64::max)
    };
    let open = weight("application/openmetrics-text");
    open > 0.0 && open >= weight("text/plain")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greater_weight_wins() {
        for (accept, open) in [
            ("", false),
            ("*/*", false),
            ("text/plain", false),
            ("application/openmetrics-text", true),
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3",
                true,
            ),
            ("application/openmetrics-text;q=0.2, text/plain;q=0.9", false),
            ("application/openmetrics-text;q=0", false),
            ("application/openmetrics-text;q=none,text/plain", false),
        ] {
            assert_eq!(prefers_open_metrics(accept), open, "{accept}");
        }
    }
}
