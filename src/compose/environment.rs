//! The files of variables and labels that services name, read into the services.

use std::collections::HashMap;
use std::path::Path;

use super::dotenv;
use super::load::Loader;
use super::node::{Entry, Map, Node, Value};
use super::source::Span;
use super::variables::{Variables, bad_line};
use super::{codes, open};

impl Loader {
    /// `env_file` below `environment`, as Compose resolves them for a service.
    pub(super) fn read_env_files(&mut self, service: &mut Node, shell: &Variables) {
        let files = list(service, "env_file");
        let own = service.get("environment").and_then(Node::map).cloned().unwrap_or_default();
        let mut found: HashMap<String, Option<(String, Span)>> = HashMap::new();
        let mut order: Vec<String> = Vec::new();
        for file in &files {
            let Some(path) = file.get("path").and_then(Node::text) else { continue };
            let is_optional =
                file.get("required").is_some_and(|node| matches!(node.value, Value::Bool(false)));
            let format = file.get("format").and_then(Node::text).unwrap_or_default();
            let Some(opened) = self.open_for(file, Path::new(path), is_optional) else {
                continue;
            };
            let lookup = |name: &str| {
                let of_service = || own.get(name).and_then(|entry| entry.node.text());
                let before = || found.get(name)?.as_ref().map(|(value, _)| value.as_str());
                shell.get(name).or_else(of_service).or_else(before).map(str::to_owned)
            };
            let text = &self.sources.get(opened).text;
            let lines = match format {
                "" | ".env" => dotenv::parse(text, &lookup),
                "raw" => dotenv::raw(text, &lookup),
                other => {
                    let text = format!("there is no format `{other}`: leave it out, or say `raw`");
                    let at = file.get("format").unwrap_or(file);
                    self.findings.add(at.finding(codes::VALUE, text));
                    continue;
                }
            };
            match lines {
                Ok(lines) => {
                    for line in lines {
                        let (start, end) = (line.start as u32, line.end as u32);
                        let at = Span { file: opened, start, end };
                        order.push(line.name.clone());
                        found.insert(line.name, Some((line.value, at)));
                    }
                }
                Err(bad) => self.findings.add(bad_line(opened, &bad)),
            }
        }
        let Some(map) = service.map_mut() else { return };
        let mut all = Map::new();
        for name in order {
            if let Some((value, at)) = found.get_mut(&name).and_then(Option::take) {
                all.insert(name.as_str().into(), Entry::implied(Value::text(&value), at));
            }
        }
        for (name, entry) in own {
            all.insert(name, entry);
        }
        if let Some(environment) = map.get_mut("environment") {
            if !environment.node.is_bad() {
                environment.node.value = Value::Map(all);
            }
        } else if !all.is_empty() {
            let at = all.values().next().map(|entry| entry.key);
            if let Some(at) = at {
                map.insert("environment".into(), Entry::implied(Value::Map(all), at));
            }
        }
    }

    /// `label_file` below `labels`.
    pub(super) fn read_label_files(&mut self, service: &mut Node) {
        let mut all = Map::new();
        for file in list(service, "label_file") {
            let Some(path) = file.text() else { continue };
            let Some(opened) = self.open_for(&file, Path::new(path), false) else { continue };
            let known = |name: &str| {
                let entry: Option<&Entry> = all.get(name);
                entry.and_then(|entry| entry.node.text()).map(str::to_owned)
            };
            match dotenv::parse(&self.sources.get(opened).text, &known) {
                Ok(lines) => {
                    for line in lines {
                        let (start, end) = (line.start as u32, line.end as u32);
                        let at = Span { file: opened, start, end };
                        let entry = Entry::implied(Value::text(&line.value), at);
                        all.insert(line.name.as_str().into(), entry);
                    }
                }
                Err(bad) => self.findings.add(bad_line(opened, &bad)),
            }
        }
        let Some(at) = all.values().next().map(|entry| entry.key) else { return };
        let Some(map) = service.map_mut() else { return };
        let labels = map
            .entry("labels".into())
            .or_insert_with(|| Entry::implied(Value::Map(Map::new()), at));
        if let Some(own) = labels.node.map_mut() {
            all.extend(std::mem::take(own));
            *own = all;
        }
    }

    fn open_for(&mut self, at: &Node, path: &Path, is_optional: bool) -> Option<u32> {
        match self.open(path) {
            Ok(file) => Some(file),
            Err(open::Unreadable::Io(e))
                if is_optional && e.kind() == std::io::ErrorKind::NotFound =>
            {
                None
            }
            Err(why) => {
                let shown = path.strip_prefix(&self.current).unwrap_or(path).display();
                let text = format!("cannot read {shown}: {why}");
                self.findings.add(at.finding(codes::MISSING_FILE, text));
                None
            }
        }
    }
}

fn list(service: &Node, key: &str) -> Vec<Node> {
    service.get(key).and_then(Node::list).unwrap_or_default().to_vec()
}
