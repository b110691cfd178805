use crate::compose::rules::testing::of;

/// A service with a limit of 2 GiB and one variable.
fn with(name: &str, value: &str) -> Vec<String> {
    of(
        "CV501",
        &format!(
            "services:\n  a:\n    image: x\n    mem_limit: 2g\n    environment:\n      {name}: {value}\n"
        ),
    )
}

#[test]
fn a_heap_is_held_against_the_limit() {
    for (value, wanted) in [
        ("-Xmx1536m", None),
        (
            "-Xmx1537m",
            Some("6:18 warning a heap of `-Xmx1537m` is 76 % of the memory limit of 2 GiB"),
        ),
        ("-Xmx2g", Some("6:18 error a heap of `-Xmx2g` is all of the memory limit of 2 GiB")),
        ("-Xmx2G", Some("6:18 error a heap of `-Xmx2G` is all of the memory limit of 2 GiB")),
        ("-Xmx2048M", Some("6:18 error a heap of `-Xmx2048M` is all of the memory limit of 2 GiB")),
        ("-Xmx3g", Some("6:18 error a heap of `-Xmx3g` is more than the memory limit of 2 GiB")),
        (
            "-Xmx2147483648",
            Some("6:18 error a heap of `-Xmx2147483648` is all of the memory limit of 2 GiB"),
        ),
        (
            "-XX:MaxHeapSize=3g",
            Some(
                "6:18 error a heap of `-XX:MaxHeapSize=3g` is more than the memory limit of 2 GiB",
            ),
        ),
        // The last one counts.
        ("-Xmx4g -Xmx1g", None),
        (
            "\"-Xss1m -Xmx3g\"",
            Some("6:26 error a heap of `-Xmx3g` is more than the memory limit of 2 GiB"),
        ),
        // Nobody can read these.
        ("-Xmx", None),
        ("-Xmx2gb", None),
        ("-Xmx$$HEAP", None),
        ("-Xmx99999999999999999999999g", None),
        ("-Xmx0", None),
        ("\"\"", None),
    ] {
        let found = with("JAVA_OPTS", value);
        assert_eq!(found, wanted.into_iter().collect::<Vec<_>>(), "{value}");
    }
}

#[test]
fn java_has_many_variables_and_others_are_not_its_own() {
    for name in [
        "KAFKA_HEAP_OPTS",
        "ES_JAVA_OPTS",
        "LS_JAVA_OPTS",
        "JAVA_TOOL_OPTIONS",
        "_JAVA_OPTIONS",
        "JDK_JAVA_OPTIONS",
        "SERVER_JVMFLAGS",
        "SOLR_JAVA_MEM",
        "CATALINA_OPTS",
    ] {
        assert_eq!(with(name, "-Xmx3g").len(), 1, "{name}");
    }
    for name in ["DESCRIPTION", "MAPRED_CONF_mapreduce_map_java_opts", "child.java.opts"] {
        assert_eq!(with(name, "start it with -Xmx3g"), [""; 0], "{name}");
    }
}

#[test]
fn it_starts_with_no_more_than_it_may_have() {
    assert_eq!(
        with("JAVA_OPTS", "-Xms1g -Xmx512m"),
        ["6:18 error `-Xms1g` is more than `-Xmx512m`: Java does not start"]
    );
    assert_eq!(with("JAVA_OPTS", "-Xms512m -Xmx512m"), [""; 0]);
    assert_eq!(with("JAVA_OPTS", "-Xms1g"), [""; 0]);
}

#[test]
fn shares_of_the_memory() {
    for (value, wanted) in [
        ("-XX:MaxRAMPercentage=75.0", None),
        ("-XX:MaxRAMPercentage=80", None),
        (
            "-XX:MaxRAMPercentage=90",
            Some("6:18 warning the heap may take 90 % of the memory limit of 2 GiB"),
        ),
        ("-XX:MaxRAMPercentage=90 -Xmx1g", None),
        ("-Xmx1g -XX:MaxRAMPercentage=90", None),
        ("-XX:MaxRAM=1g -XX:MaxRAMPercentage=90", None),
        ("-XX:MaxRAMPercentage=900", None),
        ("-XX:MaxRAMPercentage=NaN", None),
        ("-XX:MaxRAMPercentage=", None),
        ("-XX:MaxRAMFraction=1", None),
    ] {
        let found = with("JAVA_OPTS", value);
        assert_eq!(found.first().map(String::as_str), wanted, "{value}");
    }
}

#[test]
fn a_heap_wants_a_limit() {
    for (value, wanted) in [
        ("-Xmx1g", "1:41 warning a heap of `-Xmx1g` in a container without a memory limit"),
        (
            "-XX:MaxRAMPercentage=50",
            "1:41 warning the heap may take 50 % of the host: there is no memory limit",
        ),
    ] {
        let text = format!("services: {{a: {{image: a, environment: [A_OPTS={value}]}}}}\n");
        let found: Vec<String> = of("CV501", &text);
        assert_eq!(found.len(), 1);
        assert!(found[0].ends_with(&wanted[4..]), "{found:?}");
    }
}

#[test]
fn commands_and_scripts_are_read() {
    for command in [
        "[java, -Xmx3g, -jar, a.jar]",
        "java -Xmx3g -jar a.jar",
        "sh -c 'exec java \"-Xmx3g\" -jar a.jar'",
        "sh -c 'export JAVA_OPTS=\"-Xmx3g -Xss1m\"; ./run'",
        "sh -c 'JAVA_OPTS=-Xmx3g ./run'",
    ] {
        for key in ["command", "entrypoint"] {
            let text =
                format!("services:\n  a:\n    image: x\n    mem_limit: 2g\n    {key}: {command}\n");
            let column = text.lines().last().unwrap().find("-Xmx3g").unwrap() + 1;
            let error = "error a heap of `-Xmx3g` is more than the memory limit of 2 GiB";
            assert_eq!(of("CV501", &text), [format!("5:{column} {error}")], "{text}");
        }
    }
}

#[test]
fn one_anchor_is_one_finding() {
    let text = "\
x-env: &env
  ES_JAVA_OPTS: -Xms4g -Xmx4g
services:
  a: {image: elasticsearch:8.15.0, environment: *env, mem_limit: 4g}
  b: {image: elasticsearch:8.15.0, environment: *env, mem_limit: 4g}
";
    assert_eq!(
        of("CV501", text),
        ["2:24 error a heap of `-Xmx4g` is all of the memory limit of 4 GiB"]
    );
}

#[test]
fn kafka_has_a_heap_of_its_own() {
    for (limit, wanted) in [
        (
            "512m",
            Some(
                "1:12 error a heap of 1 GiB, Kafka's own, is more than the memory limit of 512 MiB",
            ),
        ),
        (
            "1g",
            Some("1:12 error a heap of 1 GiB, Kafka's own, is all of the memory limit of 1 GiB"),
        ),
        (
            "1200m",
            Some(
                "1:12 warning a heap of 1 GiB, Kafka's own, is 86 % of the memory limit of 1.17 GiB, and the page cache needs the other half",
            ),
        ),
        ("2g", Some("1:12 note `a` has 2 GiB, and nothing says how large its heap is")),
        ("4g", Some("1:12 note `a` has 4 GiB, and nothing says how large its heap is")),
    ] {
        let text = format!("services: {{a: {{image: apache/kafka, mem_limit: {limit}}}}}\n");
        assert_eq!(of("CV501", &text), wanted.into_iter().collect::<Vec<_>>());
    }
    for more in [
        "environment: {KAFKA_HEAP_OPTS: ''}",
        "env_file: [{path: none.env, required: false}]",
        "command: [bash, -c, true]",
        "volumes: ['./a:/mnt/config']",
        "build: .",
    ] {
        let text = format!("services: {{a: {{image: apache/kafka, mem_limit: 512m, {more}}}}}\n");
        assert_eq!(of("CV501", &text), [""; 0], "{more}");
    }
    let text = "services: {a: {image: elasticsearch, mem_limit: 1g}, b: {image: apache/kafka}}\n";
    assert_eq!(of("CV501", text), [""; 0]);
}
