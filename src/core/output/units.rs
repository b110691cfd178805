//! Quantities as people read them.

/// Seconds as `40s`, `8m`, `1h 30m`, `2d`: at most two units.
pub fn short_duration(seconds: f64) -> String {
    duration(seconds, ["d", "h", "m", "s"])
}

/// Seconds as `40 s`, `8 min`, `1 h 30 min`, `2 d`.
pub fn long_duration(seconds: f64) -> String {
    duration(seconds, [" d", " h", " min", " s"])
}

fn duration(seconds: f64, units: [&str; 4]) -> String {
    if seconds < 1.0 {
        return format!("{seconds:.2}{}", units[3]);
    }
    let mut rest = seconds.round() as u64;
    let mut parts = Vec::new();
    for (unit, length) in units.into_iter().zip([86_400, 3600, 60, 1]) {
        if rest >= length && parts.len() < 2 {
            parts.push(format!("{}{unit}", rest / length));
        }
        rest %= length;
    }
    parts.join(" ")
}

/// How long an answer took: `0.4 ms`, `18 ms`, `1.2 s`, `12 s`.
pub fn latency(seconds: f64) -> String {
    let (value, unit) = if seconds < 0.9995 { (seconds * 1000.0, "ms") } else { (seconds, "s") };
    let text = if value < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") };
    format!("{} {unit}", text.trim_end_matches(".0"))
}

/// `87839` → `87 839`
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// `1536` → `1.5 KiB`
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{n} bytes") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// Digits after the point that numbers of this size deserve in a table; none for numbers that are
/// better written with an exponent.
pub fn decimals(largest: f64) -> Option<usize> {
    match largest {
        x if x >= 1e7 => None,
        x if x >= 100.0 => Some(0),
        x if x >= 10.0 => Some(1),
        x if x >= 0.1 => Some(2),
        x if x >= 0.01 => Some(3),
        x if x >= 0.001 => Some(4),
        _ => None,
    }
}

/// A line of bars, one per value, between `low` and `high`.
pub fn sparkline(values: &[f32], low: f32, high: f32) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let span = (high - low).max(f32::MIN_POSITIVE);
    let bar = |v: &f32| BARS[(((v - low) / span).clamp(0.0, 1.0) * 7.0).round() as usize];
    values.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_at_most_two_units() {
        assert_eq!(short_duration(480.0), "8m");
        assert_eq!(short_duration(5400.0), "1h 30m");
        assert_eq!(long_duration(190.0), "3 min 10 s");
        assert_eq!(long_duration(90_061.0), "1 d 1 h");
        assert_eq!(long_duration(0.25), "0.25 s");
    }

    #[test]
    fn latencies_have_two_digits_where_they_are_short() {
        for (seconds, text) in [
            (0.0, "0 ms"),
            (0.000_42, "0.4 ms"),
            (0.018, "18 ms"),
            (0.9996, "1 s"),
            (1.23, "1.2 s"),
            (2.0, "2 s"),
            (9.96, "10 s"),
            (600.0, "600 s"),
        ] {
            assert_eq!(latency(seconds), text);
        }
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!(grouped(87_839), "87 839");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000_000), "1 000 000");
        assert_eq!(bytes(1536), "1.5 KiB");
    }

    #[test]
    fn a_sparkline_spans_its_bounds() {
        assert_eq!(sparkline(&[0.0, 0.5, 1.0, 9.0], 0.0, 1.0), "▁▅██");
        assert_eq!(sparkline(&[3.0, 3.0], 3.0, 3.0), "▁▁");
    }
}
