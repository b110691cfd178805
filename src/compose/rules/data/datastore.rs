//! Which services keep data.

use crate::compose::images::Kind;
use crate::compose::view::Service;

/// Whether its image is known to keep data, or to hand it on.
pub(super) fn is_datastore(service: &Service<'_>) -> bool {
    use Kind::{Broker, Cache, Coordinator, Database, Metrics, ObjectStore, Registry};
    let kind = service.known().kind();
    matches!(kind, Some(Database | Cache | Broker | Coordinator | ObjectStore | Metrics | Registry))
}

/// Programs that an image of a datastore also holds, and that end or only talk to the server.
const CLIENTS: &[&str] = &[
    "psql",
    "pg_dump",
    "pg_dumpall",
    "pg_restore",
    "pg_isready",
    "pg_basebackup",
    "createdb",
    "mysql",
    "mysqldump",
    "mysqladmin",
    "mariadb",
    "mariadb-dump",
    "mongo",
    "mongosh",
    "mongodump",
    "mongorestore",
    "mongoimport",
    "redis-cli",
    "redis-benchmark",
    "redis-sentinel",
    "valkey-cli",
    "valkey-sentinel",
    "cqlsh",
    "nodetool",
    "clickhouse-client",
    "clickhouse-keeper",
    "cypher-shell",
    "influx",
    "etcdctl",
    "mc",
    "rabbitmqadmin",
    "rabbitmqctl",
    "promtool",
    "curl",
    "sleep",
    "tail",
    "cat",
    "echo",
    "true",
];

/// Programs that serve, or hand over to those that do.
const SERVERS: &[&str] = &[
    "docker-entrypoint.sh",
    "entrypoint.sh",
    "redis-server",
    "valkey-server",
    "mongod",
    "mysqld",
    "mariadbd",
    "postgres",
    "clickhouse-server",
    "rabbitmq-server",
    "etcd",
    "influxd",
    "prometheus",
];

/// Whether it runs the server of its image, and not one of the clients that are in there too. What is not known to
/// serve, after the entry point was changed or a shell was put before it, does not.
pub(super) fn serves(service: &Service<'_>) -> bool {
    let words = service.words();
    let Some(first) = words.first() else { return true };
    let parts: Vec<&str> =
        words.iter().flat_map(|word| word.text.split([' ', '\t', '\n', ';', '&'])).collect();
    let name = |word: &'_ str| word.rsplit('/').next().unwrap_or_default().to_owned();
    let has_server = parts.iter().any(|part| SERVERS.contains(&name(part).as_str()))
        || parts.windows(2).any(|pair| name(pair[0]) == "minio" && pair[1] == "server")
        || parts
            .iter()
            .any(|part| matches!(*part, "/etc/confluent/docker/run" | "/etc/kafka/docker/run"));
    let first = name(first.text.split_whitespace().next().unwrap_or_default());
    let is_shell = matches!(first.as_str(), "sh" | "bash" | "ash" | "dash" | "env" | "tini");
    if CLIENTS.contains(&first.as_str()) {
        return false;
    }
    let has_own_entrypoint = !service.list(&["entrypoint"]).is_empty();
    // Tools of Kafka and of ZooKeeper: `kafka-topics --create …`.
    let is_tool = first.starts_with("kafka-") || first.starts_with("zookeeper-shell");
    if is_shell || has_own_entrypoint || is_tool {
        let is_client = parts.iter().any(|part| CLIENTS.contains(&name(part).as_str()));
        return has_server && (!is_client || parts.contains(&"exec"));
    }
    true
}
