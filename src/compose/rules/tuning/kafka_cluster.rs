//! CV506.

use std::collections::HashMap;

use super::coordinators::{self, Cluster};
use super::kafka::{self, Server, Setting};
use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::rules::{EVERY, Rule};
use crate::compose::view::View;

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV506",
        name: "kafka-cluster",
        severity: Severity::Error,
        about: "Kafka's replication does not fit its number of brokers",
    },
    sets: EVERY,
    fix: None,
    why: "\
A topic cannot be made with more replicas than there are brokers. The topic that Kafka keeps consumers' offsets in is
made when the first consumer of a group comes, with `offsets.topic.replication.factor` replicas, 3 unless it is set.
With one broker that fails over and over: the broker runs, producers write, and consumers wait for ever.

Servers are one cluster if they share a ZooKeeper ensemble with its path, or a quorum of controllers. Per cluster:

- `OFFSETS_TOPIC_REPLICATION_FACTOR`, `TRANSACTION_STATE_LOG_REPLICATION_FACTOR`, `DEFAULT_REPLICATION_FACTOR` and
  `MIN_INSYNC_REPLICAS` are not above the number of brokers, replicas of services counted.
- The factor of offsets is set, with fewer than three brokers of Confluent's or Apache's image. The images of Bitnami,
  wurstmeister and Debezium start from Kafka's `server.properties`, which says 1; so they are not missed there.
- `MIN_INSYNC_REPLICAS` is not above `DEFAULT_REPLICATION_FACTOR`, and `TRANSACTION_STATE_LOG_MIN_ISR` not above
  `TRANSACTION_STATE_LOG_REPLICATION_FACTOR`: who waits for all replicas could write nothing. That the minimum for
  transactions is 2 unless it is set, with a factor of 1, is a warning: it stops transactions only.
- No two servers that run together have one `BROKER_ID` or `NODE_ID`: the second one ends when it registers.

An even number of ZooKeepers in one ensemble is a warning: four bear the loss of one, as three do, and two bear none.

Nothing is counted where the ensemble or a controller is not in the stack, or where a broker's image is not known.",
    bad: "\
services:
  kafka:
    image: apache/kafka:3.9.0
    environment:
      KAFKA_NODE_ID: 1
      KAFKA_PROCESS_ROLES: broker,controller
      KAFKA_LISTENERS: PLAINTEXT://:9092,CONTROLLER://:9093
      KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://kafka:9092
      KAFKA_CONTROLLER_LISTENER_NAMES: CONTROLLER
      KAFKA_CONTROLLER_QUORUM_VOTERS: 1@kafka:9093
",
    good: "\
services:
  kafka:
    image: apache/kafka:3.9.0
    environment:
      KAFKA_NODE_ID: 1
      KAFKA_PROCESS_ROLES: broker,controller
      KAFKA_LISTENERS: PLAINTEXT://:9092,CONTROLLER://:9093
      KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://kafka:9092
      KAFKA_CONTROLLER_LISTENER_NAMES: CONTROLLER
      KAFKA_CONTROLLER_QUORUM_VOTERS: 1@kafka:9093
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: 1
",
    check,
};

const OFFSETS: &str = "OFFSETS_TOPIC_REPLICATION_FACTOR";
const TRANSACTIONS: &str = "TRANSACTION_STATE_LOG_REPLICATION_FACTOR";
const TOPICS: &str = "DEFAULT_REPLICATION_FACTOR";
const IN_SYNC: &str = "MIN_INSYNC_REPLICAS";
const TRANSACTIONS_IN_SYNC: &str = "TRANSACTION_STATE_LOG_MIN_ISR";
/// What the two factors are where nothing is set (Kafka's manual, broker configs).
const DEFAULT_FACTOR: u64 = 3;

fn check(view: &View<'_>, findings: &mut Findings) {
    let servers = kafka::servers(view);
    for cluster in coordinators::clusters(view, &servers) {
        for server in cluster.servers.iter().filter(|server| server.is_broker) {
            let found = [factors(view, &cluster, server), in_sync(view, server)];
            let found = found.into_iter().flatten();
            findings.extend(found.map(|finding| finding.service(server.service.name)));
        }
        findings.extend(twins(view, &cluster));
    }
    for (service, given, count) in coordinators::even_ensembles(view) {
        let bears = count.saturating_sub(1) / 2;
        let text = format!(
            "an ensemble of {count} ZooKeepers bears the loss of {bears}, as one of {} does",
            count.saturating_sub(1)
        );
        let finding = given.finding(view, &RULE.code, text).severity(Severity::Warning);
        let help = format!("make them {} or {}", count.saturating_sub(1), count + 1);
        findings.add(finding.help(help).service(service.name));
    }
}

fn brokers(number: u64) -> String {
    format!("{number} broker{}", if number == 1 { "" } else { "s" })
}

/// Factors against the number of brokers.
fn factors(view: &View<'_>, cluster: &Cluster<'_, '_>, server: &Server<'_>) -> Vec<Finding> {
    let Some(count) = cluster.brokers().filter(|count| *count > 0) else { return Vec::new() };
    let mut found = Vec::new();
    for name in [OFFSETS, TRANSACTIONS, TOPICS, IN_SYNC] {
        let setting = server.setting(name);
        let Some(number) = setting.number().filter(|number| *number > count) else { continue };
        let variable = server.variable(name);
        let text = format!("`{variable}` of {number} with {}", brokers(count));
        let finding = setting.given().map(|given| given.finding(view, &RULE.code, text));
        found.extend(finding.map(|finding| finding.help(format!("use {count}"))));
    }
    let is_left = server.setting(OFFSETS).is_default() && server.has_factors_of_kafka();
    if is_left && count < DEFAULT_FACTOR {
        let variable = server.variable(OFFSETS);
        let text = format!(
            "`{}` leaves the replication of offsets at {DEFAULT_FACTOR}, with {}",
            server.service.name,
            brokers(count)
        );
        let finding = Finding::new(&RULE.code, server.service.key, text);
        found.push(finding.help(format!("set `{variable}: {count}`")));
    }
    found
}

/// Replicas that must be in sync against replicas that there are.
fn in_sync(view: &View<'_>, server: &Server<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let pairs = [(IN_SYNC, TOPICS), (TRANSACTIONS_IN_SYNC, TRANSACTIONS)];
    for (least_name, factor_name) in pairs {
        let (least, factor) = (server.setting(least_name), server.setting(factor_name));
        let (Some(least_number), Some(number)) = (least.number(), factor.number()) else {
            continue;
        };
        if least_number <= number {
            continue;
        }
        let text = format!(
            "`{}` of {least_number} is more than `{}` of {number}",
            server.variable(least_name),
            server.variable(factor_name)
        );
        let finding = least.given().map(|given| given.finding(view, &RULE.code, text));
        let finding = finding.zip(factor.node()).map(|(finding, node)| {
            finding.note(node.span, "the factor is set here").help(format!("use {number} at most"))
        });
        found.extend(finding);
    }
    let factor = server.setting(TRANSACTIONS);
    let is_left =
        server.setting(TRANSACTIONS_IN_SYNC).is_default() && server.has_factors_of_kafka();
    if is_left && factor.number() == Some(1) {
        let variable = server.variable(TRANSACTIONS_IN_SYNC);
        let text =
            format!("a factor of 1, and `{variable}` left at 2: no transaction can be written");
        let finding = factor.given().map(|given| given.finding(view, &RULE.code, text));
        let finding = finding.map(|finding| finding.severity(Severity::Warning));
        found.extend(finding.map(|finding| finding.help(format!("set `{variable}: 1`"))));
    }
    found
}

/// Servers with the same number.
fn twins(view: &View<'_>, cluster: &Cluster<'_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut known: HashMap<u64, Vec<(&Server<'_>, Setting<'_>)>> = HashMap::new();
    for server in &cluster.servers {
        let names =
            if server.is_kraft { ["NODE_ID", "BROKER_ID"] } else { ["BROKER_ID", "NODE_ID"] };
        let settings = names.map(|name| server.setting(name));
        let Some(setting) = settings.into_iter().find(|setting| setting.number().is_some()) else {
            continue;
        };
        let (Some(id), Some(given)) = (setting.number(), setting.given()) else { continue };
        let replicas = server.service.replicas();
        let others = known.entry(id).or_default();
        let other =
            others.iter().find(|(other, _)| view.run_together(&other.service, &server.service));
        let text = match other {
            Some((other, _)) => {
                format!("id {id} is that of `{}` in this cluster too", other.service.name)
            }
            None if replicas > 1 => format!("{replicas} replicas have the same id {id}"),
            None => {
                others.push((*server, setting));
                continue;
            }
        };
        let mut finding = given.finding(view, &RULE.code, text).service(server.service.name);
        if let Some(node) = other.and_then(|(_, setting)| setting.node()) {
            finding = finding.note(node.span, "the first one is here");
        }
        found.push(finding.help("give each its own"));
    }
    found
}

#[cfg(test)]
mod tests;
