//! Lengths of time and sizes, as Compose reads and prints them.

use std::fmt::Write as _;

/// `1m30s` in nanoseconds, as Go reads it, with days and weeks.
pub(in crate::compose) fn nanoseconds(text: &str) -> Option<i64> {
    let (is_negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0.0_f64;
    let mut whole = 0_i128;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let (number, after) = rest.split_at(digits);
        let letters = after.bytes().take_while(|b| !(b.is_ascii_digit() || *b == b'.')).count();
        let (unit, after) = after.split_at(letters);
        let scale = unit_of(unit)?;
        let (integer, fraction) = number.split_once('.').unwrap_or((number, ""));
        if integer.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return None;
        }
        if !integer.is_empty() {
            whole += integer.parse::<i128>().ok()?.checked_mul(i128::from(scale))?;
        }
        if !fraction.is_empty() {
            total += format!("0.{fraction}").parse::<f64>().ok()? * scale as f64;
        }
        rest = after;
    }
    let sum = i64::try_from(whole + total as i128).ok()?;
    Some(if is_negative { -sum } else { sum })
}

fn unit_of(unit: &str) -> Option<i64> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        "w" => 604_800_000_000_000,
        _ => return None,
    })
}

/// As Go prints a length of time: `1h0m30s`, `1.5s`, `100ms`.
pub(super) fn print_duration(nanoseconds: i64) -> String {
    if nanoseconds == 0 {
        return "0s".to_owned();
    }
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let size = nanoseconds.unsigned_abs();
    if size < 1_000_000_000 {
        let (scale, unit) = match size {
            0..1_000 => (1, "ns"),
            1_000..1_000_000 => (1_000, "µs"),
            _ => (1_000_000, "ms"),
        };
        return format!("{sign}{}{unit}", decimal(size, scale));
    }
    let mut out = sign.to_owned();
    let (minutes, seconds) = (size / 60_000_000_000, size % 60_000_000_000);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    if hours > 0 {
        let _ = write!(out, "{hours}h");
    }
    if hours > 0 || minutes > 0 {
        let _ = write!(out, "{minutes}m");
    }
    let _ = write!(out, "{}s", decimal(seconds, 1_000_000_000));
    out
}

fn decimal(size: u64, scale: u64) -> String {
    let (whole, fraction) = (size / scale, size % scale);
    if fraction == 0 {
        return whole.to_string();
    }
    let width = scale.ilog10() as usize;
    let text = format!("{whole}.{fraction:0width$}");
    text.trim_end_matches('0').to_owned()
}

/// `512m`, `1.5 GiB`, `-1` in bytes, as Docker reads them: a kilobyte is 1024.
pub fn bytes(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse::<i64>() {
        return Some(number);
    }
    let end = text.rfind(|c: char| c.is_ascii_digit() || c == '.' || c == ' ')?;
    let (number, suffix) = match text.as_bytes()[end] {
        b' ' => (&text[..end], &text[end + 1..]),
        _ => text.split_at(end + 1),
    };
    let size = crate::compose::interpolate::go_float(number).filter(|size| *size >= 0.0)?;
    let suffix = suffix.to_ascii_lowercase();
    let (unit, rest) = match suffix.chars().next() {
        None => return Some(size as i64),
        Some(unit) => (unit, &suffix[unit.len_utf8()..]),
    };
    let scale = match unit {
        'b' if rest.is_empty() => return Some(size as i64),
        'k' => 1_u64 << 10,
        'm' => 1 << 20,
        'g' => 1 << 30,
        't' => 1 << 40,
        'p' => 1 << 50,
        _ => return None,
    };
    matches!(rest, "" | "b" | "ib").then_some((size * scale as f64) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_and_printed() {
        for (text, printed) in [
            ("30s", "30s"),
            ("1m30s", "1m30s"),
            ("90s", "1m30s"),
            ("1h", "1h0m0s"),
            ("1d", "24h0m0s"),
            ("1w", "168h0m0s"),
            ("1.5s", "1.5s"),
            ("100ms", "100ms"),
            ("1500us", "1.5ms"),
            ("0", "0s"),
            ("-5s", "-5s"),
        ] {
            assert_eq!(print_duration(nanoseconds(text).unwrap()), printed, "{text}");
        }
        for text in ["30", "", "s", "1x", "1s2", "1..5s", "abc", "-", "5 s", "1m 30s"] {
            assert_eq!(nanoseconds(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_read() {
        for (text, size) in [
            ("512m", 512 << 20),
            ("1g", 1 << 30),
            ("1.5GiB", 3 << 29),
            ("64kb", 64 << 10),
            ("10 MB", 10 << 20),
            ("100b", 100),
            ("100", 100),
            ("-1", -1),
        ] {
            assert_eq!(bytes(text), Some(size), "{text}");
        }
        for text in ["", "m", "1x", "1mbb", "1 m b", "-1m", "1bb", "$"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
