//! The numbers that plugins of Nagios print behind their line: `'/ used'=93%;80;90`.

use crate::core::output::printable;
use crate::health::Datum;

/// More than that are for machines that draw them.
const MOST: usize = 32;

/// The line for people, and the numbers behind it as far as they are simple.
pub(super) fn parts(line: &str) -> (&str, Vec<Datum>) {
    let (line, rest) = line.split_once('|').unwrap_or((line, ""));
    (line.trim_end(), Numbers(rest).flatten().take(MOST).collect())
}

/// One after another; none for one that is not simple.
struct Numbers<'t>(&'t str);

impl Iterator for Numbers<'_> {
    type Item = Option<Datum>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.0.trim_start();
        let (label, rest) = match text.strip_prefix('\'') {
            Some(quoted) => quoted.split_once("'=")?,
            None => text.split_once('=')?,
        };
        let (value, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        self.0 = rest;
        Some(datum(label, value))
    }
}

/// `value[unit];[warn];[fail];[least];[most]`. Limits that are ranges are left out.
fn datum(label: &str, text: &str) -> Option<Datum> {
    let mut fields = text.split(';');
    let value = fields.next()?;
    let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    let (unit, factor) = match &value[number.len()..] {
        "" | "c" => ("", 1.0),
        "%" => ("%", 1.0),
        "B" => ("B", 1.0),
        "s" => ("s", 1.0),
        "ms" => ("s", 1e-3),
        "us" => ("s", 1e-6),
        _ => return None,
    };
    let scaled = |text: &str| {
        let number: f64 = text.parse().ok()?;
        Some(number * factor).filter(|number| number.is_finite())
    };
    let value = scaled(number)?;
    let [warn, fail] = [fields.next(), fields.next()].map(|limit| limit.and_then(scaled));
    let name = printable(&label.replace("''", "'"));
    (!name.is_empty()).then(|| Datum::new(name, value, unit).limits(warn, fail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_behind_a_line_are_read() {
        let (line, data) =
            parts("DISK OK - 7 % used | '/ used'=93%;80;90;0;100 time=12.5ms;;2000 n=3c");
        assert_eq!(line, "DISK OK - 7 % used");
        assert_eq!(
            data,
            [
                Datum::new("/ used", 93.0, "%").limits(Some(80.0), Some(90.0)),
                Datum::new("time", 0.0125, "s").limits(None, Some(2.0)),
                Datum::new("n", 3.0, ""),
            ]
        );
    }

    #[test]
    fn what_is_not_simple_is_left_out() {
        let (line, data) =
            parts("ok|a=U b=1MB;2 c=1:2 d=4;~:5;@1:2 'it''s'=-5B = e f=nan g=1e9999 h=0.5");
        assert_eq!(line, "ok");
        let named: Vec<_> = data.iter().map(|datum| (datum.name.as_str(), datum.value)).collect();
        assert_eq!(named, [("d", 4.0), ("it's", -5.0), ("h", 0.5)]);
        assert_eq!((data[0].warn, data[0].fail), (None, None));
        assert_eq!(parts("no numbers"), ("no numbers", Vec::new()));
        assert_eq!(parts("|"), ("", Vec::new()));
        assert_eq!(parts("x|'open=1 b").1, []);
        assert_eq!(parts(&format!("x|{}", "a=1 ".repeat(100))).1.len(), 32);
    }
}
