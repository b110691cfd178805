//! Timestamps as files and people write them.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};

/// Microseconds since 1970 of an RFC 3339 timestamp. Without an offset it is UTC.
pub fn parse_time(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_micros());
    }
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .map(|time| time.and_utc().timestamp_micros())
}

/// RFC 3339 in UTC, with fractions of a second only where there are any.
pub fn format_time(micros: i64) -> String {
    match DateTime::<Utc>::from_timestamp_micros(micros) {
        Some(time) => time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        None => micros.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_with_or_without_offset() {
        let noon = parse_time("2025-06-01T12:00:00Z");
        assert!(noon.is_some());
        assert_eq!(parse_time("2025-06-01T14:00:00+02:00"), noon);
        assert_eq!(parse_time(" 2025-06-01 12:00:00 "), noon);
        assert_eq!(parse_time("2025-06-01T12:00:00.000"), noon);
        assert_eq!(parse_time("12:00"), None);
        assert_eq!(parse_time("1748779200"), None);
        assert_eq!(noon.map(format_time).as_deref(), Some("2025-06-01T12:00:00Z"));
    }

    #[test]
    fn fractions_of_a_second_are_kept() {
        let time = parse_time("2025-06-01T12:00:00.25Z").unwrap();
        assert_eq!(format_time(time), "2025-06-01T12:00:00.250Z");
    }
}
