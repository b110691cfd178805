use crate::compose::rules::testing::of;

/// One broker with ZooKeeper, its variables a line each.
fn with(image: &str, variables: &[&str]) -> Vec<String> {
    let lines = variables.join("\n      ");
    let text = format!(
        "services:\n  kafka:\n    image: {image}\n    environment:\n      KAFKA_ZOOKEEPER_CONNECT: zk:2181\n      {lines}\n"
    );
    of("CV505", &text)
}

const CONFLUENT: &str = "confluentinc/cp-kafka:7.7.1";

#[test]
fn what_is_advertised_is_bound() {
    let map = "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: A:PLAINTEXT,B:PLAINTEXT";
    let inter = "KAFKA_INTER_BROKER_LISTENER_NAME: A";
    let advertised = "KAFKA_ADVERTISED_LISTENERS: A://kafka:29092,B://localhost:9092";
    let error = "8:51 error `B` is advertised, but no listener in `KAFKA_LISTENERS`";
    for (listeners, wanted) in [
        ("KAFKA_LISTENERS: A://:29092", Some(error)),
        ("KAFKA_LISTENERS: a://:29092, b://:9092", None),
        ("KAFKA_LISTENERS: A://:29092,B://:9092", None),
        // Made of the advertised ones.
        ("OTHER: x", None),
        // Not to be read.
        ("KAFKA_LISTENERS: ''", None),
        ("KAFKA_LISTENERS:", None),
        ("KAFKA_LISTENERS: A://$$(hostname):29092", None),
    ] {
        for image in [CONFLUENT, "apache/kafka", "wurstmeister/kafka"] {
            if image == "wurstmeister/kafka" && listeners.starts_with("OTHER") {
                continue;
            }
            let found = with(image, &[map, inter, advertised, listeners]);
            assert_eq!(found, wanted.into_iter().collect::<Vec<_>>(), "{image} {listeners}");
        }
    }
    assert_eq!(
        with("wurstmeister/kafka", &[map, inter, advertised]),
        ["8:35 error this image does not start with advertised listeners but no `KAFKA_LISTENERS`"]
    );
    let old = "KAFKA_ADVERTISED_HOST_NAME: kafka";
    assert_eq!(with("wurstmeister/kafka", &[map, inter, advertised, old]), [""; 0]);
}

#[test]
fn every_listener_has_a_protocol() {
    let listeners = "KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://kafka:29092,HOST://localhost:9092";
    for (map, wanted) in [
        ("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: PLAINTEXT:PLAINTEXT, host:PLAINTEXT", None),
        (
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: PLAINTEXT:PLAINTEXT",
            Some("7:45 error the map has no protocol for the listener `HOST`"),
        ),
        (
            "OTHER: x",
            Some(
                "6:59 error `HOST` is no protocol, and there is no `KAFKA_LISTENER_SECURITY_PROTOCOL_MAP`",
            ),
        ),
        ("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: ''", None),
        ("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: nonsense", None),
    ] {
        let found = with(CONFLUENT, &[listeners, map]);
        assert_eq!(found, wanted.into_iter().collect::<Vec<_>>(), "{map}");
    }
    let plain = "KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://kafka:9092,SASL_SSL://kafka:9093";
    assert_eq!(with(CONFLUENT, &[plain]), [""; 0]);
}

#[test]
fn brokers_talk_over_a_listener_that_is_advertised() {
    let map = "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: A:PLAINTEXT,B:PLAINTEXT,C:PLAINTEXT";
    let advertised = "KAFKA_ADVERTISED_LISTENERS: A://kafka:29092,B://localhost:9092";
    for (inter, wanted) in [
        ("KAFKA_INTER_BROKER_LISTENER_NAME: A", None),
        ("KAFKA_INTER_BROKER_LISTENER_NAME: b", None),
        (
            "KAFKA_INTER_BROKER_LISTENER_NAME: C",
            Some("8:41 error `C` is to be between brokers, but it is not advertised"),
        ),
        ("KAFKA_INTER_BROKER_LISTENER_NAME:", None),
        (
            "OTHER: x",
            Some(
                "7:35 error brokers talk over `PLAINTEXT` unless `KAFKA_INTER_BROKER_LISTENER_NAME` is set, and it is not advertised",
            ),
        ),
    ] {
        let found = with(CONFLUENT, &[map, advertised, inter]);
        assert_eq!(found, wanted.into_iter().collect::<Vec<_>>(), "{inter}");
    }
    let ssl = "KAFKA_ADVERTISED_LISTENERS: SSL://kafka:9092";
    let security = "KAFKA_SECURITY_INTER_BROKER_PROTOCOL: SSL";
    assert_eq!(with(CONFLUENT, &[ssl, security]), [""; 0]);
    assert_eq!(with(CONFLUENT, &[ssl]).len(), 1);
}

#[test]
fn controllers_are_not_for_clients() {
    let kraft = |more: &str| {
        let text = format!(
            "services:\n  kafka:\n    image: apache/kafka:3.9.0\n    environment:\n      KAFKA_NODE_ID: 1\n{more}"
        );
        of("CV505", &text)
    };
    let base = "      KAFKA_PROCESS_ROLES: broker,controller
      KAFKA_LISTENERS: PLAINTEXT://:9092,CONTROLLER://:9093
      KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://kafka:9092
";
    let names = "      KAFKA_CONTROLLER_LISTENER_NAMES: CONTROLLER\n";
    assert_eq!(kraft(&format!("{base}{names}")), [""; 0]);
    let map = "      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: PLAINTEXT:PLAINTEXT\n";
    assert_eq!(
        kraft(&format!("{base}{names}{map}")),
        ["10:45 error the map has no protocol for the listener `CONTROLLER`"]
    );
    let inter = "      KAFKA_INTER_BROKER_LISTENER_NAME: CONTROLLER\n";
    assert_eq!(kraft(&format!("{base}{names}{inter}")).len(), 1);
    // Nothing to go by.
    assert_eq!(kraft(&format!("{base}{map}")), [""; 0]);
    let controller = base.replace("broker,controller", "controller");
    assert_eq!(kraft(&format!("{controller}{names}{map}")), [""; 0]);
}

#[test]
fn hosts_that_nobody_can_connect_to() {
    assert_eq!(
        with(CONFLUENT, &["KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://0.0.0.0:9092"]),
        ["6:35 error `0.0.0.0` cannot be advertised: it is no address to connect to"]
    );
    for host in
        ["kafka", "localhost", "10.0.0.7", "kafka.example.com", "host.docker.internal", "", "moby"]
    {
        let line = format!("KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://{host}:9092");
        assert_eq!(with(CONFLUENT, &[&line]), [""; 0], "{host}");
    }
    let two = |second: &str| {
        of(
            "CV505",
            &format!(
                "\
services:
  kafka1:
    image: {CONFLUENT}
    environment: [\"KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://kafka1:9092\"]
  kafka2:
    image: {CONFLUENT}
    environment: [\"KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://kafka1:9092\"]
    {second}
"
            ),
        )
    };
    assert_eq!(two(""), ["7:47 error the advertised host `kafka1` is another broker"]);
    assert_eq!(two("network_mode: service:kafka1"), [""; 0]);
    assert_eq!(two("networks: {default: {aliases: [kafka1]}}"), [""; 0]);
}

#[test]
fn clients_are_not_sent_to_themselves() {
    let stack = |advertised: &str, client: &str| {
        let text = format!(
            "\
services:
  kafka:
    image: {CONFLUENT}
    environment:
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: PLAINTEXT:PLAINTEXT,HOST:PLAINTEXT
      KAFKA_ADVERTISED_LISTENERS: {advertised}
  web:
    image: web
    {client}
"
        );
        of("CV505", &text)
    };
    let both = "PLAINTEXT://kafka:29092,HOST://localhost:9092";
    let warning = "warning `web` connects to kafka:9092 and is sent on to localhost:9092, itself";
    let wrong = "environment: [\"BROKERS=kafka:9092\"]";
    assert_eq!(stack(both, wrong), [format!("6:59 {warning}")]);
    assert_eq!(stack("PLAINTEXT://localhost:9092", wrong), [format!("6:35 {warning}")]);
    assert_eq!(
        stack("PLAINTEXT://moby:9092", wrong),
        [
            "6:35 warning `web` connects to kafka:9092 and is sent on to moby:9092, which is nothing in the stack"
        ]
    );
    assert_eq!(stack(both, "command: serve --brokers=a:1,kafka:9092"), [format!("6:59 {warning}")]);
    for fine in [
        "environment: [\"BROKERS=kafka:29092\"]",
        "environment: [\"BROKERS=kafka-2:9092\"]",
        "environment: [\"BROKERS=localhost:9092\"]",
        "environment: [\"BROKERS=kafka:9092\"]\n    network_mode: host",
        "environment: [\"BROKERS=kafka:90920000\"]",
    ] {
        assert_eq!(stack(both, fine), [""; 0], "{fine}");
    }
    assert_eq!(
        stack("PLAINTEXT://moby:9092", &format!("{wrong}\n    extra_hosts: [\"moby:10.0.0.1\"]")),
        [""; 0]
    );
}

#[test]
fn brokers_look_for_each_other() {
    let stack = |host: &str, other: &str| {
        let text = format!(
                "\
services:
  a:
    image: {CONFLUENT}
    environment: {{KAFKA_ZOOKEEPER_CONNECT: zk:2181, KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://{host}:9092}}
  b:
    image: {CONFLUENT}
    environment: {{KAFKA_ZOOKEEPER_CONNECT: {other}, KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://b:9093}}
"
            );
        of("CV505", &text)
    };
    assert_eq!(
        stack("localhost", "zk:2181"),
        ["4:81 warning other brokers look for this one at localhost:9092, which is themselves"]
    );
    assert_eq!(stack("a", "zk:2181"), [""; 0]);
    assert_eq!(stack("localhost", "zk:2181/other"), [""; 0]);
}

#[test]
fn images_are_known_or_left_alone() {
    let bad = [
        "KAFKA_LISTENERS: PLAINTEXT://:9092",
        "KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://k:9092,B://k:9093",
    ];
    for image in
        ["quay.io/confluentinc/cp-server", "bitnami/kafka:3.9", "quay.io/debezium/kafka:3.0"]
    {
        assert!(!with(image, &bad).is_empty(), "{image}");
    }
    for image in ["my/kafka", "obsidiandynamics/kafka", "confluentinc/cp-kafka-connect", "kafka"] {
        assert_eq!(with(image, &bad), [""; 0], "{image}");
    }
    let of_bitnami = bad.map(|line| line.replace("KAFKA_", "KAFKA_CFG_"));
    let lines: Vec<&str> = of_bitnami.iter().map(String::as_str).collect();
    assert_eq!(
        with("bitnami/kafka:3.9", &lines),
        ["7:58 error `B` is advertised, but no listener in `KAFKA_CFG_LISTENERS`"]
    );
    // A tool that has the image of a broker.
    let tool = "services: {a: {image: confluentinc/cp-kafka, command: bash -c 'kafka-topics --create', environment: [\"KAFKA_LISTENERS=A://:1\", \"KAFKA_ADVERTISED_LISTENERS=B://a:1\"]}}\n";
    assert_eq!(of("CV505", tool), [""; 0]);
}
