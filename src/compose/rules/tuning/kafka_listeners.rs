//! CV505.

mod neighbours;

use std::collections::BTreeSet;

use super::kafka::{self, Family, Listener, Server, Setting};
use neighbours::{Brokers, Clients, cluster};

use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::node::Node;
use crate::compose::rules::{EVERY, Rule};
use crate::compose::view::{Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV505",
        name: "kafka-listeners",
        severity: Severity::Error,
        about: "Kafka's listeners contradict each other, or send clients where nobody listens",
    },
    sets: EVERY,
    fix: None,
    why: "\
A client of Kafka connects twice: first to the address that it was given, and then to the address that the broker
*advertises* for the listener it came in by. When that second address is wrong, the port answers, a health check
passes, and yet no message goes through.

Kafka itself checks these when it starts, and ends with a `ConfigException` or an `IllegalArgumentException`
(`KafkaConfig`, `validateValues`):

- Each name in `ADVERTISED_LISTENERS` is in `LISTENERS`. Where `LISTENERS` is not set, Confluent's and Apache's images
  make it of the advertised ones; wurstmeister's refuses to start.
- Each name is in `LISTENER_SECURITY_PROTOCOL_MAP`. Where that is not set, only the four protocols are names, and with
  KRaft those of the controllers.
- `INTER_BROKER_LISTENER_NAME` is the name of an advertised listener. Where it is not set, the brokers talk over the
  one that is called as `SECURITY_INTER_BROKER_PROTOCOL` says, `PLAINTEXT` if nothing does.
- Nothing is advertised as `0.0.0.0`.

What Kafka cannot see is looked at too:

- A broker that advertises the name of another broker is an error.
- A listener that is advertised as `localhost`, or by a name that nothing in the stack has, while another service
  connects to its port by the broker's name, is a warning: that service is sent to itself, or nowhere.
- So is the listener between brokers as `localhost`, where the stack has another broker of the cluster.

The variables are `KAFKA_…`, and `KAFKA_CFG_…` of Bitnami's image. The images of Confluent, Apache, Bitnami,
wurstmeister and Debezium are known; nothing is said of others, of images that are built here, and of values that are
not in the stack.",
    bad: "\
services:
  kafka:
    image: confluentinc/cp-kafka:7.7.1
    environment:
      KAFKA_ZOOKEEPER_CONNECT: zookeeper:2181
      KAFKA_LISTENERS: PLAINTEXT://0.0.0.0:29092,HOST://0.0.0.0:9092
      KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://kafka:29092,HOST://localhost:9092
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: PLAINTEXT:PLAINTEXT
",
    good: "\
services:
  kafka:
    image: confluentinc/cp-kafka:7.7.1
    environment:
      KAFKA_ZOOKEEPER_CONNECT: zookeeper:2181
      KAFKA_LISTENERS: PLAINTEXT://0.0.0.0:29092,HOST://0.0.0.0:9092
      KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://kafka:29092,HOST://localhost:9092
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: PLAINTEXT:PLAINTEXT,HOST:PLAINTEXT
",
    check,
};

const PROTOCOLS: [&str; 4] = ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"];

fn check(view: &View<'_>, findings: &mut Findings) {
    let servers = kafka::servers(view);
    if servers.is_empty() {
        return;
    }
    let brokers = Brokers::of(&servers);
    let clients = Clients::of(view);
    for server in servers.iter().filter(|server| server.is_broker) {
        let Some(told) = Told::of(server) else { continue };
        let mut found = Vec::new();
        found.extend(told.not_bound(view));
        found.extend(told.not_mapped(view));
        found.extend(told.between_brokers(view));
        found.extend(told.wrong_hosts(view, &brokers));
        let alone = told.alone(view, &brokers);
        if alone.is_none() {
            found.extend(told.sent_astray(view, &clients));
        }
        found.extend(alone);
        findings.extend(found.into_iter().map(|finding| finding.service(server.service.name)));
    }
}

/// What a broker is told of its listeners.
struct Told<'s, 'm> {
    server: &'s Server<'m>,
    advertised_by: Setting<'m>,
    bound_by: Setting<'m>,
    /// Without those of controllers, which are never for clients.
    advertised: Vec<Listener<'m>>,
    /// `None` where nobody can tell.
    bound: Option<Vec<Listener<'m>>>,
    controllers: BTreeSet<String>,
}

impl<'s, 'm> Told<'s, 'm> {
    fn of(server: &'s Server<'m>) -> Option<Self> {
        let controllers = server.setting("CONTROLLER_LISTENER_NAMES");
        if server.is_kraft && controllers.text().is_none() {
            return None;
        }
        let (advertised_by, bound_by) =
            (server.setting("ADVERTISED_LISTENERS"), server.setting("LISTENERS"));
        let bound = bound_by.text().map(kafka::listeners);
        // What Kafka takes where nothing is advertised.
        let advertised = match advertised_by {
            Setting::This(_, text) => kafka::listeners(text)?,
            Setting::Default => bound.clone()??,
            Setting::Unknown => return None,
        };
        let bound = match bound {
            Some(bound) => bound,
            // What the images make of the advertised ones.
            None if bound_by.is_default() && server.family != Family::Wurstmeister => {
                Some(advertised.clone())
            }
            None => None,
        };
        let controllers = controllers.names();
        let advertised =
            advertised.into_iter().filter(|one| !controllers.contains(&one.name)).collect();
        Some(Self { server, advertised_by, bound_by, advertised, bound, controllers })
    }

    /// The setting that an advertised listener stands in.
    fn source(&self) -> Setting<'m> {
        if self.advertised_by.is_default() { self.bound_by } else { self.advertised_by }
    }

    fn at(&self, view: &View<'_>, listener: &Listener<'m>, text: String) -> Option<Finding> {
        let given = self.source().part(listener.text)?;
        Some(given.finding(view, &RULE.code, text))
    }

    fn not_bound(&self, view: &View<'_>) -> Vec<Finding> {
        let listeners = self.server.variable("LISTENERS");
        if self.bound_by.is_default() && self.server.family == Family::Wurstmeister {
            let has_host = !self.server.setting("ADVERTISED_HOST_NAME").is_default();
            let given = self.advertised_by.given().filter(|_| !has_host);
            let text =
                format!("this image does not start with advertised listeners but no `{listeners}`");
            let help = format!("set `{listeners}`, with `0.0.0.0` as the host of each");
            return given
                .map(|g| g.finding(view, &RULE.code, text).help(help))
                .into_iter()
                .collect();
        }
        let Some(bound) = &self.bound else { return Vec::new() };
        let is_bound = |one: &&Listener<'_>| bound.iter().any(|other| other.name == one.name);
        let missing = self.advertised.iter().filter(|one| !is_bound(one)).filter_map(|one| {
            let name = &one.name;
            let text = format!("`{name}` is advertised, but no listener in `{listeners}`");
            let finding = self.at(view, one, text)?;
            let help = format!("add `{name}://0.0.0.0:{}` there", one.port);
            Some(noted(finding, self.bound_by.node(), "the listeners are set here").help(help))
        });
        missing.collect()
    }

    fn not_mapped(&self, view: &View<'_>) -> Vec<Finding> {
        let setting = self.server.setting("LISTENER_SECURITY_PROTOCOL_MAP");
        let bound = self.bound.iter().flatten();
        let listeners = self.advertised.iter().chain(bound);
        match setting {
            Setting::Unknown => Vec::new(),
            Setting::Default => {
                let is_known = |one: &&Listener<'_>| {
                    PROTOCOLS.contains(&one.name.as_str()) || self.controllers.contains(&one.name)
                };
                let mut seen = BTreeSet::new();
                let unknown =
                    listeners.filter(|one| !is_known(one) && seen.insert(one.name.clone()));
                let map = self.server.variable("LISTENER_SECURITY_PROTOCOL_MAP");
                let found = unknown.filter_map(|one| {
                    let text = format!("`{}` is no protocol, and there is no `{map}`", one.name);
                    let of = |setting: Setting<'m>| {
                        setting.part(one.text).filter(|given| {
                            given.node.text().is_some_and(|text| text.contains(one.text))
                        })
                    };
                    let given = of(self.source()).or_else(|| of(self.bound_by))?;
                    let help = format!("set `{map}`, with `{}:PLAINTEXT` for this one", one.name);
                    Some(given.finding(view, &RULE.code, text).help(help))
                });
                found.collect()
            }
            Setting::This(_, map) => {
                let pairs: Option<Vec<(&str, &str)>> = map
                    .split(',')
                    .map(str::trim)
                    .filter(|p| !p.is_empty())
                    .map(|p| p.split_once(':'))
                    .collect();
                let Some(pairs) = pairs else { return Vec::new() };
                let mapped: BTreeSet<String> =
                    pairs.iter().map(|(name, _)| name.trim().to_ascii_uppercase()).collect();
                let used = listeners.map(|one| &one.name).chain(&self.controllers);
                let missing: BTreeSet<&String> =
                    used.filter(|name| !mapped.contains(*name)).collect();
                let found =
                    missing.into_iter().filter_map(|name| {
                        let text = format!("the map has no protocol for the listener `{name}`");
                        let finding = setting.given()?.finding(view, &RULE.code, text);
                        let finding =
                            noted(finding, self.source().node(), "the listeners are set here");
                        Some(finding.help(format!(
                            "add `{name}:PLAINTEXT`, or the protocol that it speaks"
                        )))
                    });
                found.collect()
            }
        }
    }

    fn between_brokers(&self, view: &View<'_>) -> Option<Finding> {
        let is_advertised =
            |name: &str| self.advertised.iter().any(|one| one.name.eq_ignore_ascii_case(name));
        let names: Vec<String> =
            self.advertised.iter().map(|one| format!("`{}`", one.name)).collect();
        let variable = self.server.variable("INTER_BROKER_LISTENER_NAME");
        let setting = self.server.setting("INTER_BROKER_LISTENER_NAME");
        match setting {
            Setting::This(_, name) if !is_advertised(name) => {
                let text = format!("`{name}` is to be between brokers, but it is not advertised");
                let finding = setting.part(name)?.finding(view, &RULE.code, text);
                let finding =
                    noted(finding, self.source().node(), "the advertised ones are set here");
                Some(finding.help(format!("advertise it, or name one of {}", names.join(", "))))
            }
            Setting::Default => {
                let protocol = match self.server.setting("SECURITY_INTER_BROKER_PROTOCOL") {
                    Setting::This(_, protocol) => protocol,
                    Setting::Default => "PLAINTEXT",
                    Setting::Unknown => return None,
                };
                if is_advertised(protocol) {
                    return None;
                }
                let text = format!(
                    "brokers talk over `{protocol}` unless `{variable}` is set, and it is not advertised"
                );
                let finding = self.source().given()?.finding(view, &RULE.code, text);
                Some(finding.help(format!("set `{variable}` to one of {}", names.join(", "))))
            }
            _ => None,
        }
    }

    fn wrong_hosts(&self, view: &View<'_>, brokers: &Brokers<'_, '_>) -> Vec<Finding> {
        let own = self.server.service.name;
        let found = self.advertised.iter().filter_map(|one| {
            if one.host == "0.0.0.0" {
                let text =
                    "`0.0.0.0` cannot be advertised: it is no address to connect to".to_owned();
                let help = format!("advertise `{}://{own}:{}`", one.name, one.port);
                return Some(self.at(view, one, text)?.help(help));
            }
            let owners = brokers.by_name.get(one.host)?;
            if owners.iter().any(|owner| owner.service.name == own) {
                return None;
            }
            let text = format!("the advertised host `{}` is another broker", one.host);
            let help = format!("advertise `{}://{own}:{}`", one.name, one.port);
            let finding = self.at(view, one, text)?.help(help);
            Some(finding.note(owners.first()?.service.key, "that broker is here"))
        });
        found.collect()
    }

    /// Listeners by which another container comes in, to be sent to where the broker is not.
    fn sent_astray(&self, view: &View<'_>, clients: &Clients<'_>) -> Vec<Finding> {
        let service = &self.server.service;
        let Some(bound) = &self.bound else { return Vec::new() };
        if service.text(&["network_mode"]).is_some() {
            return Vec::new();
        }
        let found = self.advertised.iter().filter_map(|one| {
            let port = bound.iter().find(|other| other.name == one.name)?.port;
            let where_to = if kafka::is_local(one.host) {
                "itself"
            } else if clients.is_nobody(one.host) {
                "which is nothing in the stack"
            } else {
                return None;
            };
            let (name, client) = kafka::names(service).into_iter().find_map(|name| {
                let all = clients.by_address.get(&(name, port))?;
                let other = |(client, _): &&(&Service<'_>, &Node)| {
                    client.name != service.name && view.run_together(client, service)
                };
                Some((name, all.iter().find(other)?))
            })?;
            let (client, node) = client;
            let to = format!("{}:{}", one.host, one.port);
            let text = format!(
                "`{}` connects to {name}:{port} and is sent on to {to}, {where_to}",
                client.name
            );
            let finding = self.at(view, one, text)?.severity(Severity::Warning);
            let help = "let it connect to a listener that is advertised by the service's name";
            Some(finding.note(node.span, "it connects here").help(help))
        });
        found.collect()
    }

    /// Brokers that would look for each other on their own `localhost`.
    fn alone(&self, view: &View<'_>, brokers: &Brokers<'_, '_>) -> Option<Finding> {
        let own = self.server;
        let name = match own.setting("INTER_BROKER_LISTENER_NAME") {
            Setting::This(_, name) => name,
            Setting::Default => "PLAINTEXT",
            Setting::Unknown => return None,
        };
        let one = self.advertised.iter().find(|one| one.name.eq_ignore_ascii_case(name))?;
        if !kafka::is_local(one.host) || !is_in_network(own) {
            return None;
        }
        let other = brokers.by_cluster.get(&cluster(own)?)?.iter().find(|other| {
            other.service.name != own.service.name
                && is_in_network(other)
                && view.run_together(&other.service, &own.service)
        })?;
        let to = format!("{}:{}", one.host, one.port);
        let text = format!("other brokers look for this one at {to}, which is themselves");
        let finding = self.at(view, one, text)?.severity(Severity::Warning);
        let help = format!("advertise `{}://{}:{}`", one.name, own.service.name, one.port);
        Some(finding.note(other.service.key, "one of them is here").help(help))
    }
}

fn is_in_network(server: &Server<'_>) -> bool {
    server.service.text(&["network_mode"]).is_none()
}

fn noted(finding: Finding, node: Option<&Node>, text: &str) -> Finding {
    match node {
        Some(node) => finding.note(node.span, text),
        None => finding,
    }
}

#[cfg(test)]
mod tests;
