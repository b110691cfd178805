//! Kafka's brokers and controllers, as the images' variables make them.

use std::collections::BTreeSet;

use super::lines::{self, Given};
use crate::compose::node::Node;
use crate::compose::view::{Service, Variable, View};

/// Whose image it is. Each makes `server.properties` of variables in its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// `KAFKA_…` only: the file is made anew (confluentinc/kafka-images, kafka.properties.template). What is not set has
    /// Kafka's own default.
    Confluent,
    /// The same, if there is any variable (apache/kafka, KafkaDockerWrapper.scala, `prepareServerConfigs`).
    Apache,
    /// `KAFKA_CFG_…`, or `KAFKA_…` for many (bitnami/containers, libkafka.sh), on top of a file that sets factors to 1
    /// and has listeners.
    Bitnami,
    /// `KAFKA_…` on top of Kafka's `config/server.properties`, which sets factors to 1 and no listeners
    /// (wurstmeister/kafka-docker, start-kafka.sh).
    Wurstmeister,
    /// The same, with listeners of its own (debezium/container-images, docker-entrypoint.sh).
    Debezium,
}

const IMAGES: [(&str, Family); 11] = [
    ("cp-kafka", Family::Confluent),
    ("cp-server", Family::Confluent),
    ("cp-enterprise-kafka", Family::Confluent),
    ("apache/kafka", Family::Apache),
    ("apache/kafka-native", Family::Apache),
    ("bitnami/kafka", Family::Bitnami),
    ("bitnamilegacy/kafka", Family::Bitnami),
    ("bitnamisecure/kafka", Family::Bitnami),
    ("wurstmeister/kafka", Family::Wurstmeister),
    ("debezium/kafka", Family::Debezium),
    ("debezium/kafka-arm64", Family::Debezium),
];

/// What a command that is not the image's own calls to start the server.
const STARTS: [&str; 5] =
    ["/etc/confluent/docker/run", "kafka-server-start", "start-kafka", "kafka/run.sh", "/run.sh"];

/// Where a mount may change what the variables say.
const FILES: [&str; 5] = [
    "/mnt/shared/config",
    "/etc/confluent/docker",
    "/bitnami/kafka/config",
    "/opt/bitnami/kafka/config",
    "/opt/kafka/config",
];

/// A broker, a controller, or both in one.
#[derive(Debug)]
pub(super) struct Server<'m> {
    pub(super) service: Service<'m>,
    pub(super) family: Family,
    pub(super) is_broker: bool,
    /// Without ZooKeeper.
    pub(super) is_kraft: bool,
    variables: Vec<Variable<'m>>,
    /// The variables are all that it is told.
    is_open: bool,
}

/// What a server is told of one thing.
#[derive(Debug, Clone, Copy)]
pub(super) enum Setting<'m> {
    /// Nothing, and Kafka's own default holds.
    Default,
    /// Something that is not in the stack, or nothing that can be read.
    Unknown,
    This(Variable<'m>, &'m str),
}

impl<'m> Setting<'m> {
    pub(super) fn text(self) -> Option<&'m str> {
        match self {
            Self::This(_, text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn node(self) -> Option<&'m Node> {
        match self {
            Self::This(variable, _) => Some(variable.node),
            _ => None,
        }
    }

    pub(super) fn is_default(self) -> bool {
        matches!(self, Self::Default)
    }

    pub(super) fn number(self) -> Option<u64> {
        self.text()?.parse().ok()
    }

    /// All of it, as something that findings can be at.
    pub(super) fn given(self) -> Option<Given<'m>> {
        match self {
            Self::This(variable, _) => Given::of(&variable),
            _ => None,
        }
    }

    /// A part of it.
    pub(super) fn part(self, text: &'m str) -> Option<Given<'m>> {
        let node = self.node()?;
        Some(Given { written: text.to_owned(), value: text, node })
    }

    /// `A,B` as names, without regard to capitals.
    pub(super) fn names(self) -> BTreeSet<String> {
        let parts = self.text().unwrap_or_default().split(',').map(str::trim);
        parts.filter(|name| !name.is_empty()).map(str::to_ascii_uppercase).collect()
    }
}

/// All servers of a stack whose images are known.
pub(super) fn servers<'m>(view: &View<'m>) -> Vec<Server<'m>> {
    view.services.iter().filter_map(|service| Server::of(view, service)).collect()
}

pub(super) fn family(service: &Service<'_>) -> Option<Family> {
    let known = IMAGES.iter().find(|(name, _)| lines::image_ends_with(service, name));
    known.map(|(_, family)| *family).filter(|_| !service.is_built())
}

impl<'m> Server<'m> {
    fn of(view: &View<'_>, service: &Service<'m>) -> Option<Self> {
        let family = family(service)?;
        let words = service.words();
        let starts = words.iter().any(|word| STARTS.iter().any(|start| word.text.contains(start)));
        if !words.is_empty() && !starts {
            return None;
        }
        let has_file = service.mounts().iter().any(|mount| {
            mount.target.ends_with(".properties")
                || FILES.iter().any(|path| mount.target.starts_with(path) || mount.holds(path))
        });
        let is_open = words.is_empty() && !has_file && lines::knows_environment(view, service);
        let mut server = Self {
            service: *service,
            family,
            is_broker: true,
            is_kraft: false,
            variables: service.environment(),
            is_open,
        };
        match server.setting("PROCESS_ROLES") {
            Setting::This(_, roles) => {
                server.is_kraft = true;
                server.is_broker = roles.split(',').any(|role| role.trim() == "broker");
            }
            Setting::Default => {}
            // Those whose images have roles of their own are told apart by what else they are told.
            Setting::Unknown if matches!(family, Family::Bitnami | Family::Debezium) => {
                server.is_kraft = server.setting("ZOOKEEPER_CONNECT").text().is_none();
            }
            Setting::Unknown => return None,
        }
        Some(server)
    }

    /// `ADVERTISED_LISTENERS`: the name without what the images put before it.
    pub(super) fn setting(&self, name: &str) -> Setting<'m> {
        let is_named = |variable: &&Variable<'_>| match variable.name.strip_prefix("KAFKA_") {
            Some(rest) => {
                let of_bitnami =
                    (self.family == Family::Bitnami).then(|| rest.strip_prefix("CFG_"));
                rest == name || of_bitnami.flatten() == Some(name)
            }
            // These three are the image's own, and count more than Kafka's.
            None if self.family == Family::Debezium => {
                matches!(name, "BROKER_ID" | "NODE_ID" | "ZOOKEEPER_CONNECT")
                    && variable.name == name
            }
            None => false,
        };
        let mut found = self.variables.iter().filter(is_named);
        match (found.next(), found.next()) {
            (Some(variable), None) => match variable.value.map(str::trim) {
                Some(value) if !value.is_empty() => Setting::This(*variable, value),
                _ => Setting::Unknown,
            },
            (None, _) if self.is_open && self.has_defaults_of_kafka() => Setting::Default,
            _ => Setting::Unknown,
        }
    }

    /// What is not set has Kafka's own default, of factors apart.
    fn has_defaults_of_kafka(&self) -> bool {
        !matches!(self.family, Family::Bitnami | Family::Debezium)
    }

    /// Factors that are not set are Kafka's own, not 1.
    pub(super) fn has_factors_of_kafka(&self) -> bool {
        matches!(self.family, Family::Confluent | Family::Apache)
    }

    /// The variable that says something, as the image calls it.
    pub(super) fn variable(&self, name: &str) -> String {
        let prefix = if self.family == Family::Bitnami { "KAFKA_CFG_" } else { "KAFKA_" };
        format!("{prefix}{name}")
    }
}

/// One of `NAME://host:port,…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listener<'m> {
    /// In capitals, as Kafka compares them.
    pub(super) name: String,
    /// Empty: every address, or the container's own name.
    pub(super) host: &'m str,
    pub(super) port: u16,
    /// As it is written.
    pub(super) text: &'m str,
}

/// The listeners of a list; `None` if one of them cannot be read, and nothing is to be said of the others.
pub(super) fn listeners(text: &str) -> Option<Vec<Listener<'_>>> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    let all: Option<Vec<_>> = items.map(listener).collect();
    all.filter(|all| !all.is_empty())
}

fn listener(text: &str) -> Option<Listener<'_>> {
    let (name, rest) = text.split_once("://")?;
    let (host, port) = rest.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let is_host = |c: char| is_name(c) || matches!(c, ':' | '%');
    let is_readable = !name.is_empty() && name.chars().all(is_name) && host.chars().all(is_host);
    let port = port.parse().ok()?;
    is_readable.then(|| Listener { name: name.to_ascii_uppercase(), host, port, text })
}

/// The names that other containers reach a service by.
pub(super) fn names<'m>(service: &Service<'m>) -> Vec<&'m str> {
    let own = [Some(service.name), service.text(&["container_name"]), service.text(&["hostname"])];
    let networks = service.map(&["networks"]);
    let aliases = networks.filter_map(|(_, entry)| entry.node.get("aliases")?.list()).flatten();
    own.into_iter().flatten().chain(aliases.filter_map(Node::text)).collect()
}

pub(super) fn is_local(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.starts_with("127.") || host == "::1"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_have_names_hosts_and_ports() {
        let read = |text| {
            let all = listeners(text)?;
            Some(
                all.iter().map(|l| format!("{} {} {}", l.name, l.host, l.port)).collect::<Vec<_>>(),
            )
        };
        for (text, wanted) in [
            ("PLAINTEXT://kafka:9092", Some(vec!["PLAINTEXT kafka 9092"])),
            ("a://:9092, B://0.0.0.0:9093,", Some(vec!["A  9092", "B 0.0.0.0 9093"])),
            ("SSL://[::1]:9092", Some(vec!["SSL ::1 9092"])),
            ("ignored", None),
            ("", None),
            (",", None),
            ("://kafka:9092", None),
            ("PLAINTEXT://kafka", None),
            ("PLAINTEXT://kafka:", None),
            ("PLAINTEXT://kafka:99999", None),
            ("PLAINTEXT://_{HOSTNAME_COMMAND}:9092", None),
            ("PLAINTEXT://$(hostname):9092", None),
        ] {
            let wanted = wanted.map(|all| all.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(read(text), wanted, "{text}");
        }
    }
}
