//! The schema: which values keys take.

use super::documents::hold;

#[test]
fn values_have_the_type_that_is_wanted() {
    hold(
        r"
== sections are mappings => CV011 1:11, CV011 2:11
services: [web]
networks: net

== a service is a mapping => CV011 2:8, CV011 3:8, CV011 4:7
services:
  web: image
  api: [image]
  db: 1

== a service of nothing => CV011 2:6
services:
  web:

== texts => CV011 3:12, CV011 4:11, CV011 5:15, CV011 6:14
services:
  web:
    image: 1
    user: 1000
    hostname: true
    restart: [always]

== lists => CV011 4:12, CV011 5:14, CV011 6:14
services:
  web:
    image: a
    ports: 80
    volumes: ./a:/b
    cap_add: {A: }

== mappings => CV011 4:13, CV011 5:18, CV011 6:14
services:
  web:
    image: a
    deploy: always
    healthcheck: [CMD, run]
    logging: json-file

== items of lists => CV011 4:20, CV011 5:15, CV011 6:16
services:
  web:
    image: a
    command: [run, 1]
    volumes: [1, ./a:/b]
    cap_drop: [1]

== values of mappings => CV011 5:10, CV011 7:10
services:
  web:
    image: a
    environment:
      A: [1]
    labels:
      a: {b: c}
",
    );
}

#[test]
fn some_values_have_one_of_several_types() {
    hold(
        r"
== a text or a list, and neither => CV011 6:10
services:
  web: {image: a, dns: 1.1.1.1, dns_search: [a, b], tmpfs: /tmp}
  api:
    image: a
    tmpfs: [/a]
    dns: {a: b}

== a build is a path or a mapping => CV011 6:12
services:
  web: {build: .}
  api: {build: {context: .}}
  db:
    image: a
    build: [.]

== whole numbers and fractions => CV011 5:16, CV014 6:37
services:
  web:
    image: a
    cpus: 0.5
    cpu_count: 1.5
    healthcheck: {test: a, timeout: 1}

== a whole number with a point is one => ok
services:
  web:
    image: a
    cpu_count: 2.0
    deploy: {replicas: 3.0}

== sizes in the deployment are texts => CV011 4:43
services:
  web:
    image: a
    deploy: {resources: {limits: {memory: 1000000}}}

== commands are texts, lists or nothing => CV011 6:14
services:
  web: {image: a, command: run all, entrypoint: [run, all]}
  api: {image: a, command: , entrypoint: ~}
  db:
    image: a
    command: {run: all}

== the obsolete version is a text => CV036 1:1, CV011 1:10
version: 3
services:
  web: {image: a}

== nothing where a section could be => CV011 3:9, CV011 4:8, CV011 5:8, CV011 6:8
services:
  web: {image: a}
networks:
volumes:
secrets:
configs:

== nothing where a value must be => CV033 2:3, CV011 3:10, CV011 6:11
services:
  web:
    image:
  api:
    image: a
    user: ~
",
    );
}

#[test]
fn values_are_of_those_that_are_allowed() {
    hold(
        r#"
== one of several words => CV013 4:13, CV013 8:24, CV013 9:22
services:
  web:
    image: a
    cgroup: guest
  api:
    image: a
    depends_on:
      web: {condition: started}
    volumes: [{type: folder, target: /a}]
  db:
    image: a
    cgroup: host
    depends_on: {web: {condition: service_healthy}}
    volumes: [{type: tmpfs, target: /a}]

== of updates and mounts => CV037 5:7, CV013 5:30, CV013 6:70, CV013 7:60
services:
  web:
    image: a
    deploy:
      update_config: {order: first}
    volumes: [{type: bind, source: /a, target: /a, bind: {recursive: no}},
      {type: bind, source: /b, target: /b, bind: {selinux: x}}]

== numbers within their bounds => CV013 4:16, CV013 5:18, CV013 6:20
services:
  web:
    image: a
    cpu_count: -1
    cpu_percent: 101
    oom_score_adj: -1001
  api:
    image: a
    cpu_count: 0
    cpu_percent: 100
    oom_score_adj: 1000

== texts of a pattern => CV013 4:18, CV013 5:21
services:
  web:
    image: a
    pull_policy: sometimes
    container_name: "-"
  api:
    image: a
    pull_policy: every_12h
    container_name: a-1
  db:
    image: a
    pull_policy: if_not_present
-- says `pull_policy`

== the pattern has no ends => ok
services:
  web:
    image: a
    pull_policy: not always
    container_name: "/a-1/"

== GPUs are all, or a list => CV013 4:11, CV011 7:11
services:
  web:
    image: a
    gpus: some
  api:
    image: a
    gpus: 1
  db:
    image: a
    gpus: all
-- says all

== an empty name of a container is none => CV013 4:21
services:
  web:
    image: a
    container_name: ""
"#,
    );
}
