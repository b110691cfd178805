//! Each value made into what Compose's model holds there.

use super::command::words;
use super::scalars::{bytes, nanoseconds, print_duration};
use super::{Field, Kind, tables};
use crate::compose::codes;
use crate::compose::finding::{Code, Finding, Findings};
use crate::compose::interpolate::{boolean, go_float, old_boolean};
use crate::compose::node::{Entry, Map, Node, Value};

/// Decodes the whole model. Lengths of time, sizes and addresses become the texts that Compose prints; what
/// cannot be read is among the findings.
pub(in crate::compose) fn decode(map: &mut Map, findings: &mut Findings) {
    let mut work = Decode { findings, key: String::new() };
    work.fields(map, tables::PROJECT);
}

pub(super) struct Decode<'f> {
    pub(super) findings: &'f mut Findings,
    /// The key whose value is decoded.
    key: String,
}

impl Decode<'_> {
    fn fields(&mut self, map: &mut Map, fields: &[Field]) {
        for (key, entry) in map.iter_mut() {
            let Some(field) = fields.iter().find(|field| field.name == &**key) else { continue };
            let is_services = field.name == "services";
            self.key.clear();
            self.key.push_str(key);
            match (&mut entry.node.value, is_services, &field.kind) {
                (Value::Map(services), true, Kind::Dict(kind)) => {
                    for (name, service) in services.iter_mut() {
                        self.findings.enter(name);
                        self.node(&mut service.node, kind);
                    }
                    self.findings.leave();
                }
                _ => self.node(&mut entry.node, &field.kind),
            }
        }
    }

    fn node(&mut self, node: &mut Node, kind: &Kind) {
        match (&mut node.value, kind) {
            (Value::Bad | Value::Reset | Value::Null, _) => {}
            (Value::Map(map), Kind::Struct(fields)) => self.fields(map, fields),
            (Value::Map(map), Kind::Dict(kind)) => {
                map.values_mut().for_each(|entry| self.node(&mut entry.node, kind));
            }
            (Value::List(list), Kind::List(kind)) => {
                list.iter_mut().for_each(|item| self.node(item, kind));
            }
            (_, Kind::Struct(_) | Kind::Dict(_)) => self.wrong(node, "a mapping"),
            (_, Kind::List(_)) => self.wrong(node, "a list"),
            (_, Kind::StringList | Kind::NumberList) => self.string_list(node, kind),
            (_, Kind::Labels | Kind::Mapping | Kind::Environment) => self.mapping(node, kind),
            (_, Kind::Options | Kind::MultiOptions) => self.options(node, kind),
            (_, Kind::Hosts) => self.hosts(node),
            (_, Kind::Ssh) => ssh(node),
            (_, Kind::Ulimit) => self.ulimit(node),
            (_, Kind::Command | Kind::HealthTest) => self.command(node, kind),
            _ => self.scalar(node, kind),
        }
    }

    fn scalar(&mut self, node: &mut Node, kind: &Kind) {
        let value = match (&node.value, kind) {
            (Value::Text(_), Kind::Str)
            | (Value::Bool(_), Kind::Bool | Kind::OptOut)
            | (Value::Int(_), Kind::Bytes | Kind::Count | Kind::Mode)
            | (Value::Int(_) | Value::Float(_), Kind::Float | Kind::Cores) => return,
            (Value::Int(number), Kind::Str) => Some(Value::text(&number.to_string())),
            // What needs all 64 bits is below 0 for Go.
            (Value::Int(number), Kind::Int) => Some(Value::Int((*number as i64).into())),
            (Value::Float(number), Kind::Int) => Some(Value::Int(go_int(*number))),
            (Value::Int(number), Kind::Uint(most)) => {
                return self.unsigned(node, *number, *most);
            }
            (Value::Float(number), Kind::Uint(most)) => {
                return self.unsigned(node, *number as i128, *most);
            }
            // Compose takes a fraction of a byte for none.
            (Value::Float(_) | Value::Bool(_), Kind::Bytes) => Some(Value::Int(0)),
            (Value::Text(text), Kind::Duration) => match nanoseconds(text) {
                Some(time) => Some(Value::text(&print_duration(time))),
                None => return self.no_duration(node),
            },
            (Value::Int(_), Kind::Duration) => return self.no_duration(node),
            (Value::Text(text), Kind::Bytes) => match bytes(text) {
                Some(size) => Some(Value::Int(size.into())),
                None => return self.no_size(node),
            },
            (Value::Text(text), kind) => {
                let value = from_text(text, kind);
                if let Some(Value::Bool(is_on)) = value {
                    self.findings.extend(old_boolean(node, is_on));
                }
                if value.is_none() && !matches!(kind, Kind::Uint(_)) {
                    return self.no_cast(node, kind);
                }
                value
            }
            _ => None,
        };
        match value {
            Some(value) => node.value = value,
            None => self.wrong(node, name_of(kind)),
        }
    }

    /// Compose refuses what is below 0, and cuts what is too large.
    fn unsigned(&mut self, node: &mut Node, number: i128, most: u64) {
        if number < 0 {
            let text = format!("`{}` must be at least 0, and this is {number}", self.key);
            return self.bad(node, codes::VALUE, text, None);
        }
        node.value = Value::Int(number & i128::from(most));
    }

    fn no_duration(&mut self, node: &mut Node) {
        let finding = no_duration(&self.key, node);
        self.findings.add(finding);
        node.value = Value::Bad;
    }

    fn no_size(&mut self, node: &mut Node) {
        let text = format!("`{}` must be a size, and this is `{}`", self.key, node.value.sprint());
        let help = "write it as `512m` or `2g`; the units are b, k, m, g, t and p".to_owned();
        self.bad(node, codes::SIZE, text, Some(help));
    }

    fn no_cast(&mut self, node: &mut Node, kind: &Kind) {
        let written = node.value.sprint();
        let text = format!("`{}` must be {}, and this is `{written}`", self.key, name_of(kind));
        self.bad(node, codes::CAST, text, None);
    }

    fn string_list(&mut self, node: &mut Node, kind: &Kind) {
        let is_string = |item: &Node| {
            item.is_bad() || item.text().is_some() || matches!(kind, Kind::NumberList)
        };
        match &mut node.value {
            Value::Text(_) => node.value = Value::List(vec![node.clone()]),
            Value::List(list) if list.iter().all(is_string) => {
                for item in list.iter_mut().filter(|item| !item.is_bad() && item.text().is_none()) {
                    item.value = Value::text(&item.value.sprint());
                }
            }
            _ => self.wrong(node, "a string or a list of strings"),
        }
    }

    fn ulimit(&mut self, node: &mut Node) {
        match &mut node.value {
            Value::Int(_) => {}
            Value::Map(map) => {
                for key in ["soft", "hard"] {
                    if let Some(entry) = map.get_mut(key)
                        && !matches!(entry.node.value, Value::Int(_) | Value::Bad)
                    {
                        self.wrong(&mut entry.node, "a whole number");
                    }
                }
            }
            _ => self.wrong(node, "a whole number or a mapping of `soft` and `hard`"),
        }
    }

    fn command(&mut self, node: &mut Node, kind: &Kind) {
        let Value::Text(text) = &node.value else {
            if node.list().is_none() {
                self.wrong(node, "a string or a list of strings");
            }
            return;
        };
        let words = match kind {
            Kind::HealthTest => Some(vec!["CMD-SHELL".to_owned(), text.to_string()]),
            _ => words(text),
        };
        if let Some(words) = words {
            let item = |word: &String| Node { value: Value::text(word), ..node.clone() };
            node.value = Value::List(words.iter().map(item).collect());
        } else {
            let text = format!("`{}` cannot be parted into words", self.key);
            let help = "close every quote, and put brackets into quotes".to_owned();
            self.bad(node, codes::VALUE, text, Some(help));
        }
    }

    pub(super) fn wrong(&mut self, node: &mut Node, wanted: &str) {
        let text = format!("`{}` must be {wanted}, and this is {}", self.key, node.value.kind());
        let is_date = matches!(node.value, Value::Time(_));
        let help = is_date.then(|| "put it in quotes".to_owned());
        self.bad(node, codes::WRONG_TYPE, text, help);
    }

    fn bad(&mut self, node: &mut Node, code: &'static Code, text: String, help: Option<String>) {
        let mut finding = node.finding(code, text);
        finding.help = help;
        self.findings.add(finding);
        node.value = Value::Bad;
    }
}

/// A number without its fraction; one that is too large becomes the least, as in Go.
fn go_int(number: f64) -> i128 {
    let is_within = (-9.2e18..9.2e18).contains(&number);
    if is_within { number as i128 } else { i64::MIN.into() }
}

/// A text where something else is wanted.
fn from_text(text: &str, kind: &Kind) -> Option<Value> {
    match kind {
        Kind::Bool | Kind::OptOut => boolean(text).map(Value::Bool),
        Kind::Float | Kind::Cores => go_float(text).map(Value::Float),
        Kind::Count if text.eq_ignore_ascii_case("all") => Some(Value::Int(-1)),
        Kind::Int | Kind::Count => text.parse().ok().map(|number: i64| Value::Int(number.into())),
        Kind::Mode => i64::from_str_radix(text, 8).ok().map(|mode| Value::Int(mode.into())),
        _ => None,
    }
}

fn name_of(kind: &Kind) -> &'static str {
    match kind {
        Kind::Str => "a string",
        Kind::Bool | Kind::OptOut => "a boolean",
        Kind::Float | Kind::Cores => "a number",
        Kind::Count => "`all` or a whole number",
        Kind::Mode => "the rights of a file in octal",
        Kind::Duration => "a length of time",
        Kind::Bytes => "a size",
        _ => "a whole number",
    }
}

/// Becomes a list of `id=path`.
fn ssh(node: &mut Node) {
    let Value::Map(map) = &node.value else { return };
    let item = |(id, entry): (&crate::compose::node::Text, &Entry)| {
        let value = match &entry.node.value {
            Value::Null => Value::Text(id.clone()),
            path => Value::text(&format!("{id}={}", path.sprint())),
        };
        Node { value, ..entry.node.clone() }
    };
    node.value = Value::List(map.iter().map(item).collect());
}

/// What is said of a length of time that is none.
pub(in crate::compose) fn no_duration(key: &str, node: &Node) -> Finding {
    let written = node.value.sprint();
    let text = format!("`{key}` must be a length of time, and this is `{written}`");
    let is_bare = written.parse::<f64>().is_ok();
    let help = if is_bare {
        format!("give it a unit: `{written}s`")
    } else {
        "write it as `30s` or `1m30s`".to_owned()
    };
    node.finding(codes::DURATION, text).help(help)
}
