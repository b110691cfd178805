//! `Retry-After` (RFC 9110, section 10.2.3).

use std::time::Duration;

/// How long the server asks to wait: seconds, or a date, which is relative to the answer's own `Date`, because
/// our clock need not be the server's. None if there is nothing to wait for, or nothing that can be read.
pub(super) fn asked_wait(retry_after: &str, date: Option<&str>) -> Option<Duration> {
    let text = retry_after.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds)).filter(|wait| !wait.is_zero());
    }
    // So many digits are a number that nobody waits for.
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::MAX);
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let now = httpdate::parse_http_date(date?.trim()).ok()?;
    until.duration_since(now).ok().filter(|wait| !wait.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read_and_the_rest_is_ignored() {
        let date = Some("Mon, 23 Nov 2026 12:00:00 GMT");
        for (text, wait) in [
            ("120", Some(120)),
            (" 5 ", Some(5)),
            ("0", None),
            ("-1", None),
            ("1.5", None),
            ("1e99", None),
            ("soon", None),
            ("", None),
            ("Mon, 23 Nov 2026 12:01:40 GMT", Some(100)),
            ("Monday, 23-Nov-26 12:00:10 GMT", Some(10)),
            ("Mon, 23 Nov 2026 11:00:00 GMT", None),
        ] {
            assert_eq!(asked_wait(text, date), wait.map(Duration::from_secs), "{text}");
        }
        assert_eq!(asked_wait("99999999999999999999999", date), Some(Duration::MAX));
        assert_eq!(asked_wait("Mon, 23 Nov 2026 12:01:40 GMT", None), None);
    }
}
