//! Short forms written out, as compose-go's `transform` does, so that all that follows knows one form.

use std::sync::LazyLock;

use super::codes;
use super::finding::{Code, Finding, Findings};
use super::merge::names;
use super::node::{Entry, Map, Node, Value};
use super::short::{self, MountKind};
use super::source::Span;
use super::trie::{ITEM, Trie, sections};

#[derive(Debug, Clone, Copy)]
enum Form {
    /// A mapping with one key stands for its text.
    Keyed(&'static str),
    KeyValue,
    DependsOn,
    EnvFile,
    StringOrList,
    Gpus,
    Names,
    Mount,
    Device,
    Ports,
    Ssh,
    /// A text, whatever it was.
    Text,
    External,
    Dns,
}

static FORMS: LazyLock<Trie<Form>> = LazyLock::new(|| {
    use Form::{
        DependsOn, Device, Dns, EnvFile, External, Gpus, KeyValue, Keyed, Mount, Names, Ports, Ssh,
        StringOrList, Text,
    };
    Trie::new(&[
        ("services.*.build", Keyed("context")),
        ("services.*.build.secrets.*", Keyed("source")),
        ("services.*.build.provenance", Text),
        ("services.*.build.sbom", Text),
        ("services.*.build.additional_contexts", KeyValue),
        ("services.*.build.ssh", Ssh),
        ("services.*.depends_on", DependsOn),
        ("services.*.env_file", EnvFile),
        ("services.*.label_file", StringOrList),
        ("services.*.extends", Keyed("service")),
        ("services.*.gpus", Gpus),
        ("services.*.networks", Names),
        ("services.*.models", Names),
        ("services.*.volumes.*", Mount),
        ("services.*.dns", Dns),
        ("services.*.devices.*", Device),
        ("services.*.secrets.*", Keyed("source")),
        ("services.*.configs.*", Keyed("source")),
        ("services.*.ports", Ports),
        ("services.*.develop.watch.*.ignore", StringOrList),
        ("services.*.develop.watch.*.include", StringOrList),
        ("volumes.*", External),
        ("networks.*", External),
        ("secrets.*", External),
        ("configs.*", External),
    ])
});

impl Form {
    /// What must stand there, if it is not this.
    fn wanted(self, value: &Value) -> Option<&'static str> {
        use Value::{Bad, List, Map, Text};
        let (is_right, wanted) = match self {
            Self::Keyed(_) | Self::Mount | Self::Device => {
                (matches!(value, Text(_) | Map(_)), "a string or a mapping")
            }
            Self::KeyValue | Self::Ssh | Self::DependsOn => {
                (matches!(value, List(_) | Map(_)), "a list or a mapping")
            }
            Self::EnvFile | Self::Gpus => {
                (matches!(value, Text(_) | List(_)), "a string or a list")
            }
            Self::Ports => (matches!(value, List(_)), "a list"),
            Self::StringOrList | Self::Dns | Self::Names | Self::Text | Self::External => {
                (true, "")
            }
        };
        (!is_right && !matches!(value, Bad)).then_some(wanted)
    }
}

/// Ports of a stack, at most: more than there are on one address.
pub(super) const PORTS: usize = 100_000;

/// Writes out every short form. What is found here was found by the schema before, but for services that are only
/// extended: those are not held against it.
pub(super) fn write_out(map: &mut Map, findings: &mut Findings, ports_left: &mut usize) {
    sections(map, &FORMS, findings, |node, forms, findings| {
        if let Some(forms) = forms {
            Canonical { findings, ports_left }.node(node, forms);
        }
    });
}

struct Canonical<'f> {
    findings: &'f mut Findings,
    /// How many more ports are written out, each of a range being one.
    ports_left: &'f mut usize,
}

impl Canonical<'_> {
    fn map(&mut self, map: &mut Map, forms: &Trie<Form>) {
        for (key, entry) in map.iter_mut() {
            if let Some(forms) = forms.step(key) {
                self.node(&mut entry.node, forms);
            }
        }
    }

    fn node(&mut self, node: &mut Node, forms: &Trie<Form>) {
        if let Some(form) = forms.rule {
            self.form(node, form);
        }
        match &mut node.value {
            Value::Map(map) => self.map(map, forms),
            Value::List(list) => {
                if let Some(forms) = forms.step(ITEM) {
                    list.iter_mut().for_each(|item| self.node(item, forms));
                }
            }
            _ => {}
        }
    }

    fn form(&mut self, node: &mut Node, form: Form) {
        if let Some(wanted) = form.wanted(&node.value) {
            let why = format!("{wanted} was expected, and this is {}", node.value.kind());
            return self.bad(node, codes::WRONG_TYPE, why);
        }
        match form {
            Form::Keyed(key) => {
                if node.text().is_some() {
                    let inner = node.clone();
                    let entry = (key.into(), Entry { key: node.span, node: inner });
                    node.value = Value::Map([entry].into_iter().collect());
                }
            }
            Form::Text => {
                if !matches!(node.value, Value::Text(_) | Value::Bad) {
                    node.value = Value::text(&node.value.sprint());
                }
            }
            Form::StringOrList => list_of_one(node),
            Form::Dns => {
                list_of_one(node);
                if let Value::List(list) = &mut node.value {
                    list.retain(|item| item.text() != Some("") && !item.is_null());
                }
            }
            Form::Gpus => {
                if node.text().is_some() {
                    let count = map_of(&[("count", Value::text("all"))], node.span);
                    node.value = Value::List(vec![Node::new(count, node.span)]);
                }
            }
            Form::Names => {
                if matches!(node.value, Value::List(_)) {
                    node.value = Value::Map(names(node.clone(), |_| Value::Null));
                }
            }
            Form::KeyValue => self.key_value(node),
            Form::Ssh => self.ssh(node),
            Form::DependsOn => depends_on(node),
            Form::EnvFile => env_file(node),
            Form::Mount => self.mount(node),
            Form::Device => self.device(node),
            Form::Ports => self.ports(node),
            Form::External => self.external(node),
        }
    }

    fn bad(&mut self, node: &mut Node, code: &'static Code, why: String) {
        self.findings.add(node.finding(code, why));
        node.value = Value::Bad;
    }

    fn key_value(&mut self, node: &mut Node) {
        let Value::List(list) = &mut node.value else { return };
        let mut map = Map::new();
        for mut item in std::mem::take(list) {
            let Some(text) = item.text() else { continue };
            if let Some((key, value)) = text.split_once('=') {
                let (key, value) = (key.into(), Value::text(value));
                let key_at = item.span;
                map.insert(key, Entry { key: key_at, node: Node { value, ..item } });
            } else {
                let why = format!("`{text}` is not `key=value`");
                self.bad(&mut item, codes::VALUE, why);
            }
        }
        node.value = Value::Map(map);
    }

    fn ssh(&mut self, node: &mut Node) {
        let Value::List(list) = &mut node.value else { return };
        let mut map = Map::new();
        for mut item in std::mem::take(list) {
            let Some(text) = item.text() else { continue };
            let (key, value) = match text.split_once('=') {
                Some((key, value)) => (key, Value::text(value)),
                None if text == "default" => (text, Value::Null),
                None => {
                    let why = format!("`{text}` is neither `default` nor `name=path`");
                    self.bad(&mut item, codes::VALUE, why);
                    continue;
                }
            };
            map.insert(key.into(), Entry { key: item.span, node: Node { value, ..item.clone() } });
        }
        node.value = Value::Map(map);
    }

    fn mount(&mut self, node: &mut Node) {
        let Some(text) = node.text() else { return };
        let mount = match short::mount(text) {
            Ok(mount) => mount,
            Err(why) => return self.bad(node, codes::MOUNT, why),
        };
        let is_bind = mount.kind == MountKind::Bind;
        let kind = if is_bind { "bind" } else { "volume" };
        let mut fields = vec![("type", Value::text(kind))];
        if !mount.source.is_empty() {
            fields.push(("source", Value::text(&mount.source)));
        }
        fields.push(("target", Value::text(&super::paths::clean(&mount.target))));
        if mount.is_read_only {
            fields.push(("read_only", Value::Bool(true)));
        }
        let at = node.span;
        let mut bind = Vec::new();
        bind.extend(mount.selinux.as_deref().map(|text| ("selinux", Value::text(text))));
        bind.extend(mount.propagation.as_deref().map(|text| ("propagation", Value::text(text))));
        if is_bind {
            bind.push(("create_host_path", Value::Bool(true)));
        }
        if is_bind || !bind.is_empty() {
            fields.push(("bind", map_of(&bind, at)));
        }
        let nocopy = [("nocopy", Value::Bool(true))];
        if mount.is_nocopy || mount.kind == MountKind::Volume {
            fields.push(("volume", map_of(if mount.is_nocopy { &nocopy } else { &[] }, at)));
        }
        node.value = map_of(&fields, at);
    }

    fn device(&mut self, node: &mut Node) {
        let Some(text) = node.text().map(str::to_owned) else { return };
        match short::device(&text) {
            Ok([source, target, permissions]) => {
                node.value = map_of(
                    &[
                        ("source", Value::text(source)),
                        ("target", Value::text(target)),
                        ("permissions", Value::text(permissions)),
                    ],
                    node.span,
                );
            }
            Err(why) => self.bad(node, codes::MOUNT, why),
        }
    }

    fn ports(&mut self, node: &mut Node) {
        let Value::List(list) = &mut node.value else { return };
        let mut all = Vec::with_capacity(list.len());
        for mut item in std::mem::take(list) {
            let text = match &item.value {
                Value::Int(number) => number.to_string(),
                Value::Text(text) => text.to_string(),
                Value::Float(_) => {
                    let why = "a port must be a whole number, a string or a mapping".to_owned();
                    self.bad(&mut item, codes::PORT, why);
                    continue;
                }
                _ => {
                    all.push(item);
                    continue;
                }
            };
            match short::ports(&text) {
                Ok(ports) if ports.len() > *self.ports_left => {
                    let why = format!("more than {PORTS} ports in one stack");
                    self.bad(&mut item, codes::TOO_LARGE, why);
                    all.push(item);
                }
                Ok(ports) => {
                    *self.ports_left -= ports.len();
                    let port = |p| Node { value: port(p, item.span), ..item.clone() };
                    all.extend(ports.iter().map(port));
                }
                Err(why) => {
                    self.bad(&mut item, codes::PORT, why);
                    all.push(item);
                }
            }
        }
        node.value = Value::List(all);
    }

    /// `external: {name: …}`, the old form.
    fn external(&mut self, node: &mut Node) {
        let Some(map) = node.map_mut() else { return };
        let Some(external) = map.get_mut("external").map(|entry| &mut entry.node) else { return };
        if external.map().is_none() {
            return;
        }
        let name = external.map_mut().and_then(|map| map.shift_remove("name"));
        external.value = Value::Bool(true);
        let Some(name) = name else { return };
        match map.get("name").map(|entry| &entry.node) {
            Some(own) if own.text() != name.node.text() => {
                let text = "`name` and `external.name` differ";
                let finding = Finding::new(codes::EXCLUSIVE, name.node.span, text);
                self.findings.add(finding.note(own.span, "the name is given here"));
            }
            Some(_) => {}
            None => {
                map.insert("name".into(), name);
            }
        }
    }
}

pub(super) fn map_of(fields: &[(&str, Value)], at: Span) -> Value {
    let entries =
        fields.iter().map(|(key, value)| ((*key).into(), Entry::implied(value.clone(), at)));
    Value::Map(entries.collect())
}

fn list_of_one(node: &mut Node) {
    if node.text().is_some() {
        node.value = Value::List(vec![node.clone()]);
    }
}

fn port(port: &short::Port, at: Span) -> Value {
    let mut fields = vec![("mode", Value::text("ingress"))];
    if !port.host.is_empty() {
        fields.push(("host_ip", Value::text(&port.host)));
    }
    fields.push(("target", Value::Int(port.target.into())));
    if !port.published.is_empty() {
        fields.push(("published", Value::text(&port.published)));
    }
    fields.push(("protocol", Value::text(&port.protocol)));
    map_of(&fields, at)
}

fn depends_on(node: &mut Node) {
    let condition = |at: Span| {
        let fields =
            [("condition", Value::text("service_started")), ("required", Value::Bool(true))];
        map_of(&fields, at)
    };
    match &mut node.value {
        Value::List(_) => node.value = Value::Map(names(node.clone(), condition)),
        Value::Map(map) => {
            for entry in map.values_mut() {
                let at = entry.node.span;
                let Some(map) = entry.node.map_mut() else { continue };
                let started = || Entry::implied(Value::text("service_started"), at);
                map.entry("condition".into()).or_insert_with(started);
                let required = || Entry::implied(Value::Bool(true), at);
                map.entry("required".into()).or_insert_with(required);
            }
        }
        _ => {}
    }
}

fn env_file(node: &mut Node) {
    list_of_one(node);
    let Value::List(list) = &mut node.value else { return };
    for item in list {
        let at = item.span;
        match &mut item.value {
            Value::Text(path) => {
                let fields = [("path", Value::Text(path.clone())), ("required", Value::Bool(true))];
                item.value = map_of(&fields, at);
            }
            Value::Map(map) => {
                let required = || Entry::implied(Value::Bool(true), at);
                map.entry("required".into()).or_insert_with(required);
            }
            _ => {}
        }
    }
}
