//! What a plain scalar is, as go-yaml resolves it: YAML 1.2 with a few habits of 1.1.

use chrono::{DateTime, NaiveDate, NaiveTime};

use crate::compose::node::Value;

/// A scalar without quotes and without a tag.
pub(super) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Value::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Value::Float(f64::NEG_INFINITY),
        _ => {}
    }
    if let Some(time) = time(text) {
        return Value::Time(time.into());
    }
    let begins_number = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    let number = if begins_number { number(text) } else { None };
    number.unwrap_or_else(|| Value::text(text))
}

/// `2026-01-31`, `2026-01-31 10:20:30`, `2026-01-31T10:20:30+02:00`, as Go prints them.
fn time(text: &str) -> Option<String> {
    let is_digit = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    if !(0..4).all(is_digit) || text.as_bytes().get(4) != Some(&b'-') {
        return None;
    }
    let (date, clock) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some(&text[at..])),
        None => (text, None),
    };
    let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    let (at, zone) = match clock {
        None => (date.and_time(NaiveTime::MIN), "+0000 UTC".to_owned()),
        Some(clock) if clock.starts_with(' ') => {
            let time = NaiveTime::parse_from_str(&clock[1..], "%H:%M:%S%.f").ok()?;
            (date.and_time(time), "+0000 UTC".to_owned())
        }
        Some(clock) => {
            let time = DateTime::parse_from_rfc3339(&format!("{date}T{}", &clock[1..])).ok()?;
            let offset = time.format("%z").to_string();
            let name = if clock.ends_with('Z') { "UTC".to_owned() } else { offset.clone() };
            (time.naive_local(), format!("{offset} {name}"))
        }
    };
    let fraction = at.format("%.9f").to_string();
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    Some(format!("{}{fraction} {zone}", at.format("%Y-%m-%d %H:%M:%S")))
}

fn number(text: &str) -> Option<Value> {
    if text.starts_with('.') && text.contains('_') {
        return None;
    }
    // go-yaml takes underscores away wherever they are.
    let plain = text.replace('_', "");
    if let Some(value) = integer(&plain) {
        return Some(Value::Int(value));
    }
    // What is too large for a number stays a string.
    let value: f64 = plain.parse().ok().filter(|_| is_float(&plain))?;
    value.is_finite().then_some(Value::Float(value))
}

/// As Go's `ParseInt` with base 0: `0x1f`, `0o17`, `017`, `0b11`.
fn integer(text: &str) -> Option<i128> {
    let (is_negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.get(..2).unwrap_or_default().to_ascii_lowercase();
    let (radix, digits) = match lower.as_str() {
        "0x" => (16, &digits[2..]),
        "0o" => (8, &digits[2..]),
        "0b" => (2, &digits[2..]),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let size = i128::from_str_radix(digits, radix).ok()?;
    let number = if is_negative { -size } else { size };
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&number).then_some(number)
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let is_exponent = exponent.is_none_or(|e| {
        let digits = e.strip_prefix(['-', '+']).unwrap_or(e);
        !digits.is_empty() && all_digits(digits)
    });
    let is_mantissa = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && all_digits(fraction),
        Some((whole, fraction)) => all_digits(whole) && all_digits(fraction),
        None => !mantissa.is_empty() && all_digits(mantissa),
    };
    is_mantissa && is_exponent
}

/// A scalar with one of YAML's own tags; `None` if it is not of that kind.
pub(super) fn tagged(tag: &str, text: &str) -> Option<Value> {
    let value = resolve(text);
    match (tag, &value) {
        ("int", Value::Int(_))
        | ("float", Value::Float(_))
        | ("bool", Value::Bool(_))
        | ("null", Value::Null) => Some(value),
        ("float", Value::Int(value)) => Some(Value::Float(*value as f64)),
        ("int" | "float" | "bool" | "null", _) => None,
        _ => Some(Value::text(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::node::same;

    #[test]
    fn dates_are_printed_as_go_prints_them() {
        for (text, printed) in [
            ("2026-01-31", Some("2026-01-31 00:00:00 +0000 UTC")),
            ("2026-1-2", Some("2026-01-02 00:00:00 +0000 UTC")),
            ("2026-01-31 10:20:30.5", Some("2026-01-31 10:20:30.5 +0000 UTC")),
            ("2026-01-31T10:20:30Z", Some("2026-01-31 10:20:30 +0000 UTC")),
            ("2026-01-31T10:20:30+02:00", Some("2026-01-31 10:20:30 +0200 +0200")),
            ("2026-02-30", None),
            ("2026-01", None),
            ("2026", None),
            ("26-01-31", None),
        ] {
            assert_eq!(time(text).as_deref(), printed, "{text}");
        }
    }

    #[test]
    fn plain_scalars_are_what_go_yaml_takes_them_for() {
        for (text, value) in [
            ("~", Value::Null),
            ("True", Value::Bool(true)),
            ("yes", Value::text("yes")),
            ("on", Value::text("on")),
            ("0777", Value::Int(511)),
            ("0o17", Value::Int(15)),
            ("0x1F", Value::Int(31)),
            ("-0b11", Value::Int(-3)),
            ("1_000", Value::Int(1000)),
            ("08", Value::Float(8.0)),
            ("1.5", Value::Float(1.5)),
            ("1.", Value::Float(1.0)),
            (".5", Value::Float(0.5)),
            ("._1", Value::text("._1")),
            ("1e3", Value::Float(1000.0)),
            ("22:22", Value::text("22:22")),
            ("1.2.3", Value::text("1.2.3")),
            ("+", Value::text("+")),
            ("-", Value::text("-")),
            (".", Value::text(".")),
            ("0x", Value::text("0x")),
            ("9223372036854775808", Value::Int(9_223_372_036_854_775_808)),
            ("0xFFFFFFFFFFFFFFFF", Value::Int(u64::MAX.into())),
            ("18446744073709551616", Value::Float(18_446_744_073_709_551_616.0)),
            ("1e309", Value::text("1e309")),
            ("512m", Value::text("512m")),
        ] {
            assert!(same(&resolve(text), &value), "{text}: {:?}", resolve(text));
        }
    }
}
