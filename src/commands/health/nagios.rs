//! As a plugin of Nagios: <https://www.monitoring-plugins.org/doc/guidelines.html>.

use std::fmt::Write as _;

use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::exit::Exit;
use crate::core::output::printable;
use crate::health::{Answer, Datum, Status};

pub(super) fn code(status: Status) -> u8 {
    match status {
        Status::Pass => 0,
        Status::Warn => 1,
        Status::Fail => 2,
    }
}

/// Why nothing can be told.
pub(super) fn unknown(fault: Fault, ctx: &Context) -> anyhow::Result<Exit> {
    let why = plain(&format!("{:#}", anyhow::Error::from(fault)));
    ctx.out.result(format!("HEALTH UNKNOWN - {why}\n").as_bytes())?;
    Ok(Exit::Nagios(3))
}

/// `HEALTH CRITICAL - disk /var 93 % (limit 90 %) | '/var used'=93%;80;90`
pub(super) fn line(answer: &Answer) -> String {
    let word = ["OK", "WARNING", "CRITICAL"][usize::from(code(answer.status))];
    let told = answer.checks.iter().filter(|seen| seen.status > Status::Pass);
    let mut told: Vec<String> =
        told.map(|seen| format!("{} {}", seen.name, plain(&seen.output))).collect();
    if told.is_empty() {
        told.push(answer.summary());
    }
    let mut text = format!("HEALTH {word} - {}", told.join("; "));
    let data = answer
        .checks
        .iter()
        .flat_map(|seen| seen.data.iter().map(move |datum| performance(&seen.name, datum)));
    for (number, datum) in data.enumerate() {
        let _ = write!(text, "{}{datum}", if number == 0 { " | " } else { " " });
    }
    text + "\n"
}

/// A bar would begin the performance data.
fn plain(text: &str) -> String {
    printable(text).replace('|', "/")
}

/// `'disk /var used'=93%;80;90`
fn performance(check: &str, datum: &Datum) -> String {
    let label = plain(&format!("{check} {}", datum.name)).replace('\'', "''").replace('=', " ");
    let limit = |limit: Option<f64>| limit.map(rounded).unwrap_or_default();
    let data = format!("'{label}'={}{}", rounded(datum.value), datum.unit);
    format!("{data};{};{}", limit(datum.warn), limit(datum.fail)).trim_end_matches(';').to_owned()
}

/// Without digits that nobody measured.
fn rounded(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn performance_data_is_as_the_guidelines_have_it() {
        let used = Datum::new("/a 'b'|c=d used", 93.25, "%").limits(Some(80.0), Some(90.0));
        assert_eq!(performance("disk", &used), "'disk /a ''b''/c d used'=93.25%;80;90");
        assert_eq!(
            performance("redis", &Datum::new("latency", 0.018, "s")),
            "'redis latency'=0.018s"
        );
        let age = Datum::new("age", 20.0, "s").limits(None, Some(60.0));
        assert_eq!(performance("backup", &age), "'backup age'=20s;;60");
    }
}
