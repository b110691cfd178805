//! Variables put in for `${…}`, and the numbers and booleans that some texts then become.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::LazyLock;

use super::codes;
use super::finding::{Finding, Findings};
use super::node::{How, Map, Node, Text, Value, Via};
use super::template::{Refused, substitute};
use super::trie::{ITEM, Trie, sections};
use super::variables::Variables;

#[derive(Debug, Clone, Copy)]
enum Cast {
    Int,
    Float,
    Bool,
}

/// compose-go's `interpolateTypeCastMapping`.
static CASTS: LazyLock<Trie<Cast>> = LazyLock::new(|| {
    use Cast::{Bool, Float, Int};
    Trie::new(&[
        ("services.*.cpu_count", Int),
        ("services.*.cpu_percent", Float),
        ("services.*.cpu_period", Int),
        ("services.*.cpu_quota", Int),
        ("services.*.cpu_rt_period", Int),
        ("services.*.cpu_rt_runtime", Int),
        ("services.*.cpus", Float),
        ("services.*.cpu_shares", Int),
        ("services.*.init", Bool),
        ("services.*.depends_on.*.required", Bool),
        ("services.*.depends_on.*.restart", Bool),
        ("services.*.deploy.replicas", Int),
        ("services.*.deploy.update_config.parallelism", Int),
        ("services.*.deploy.update_config.max_failure_ratio", Float),
        ("services.*.deploy.rollback_config.parallelism", Int),
        ("services.*.deploy.rollback_config.max_failure_ratio", Float),
        ("services.*.deploy.restart_policy.max_attempts", Int),
        ("services.*.deploy.placement.max_replicas_per_node", Int),
        ("services.*.healthcheck.retries", Int),
        ("services.*.healthcheck.disable", Bool),
        ("services.*.oom_kill_disable", Bool),
        ("services.*.oom_score_adj", Int),
        ("services.*.pids_limit", Int),
        ("services.*.ports.[].target", Int),
        ("services.*.privileged", Bool),
        ("services.*.read_only", Bool),
        ("services.*.scale", Int),
        ("services.*.stdin_open", Bool),
        ("services.*.tty", Bool),
        ("services.*.ulimits.*", Int),
        ("services.*.ulimits.*.hard", Int),
        ("services.*.ulimits.*.soft", Int),
        ("services.*.volumes.[].read_only", Bool),
        ("services.*.volumes.[].volume.nocopy", Bool),
        ("networks.*.external", Bool),
        ("networks.*.internal", Bool),
        ("networks.*.attachable", Bool),
        ("networks.*.enable_ipv4", Bool),
        ("networks.*.enable_ipv6", Bool),
        ("volumes.*.external", Bool),
        ("secrets.*.external", Bool),
        ("configs.*.external", Bool),
    ])
});

/// Puts the variables in, wherever a text stands. Keys stay as they are.
pub(super) fn interpolate(map: &mut Map, variables: &Variables, findings: &mut Findings) {
    let mut known = HashMap::new();
    sections(map, &CASTS, findings, |node, casts, findings| {
        Interpolation { variables, findings, known: &mut known }.node(node, casts);
    });
}

struct Interpolation<'a> {
    variables: &'a Variables,
    findings: &'a mut Findings,
    /// What became of texts that aliases share, by where they lie in memory: they go on sharing what they become. Each is
    /// kept with its result, so that nothing else comes to lie there.
    known: &'a mut HashMap<*const u8, (Text, Rc<Done>)>,
}

/// A text with its variables put in.
struct Done {
    text: Text,
    unset: Vec<String>,
    via: Option<Via>,
}

impl Interpolation<'_> {
    fn node(&mut self, node: &mut Node, casts: Option<&Trie<Cast>>) {
        match &mut node.value {
            Value::Text(_) => self.text(node, casts.and_then(|casts| casts.rule)),
            Value::List(list) => {
                let casts = casts.and_then(|casts| casts.step(ITEM));
                list.iter_mut().for_each(|item| self.node(item, casts));
            }
            Value::Map(map) => {
                for (key, entry) in map.iter_mut() {
                    self.node(&mut entry.node, casts.and_then(|casts| casts.step(key)));
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, node: &mut Node, cast: Option<Cast>) {
        let Value::Text(text) = &node.value else { return };
        if text.contains('$') {
            let text = text.clone();
            let Some(done) = self.substituted(&text, node) else {
                node.value = Value::Bad;
                return;
            };
            for name in &done.unset {
                let text = format!("the variable `{name}` is not set: it becomes an empty string");
                let help = format!("give it a default: `${{{name}:-}}`");
                self.findings.add(node.finding(codes::UNSET_VARIABLE, text).help(help));
            }
            node.value = Value::Text(done.text.clone());
            node.via = node.via.or(done.via);
        }
        if let Some(cast) = cast {
            self.cast(node, cast);
        }
    }

    fn substituted(&mut self, text: &Text, node: &Node) -> Option<Rc<Done>> {
        if let Some((_, done)) = self.known.get(&text.as_ptr()) {
            return Some(done.clone());
        }
        let lookup = |name: &str| self.variables.get(name).map(str::to_owned);
        match substitute(text, &lookup) {
            Ok(done) => {
                let place = done.used.iter().find_map(|name| self.variables.place(name));
                let via = place.map(|span| Via { span, how: How::Variable });
                let done = Done { text: done.text.as_str().into(), unset: done.unset, via };
                let done = Rc::new(done);
                self.known.insert(text.as_ptr(), (text.clone(), done.clone()));
                Some(done)
            }
            Err(Refused::Invalid) => {
                let text = "a `${…}` that cannot be read";
                let finding = node.finding(codes::INTERPOLATION, text);
                self.findings.add(finding.help("write `$$` where a `$` is meant"));
                None
            }
            Err(Refused::Required { name, why }) => {
                let why = if why.is_empty() { String::new() } else { format!(": {why}") };
                let text = format!("the variable `{name}` must be set{why}");
                self.findings.add(node.finding(codes::REQUIRED_VARIABLE, text));
                None
            }
        }
    }

    fn cast(&mut self, node: &mut Node, cast: Cast) {
        let Value::Text(text) = &node.value else { return };
        let (value, wanted) = match cast {
            Cast::Int => {
                let number = text.parse().ok().map(|number: i64| Value::Int(number.into()));
                (number, "a whole number")
            }
            Cast::Float => (go_float(text).map(Value::Float), "a number"),
            Cast::Bool => (boolean(text).map(Value::Bool), "a boolean"),
        };
        if let Some(value) = value {
            if let Value::Bool(is_on) = value {
                self.findings.extend(old_boolean(node, is_on));
            }
            node.value = value;
        } else {
            let message = if text.is_empty() {
                format!("an empty string, where {wanted} was expected")
            } else {
                format!("`{text}` is not {wanted}")
            };
            self.findings.add(node.finding(codes::CAST, message));
            node.value = Value::Bad;
        }
    }
}

/// As Go's `ParseFloat` reads it, but for infinity and what is no number.
pub(super) fn go_float(text: &str) -> Option<f64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1.0, &text[1..]),
        b'+' => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        return Some(sign * hexadecimal(hex)?);
    }
    let between = |pair: &[u8]| pair[0].is_ascii_digit() && pair[1].is_ascii_digit();
    let is_parted = memchr::memchr_iter(b'_', digits.as_bytes()).all(|at| {
        at > 0
            && digits
                .as_bytes()
                .get(at + 1)
                .is_some_and(|next| between(&[digits.as_bytes()[at - 1], *next]))
    });
    let plain = digits.replace('_', "");
    let is_plain = plain.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    let number: f64 = plain.parse().ok().filter(|_| is_plain && is_parted)?;
    number.is_finite().then_some(sign * number)
}

/// `1.8p-1`: digits of 16, and a power of two.
fn hexadecimal(text: &str) -> Option<f64> {
    let (mantissa, power) = text.split_once(['p', 'P'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let number = u64::from_str_radix(&digits, 16).ok()? as f64;
    let power: i32 = power.parse().ok()?;
    let number = number * 2_f64.powi(power.checked_sub(4 * i32::try_from(fraction.len()).ok()?)?);
    number.is_finite().then_some(number)
}

/// The booleans of YAML 1.1.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match &*text.to_lowercase() {
        "true" | "y" | "yes" | "on" => Some(true),
        "false" | "n" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// The warning for `yes`, `on` and the like.
pub(super) fn old_boolean(node: &Node, is_on: bool) -> Option<Finding> {
    let text = node.text().filter(|text| !matches!(&*text.to_lowercase(), "true" | "false"))?;
    let finding = node.finding(codes::OLD_BOOLEAN, format!("`{text}` is a string in YAML 1.2"));
    Some(finding.help(format!("write `{is_on}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_go_reads_them() {
        for (text, number) in [
            ("1.5", Some(1.5)),
            ("-1e3", Some(-1000.0)),
            ("1_0", Some(10.0)),
            ("0x1p-1", Some(0.5)),
            ("0x1.8p1", Some(3.0)),
            (".5", Some(0.5)),
            ("1_", None),
            ("_1", None),
            ("1__0", None),
            ("", None),
            ("-", None),
            ("many", None),
            ("1e999", None),
        ] {
            assert_eq!(go_float(text), number, "{text}");
        }
    }
}
