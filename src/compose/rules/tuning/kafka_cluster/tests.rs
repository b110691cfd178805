use crate::compose::rules::testing::of;

/// Brokers with one ZooKeeper, each with variables in braces.
fn stack(image: &str, brokers: &[&str]) -> Vec<String> {
    let broker = |(at, variables): (usize, &&str)| {
        let zookeeper = "KAFKA_ZOOKEEPER_CONNECT: \"zk:2181\"";
        format!("  k{at}:\n    image: {image}\n    environment: {{{zookeeper}{variables}}}\n")
    };
    let brokers: Vec<String> = brokers.iter().enumerate().map(broker).collect();
    let text = format!("services:\n  zk: {{image: zookeeper}}\n{}", brokers.concat());
    of("CV506", &text)
}

const CONFLUENT: &str = "confluentinc/cp-kafka:7.7.1";
const ONE: &str = ", KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: 1";
const TWO: &str = ", KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: 2";

#[test]
fn factors_are_not_above_the_number_of_brokers() {
    assert_eq!(stack(CONFLUENT, &[ONE]), [""; 0]);
    assert_eq!(
        stack(CONFLUENT, &[TWO]),
        ["5:95 error `KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR` of 2 with 1 broker"]
    );
    assert_eq!(stack(CONFLUENT, &[TWO, TWO]), [""; 0]);
    for (name, is_found) in [
        ("KAFKA_DEFAULT_REPLICATION_FACTOR", true),
        ("KAFKA_MIN_INSYNC_REPLICAS", true),
        ("KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR", true),
        ("KAFKA_NUM_PARTITIONS", false),
    ] {
        let found = stack(CONFLUENT, &[&format!("{ONE}, {name}: 3")]);
        assert_eq!(found.len(), usize::from(is_found), "{name}");
    }
    for odd in ["''", "many", "-1", "99999999999999999999"] {
        let found = stack(
            CONFLUENT,
            &[&format!(", KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: \"{}\"", odd.trim_matches('\''))],
        );
        assert_eq!(found, [""; 0], "{odd}");
    }
}

#[test]
fn three_is_the_factor_of_offsets_unless_it_is_set() {
    let error = "3:3 error `k0` leaves the replication of offsets at 3, with 1 broker";
    assert_eq!(stack(CONFLUENT, &[""]), [error]);
    assert_eq!(stack("apache/kafka", &[""]), [error]);
    assert_eq!(stack(CONFLUENT, &["", ""]).len(), 2);
    assert_eq!(stack(CONFLUENT, &["", "", ""]), [""; 0]);
    for image in ["bitnami/kafka", "wurstmeister/kafka", "quay.io/debezium/kafka", "my/kafka"] {
        assert_eq!(stack(image, &[""]), [""; 0], "{image}");
    }
    for more in [
        "scale: 3",
        "deploy: {replicas: 3}",
        "env_file: [{path: none.env, required: false}]",
        "command: bash -c 'export KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR=1; /etc/confluent/docker/run'",
        "build: .",
    ] {
        let text = format!(
            "services: {{zk: {{image: zookeeper}}, k: {{image: apache/kafka, environment: {{KAFKA_ZOOKEEPER_CONNECT: 'zk:2181'}}, {more}}}}}\n"
        );
        assert_eq!(of("CV506", &text), [""; 0], "{more}");
    }
}

#[test]
fn brokers_elsewhere_are_not_counted() {
    for (zookeeper, is_found) in [
        ("zk:2181", true),
        ("zk", true),
        ("zk:2181/kafka", true),
        ("zk:2181,other:2181", false),
        ("other:2181", false),
        ("localhost:2181", true),
        ("ignored value", false),
        ("", false),
    ] {
        let text = format!(
            "services: {{zk: {{image: zookeeper}}, k: {{image: apache/kafka, environment: {{KAFKA_ZOOKEEPER_CONNECT: '{zookeeper}'}}}}}}\n"
        );
        assert_eq!(of("CV506", &text).len(), usize::from(is_found), "{zookeeper}");
    }
    let unknown = "services: {zk: {image: zookeeper}, k: {image: apache/kafka, environment: {KAFKA_ZOOKEEPER_CONNECT: 'zk:2181'}}, j: {build: ., environment: {KAFKA_BROKER_ID: 2}}}\n";
    assert_eq!(of("CV506", unknown), [""; 0]);
}

#[test]
fn an_ensemble_is_one_whichever_member_a_broker_names() {
    let servers = "zk1:2888:3888;zk2:2888:3888;zk3:2888:3888";
    let zk = |name: &str| {
        format!(
            "  {name}: {{image: confluentinc/cp-zookeeper, environment: {{ZOOKEEPER_SERVERS: \"{servers}\"}}}}\n"
        )
    };
    let kafka = |name: &str, zk: &str| {
        format!(
            "  {name}: {{image: {CONFLUENT}, environment: {{KAFKA_ZOOKEEPER_CONNECT: \"{zk}:2181\"{TWO}}}}}\n"
        )
    };
    let text = format!(
        "services:\n{}{}{}{}{}",
        zk("zk1"),
        zk("zk2"),
        zk("zk3"),
        kafka("a", "zk1"),
        kafka("b", "zk3")
    );
    assert_eq!(of("CV506", &text), [""; 0]);
    // Two ZooKeepers that know nothing of each other are two clusters.
    let apart = text.replace(servers, "");
    assert_eq!(of("CV506", &apart).len(), 2);
}

#[test]
fn quorums_make_clusters_too() {
    let server = |name: &str, id: u32, roles: &str, voters: &str| {
        format!(
            "  {name}:\n    image: apache/kafka\n    environment:\n      KAFKA_NODE_ID: {id}\n      KAFKA_PROCESS_ROLES: {roles}\n      KAFKA_CONTROLLER_QUORUM_VOTERS: {voters}\n      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: 2\n"
        )
    };
    let both = "broker,controller";
    let voters = "1@a:9093,2@b:9093";
    let two =
        format!("services:\n{}{}", server("a", 1, both, voters), server("b", 2, both, voters));
    assert_eq!(of("CV506", &two), [""; 0]);
    let controller = format!(
        "services:\n{}{}",
        server("a", 1, both, voters),
        server("b", 2, "controller", voters)
    );
    assert_eq!(
        of("CV506", &controller),
        ["8:47 error `KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR` of 2 with 1 broker"]
    );
    let alone = format!("services:\n{}", server("a", 1, both, "1@localhost:9093"));
    assert_eq!(of("CV506", &alone).len(), 1);
    let part = format!("services:\n{}", server("a", 1, both, voters));
    assert_eq!(of("CV506", &part), [""; 0]);
    let same =
        format!("services:\n{}{}", server("a", 1, both, voters), server("b", 1, both, voters));
    assert_eq!(of("CV506", &same), ["12:22 error id 1 is that of `a` in this cluster too"]);
}

#[test]
fn what_must_be_in_sync_is_there() {
    let three = |more: &str| stack(CONFLUENT, &[more, "", ""]);
    for (more, wanted) in [
        (", KAFKA_MIN_INSYNC_REPLICAS: 2, KAFKA_DEFAULT_REPLICATION_FACTOR: 3", None),
        (
            ", KAFKA_MIN_INSYNC_REPLICAS: 2, KAFKA_DEFAULT_REPLICATION_FACTOR: 1",
            Some(
                "5:82 error `KAFKA_MIN_INSYNC_REPLICAS` of 2 is more than `KAFKA_DEFAULT_REPLICATION_FACTOR` of 1",
            ),
        ),
        // Topics may be made with more.
        (", KAFKA_MIN_INSYNC_REPLICAS: 2", None),
        (
            ", KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: 1",
            Some(
                "5:103 warning a factor of 1, and `KAFKA_TRANSACTION_STATE_LOG_MIN_ISR` left at 2: no transaction can be written",
            ),
        ),
        (
            ", KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: 1, KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: 1",
            None,
        ),
        (", KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: 2", None),
    ] {
        assert_eq!(three(more), wanted.into_iter().collect::<Vec<_>>(), "{more}");
    }
}

#[test]
fn ids_are_taken_once() {
    let id = ", KAFKA_BROKER_ID: 1, KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: 1";
    assert_eq!(
        stack(CONFLUENT, &[id, id]),
        ["8:72 error id 1 is that of `k0` in this cluster too"]
    );
    let auto = id.replace(": 1,", ": -1,");
    assert_eq!(stack(CONFLUENT, &[&auto, &auto]), [""; 0]);
    let text = |first: &str, second: &str| {
        let broker = |name: &str, more: &str| {
            format!(
                "  {name}: {{image: {CONFLUENT}, {more}, environment: {{KAFKA_ZOOKEEPER_CONNECT: \"zk:2181\"{id}}}}}\n"
            )
        };
        of(
            "CV506",
            &format!(
                "services:\n  zk: {{image: zookeeper}}\n{}{}",
                broker("a", first),
                broker("b", second)
            ),
        )
    };
    assert_eq!(text("restart: always", "restart: always").len(), 1);
    assert_eq!(text("profiles: [one]", "profiles: [two]"), [""; 0]);
    assert_eq!(text("scale: 3", "profiles: [two]").len(), 1);
    let two_clusters = "services: {z1: {image: zookeeper}, z2: {image: zookeeper}, a: {image: cp-kafka, environment: {KAFKA_ZOOKEEPER_CONNECT: 'z1:2181', KAFKA_BROKER_ID: 1, KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: 1}}, b: {image: cp-kafka, environment: {KAFKA_ZOOKEEPER_CONNECT: 'z2:2181', KAFKA_BROKER_ID: 1, KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: 1}}}\n";
    assert_eq!(of("CV506", two_clusters), [""; 0]);
}

#[test]
fn ensembles_are_odd() {
    for (list, wanted) in [
        ("server.1=0.0.0.0:2888:3888;2181 server.2=b:2888:3888;2181", Some((2, 0))),
        ("server.1=a:2888:3888;2181 server.2=b:2888:3888;2181 server.3=c:2888:3888;2181", None),
        ("a:2888:3888;b:2888:3888;c:2888:3888;d:2888:3888", Some((4, 1))),
        ("a:2888:3888,b:2888:3888", Some((2, 0))),
        ("server.1=a:2888:3888;2181", None),
        (
            "server.1=a:2888:3888 server.2=b:2888:3888 server.3=c:2888:3888:observer server.4=d:2888:3888",
            None,
        ),
        ("nonsense", None),
        ("", None),
    ] {
        let text = format!(
            "services:\n  a: {{image: zookeeper, environment: {{ZOO_SERVERS: \"{list}\"}}}}\n  b: {{image: zookeeper, environment: {{ZOO_SERVERS: \"{list}\"}}}}\n"
        );
        let found = of("CV506", &text);
        let wanted = wanted.map(|(count, bears)| {
            format!("2:52 warning an ensemble of {count} ZooKeepers bears the loss of {bears}, as one of {} does", count - 1)
        });
        // The second member says the same of the same ensemble.
        assert_eq!(found, wanted.into_iter().collect::<Vec<_>>(), "{list}");
    }
}
