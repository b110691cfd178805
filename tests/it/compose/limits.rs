//! Limits from two places, checks of health, and profiles.

use super::documents::hold;

#[test]
fn a_limit_from_two_places_is_the_same_in_both() {
    hold(
        r#"
== they differ => CV032 4:11, CV032 5:16, CV032 6:22, CV032 7:17
services:
  web:
    image: a
    cpus: 2
    mem_limit: 1g
    mem_reservation: 512m
    pids_limit: 10
    deploy:
      resources:
        limits: {cpus: "1", memory: 2g, pids: 20}
        reservations: {memory: 1g}
-- says 10:24 the other one is given here
-- says 11:32 the other one is given here

== they are the same, in other words => ok
services:
  web:
    image: a
    cpus: 1.5
    mem_limit: 1g
    mem_reservation: 512m
    pids_limit: 10
    deploy:
      resources:
        limits: {cpus: "1.50", memory: 1024m, pids: 10}
        reservations: {memory: 0.5g}

== one of them lacks it => CV032 4:16, CV032 9:22, CV032 14:11, CV032 18:17
services:
  web:
    image: a
    mem_limit: 1g
    deploy: {resources: {limits: {cpus: "1"}}}
  api:
    image: a
    deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}
    mem_reservation: 1g
  db:
    image: a
    deploy: {resources: {limits: {memory: 1g}}}
    mem_limit: 1g
    cpus: 1
  job:
    image: a
    deploy: {resources: {limits: {}}}
    pids_limit: 5

== the other kind of limits does not count => ok
services:
  web:
    image: a
    mem_limit: 1g
    cpus: 1
    pids_limit: 5
    deploy: {resources: {reservations: {memory: 512m}}}
  api:
    image: a
    mem_reservation: 512m
    deploy: {resources: {limits: {memory: 1g}}}

== zero is none => ok
services:
  web:
    image: a
    mem_limit: 0
    cpus: 0
    deploy: {resources: {limits: {memory: 1g}}}

== numbers of replicas => CV032 4:12
services:
  web:
    image: a
    scale: 2
    deploy: {replicas: 3}
  api:
    image: a
    scale: 2
    deploy: {replicas: 2}

== less than none => CV013 4:12, CV013 7:24
services:
  web:
    image: a
    scale: -1
  api:
    image: a
    deploy: {replicas: -1}
  db:
    image: a
    scale: 0

== what only Swarm acts on => CV037 5:7, CV037 6:7, CV037 7:7, CV037 8:24, CV037 8:35, CV037 9:34
services:
  web:
    image: a
    deploy:
      placement: {constraints: [node.role==manager]}
      update_config: {parallelism: 1}
      rollback_config: {parallelism: 1}
      restart_policy: {delay: 5s, window: 10s, condition: any, max_attempts: 3}
      resources: {reservations: {cpus: "1", memory: 1g}}
"#,
    );
}

#[test]
fn a_check_of_health_says_how_it_is_run() {
    hold(
        r#"
== lists begin with a word => CV013 4:26, CV013 7:26
services:
  web:
    image: a
    healthcheck: {test: [curl, localhost]}
  api:
    image: a
    healthcheck: {test: ["", a]}
  db:
    image: a
    healthcheck: {test: [CMD, a]}
  job:
    image: a
    healthcheck: {test: [CMD-SHELL, a]}
  old:
    image: a
    healthcheck: {test: [NONE]}

== a text is run in a shell => ok
services:
  web:
    image: a
    healthcheck: {test: curl localhost}
-- /services/web/healthcheck/test ["CMD-SHELL", "curl localhost"]

== nothing in it => ok
services:
  web:
    image: a
    healthcheck: {test: []}
  api:
    image: a
    healthcheck: {interval: 5s}
"#,
    );
}

#[test]
fn some_values_fit_together() {
    hold(
        r#"
== the platform is among those of the build => CV013 5:36
services:
  web:
    image: a
    platform: linux/amd64
    build: {context: ., platforms: [linux/arm64]}
  api:
    platform: linux/amd64
    build: {context: ., platforms: [linux/arm64, linux/amd64]}

== what is watched goes somewhere => CV012 6:11, CV013 9:18
services:
  web:
    image: a
    develop:
      watch:
        - {path: ./a, action: sync}
        - {path: ./b, action: rebuild}
        - {path: ./c, action: sync, target: /c}
        - {path: "", action: restart}
"#,
    );
}

#[test]
fn what_is_disabled_is_absent() {
    hold(
        r"
== a dependency that is disabled => CV020 4:18
services:
  web:
    image: a
    depends_on: [db]
  db:
    image: a
    profiles: [data]
-- says enable it with `--profile data`
-- says 5:3 it belongs to a profile

== it is enabled => ok
services:
  web:
    image: a
    depends_on: [db]
  db:
    image: a
    profiles: [data, all]
-- profiles
data

== every profile => ok
services:
  web:
    image: a
    depends_on: [db]
  db:
    image: a
    profiles: [data]
-- profiles
*

== another profile => CV020 4:18
services:
  web:
    image: a
    depends_on: [db]
  db:
    image: a
    profiles: [data]
-- profiles
other

== it is not required => ok
services:
  web:
    image: a
    depends_on: {db: {condition: service_healthy, required: false}}
  db:
    image: a
    profiles: [data]

== both are disabled => ok
services:
  web:
    image: a
    depends_on: [db]
    profiles: [web]
  db:
    image: a
    profiles: [data]
  api:
    image: a
",
    );
}

#[test]
fn nothing_is_asked_of_what_is_disabled_but_its_form() {
    hold(
        r"
== nothing is asked of what is disabled but its form => CV010 8:5
services:
  web:
    image: a
  db:
    depends_on: [none]
    networks: [none]
    profiles: [data]
    imagee: a
    env_file: none.env

== from the environment => CV020 8:18
services:
  web:
    profiles: [one]
    image: a
    depends_on: [two]
  api:
    image: a
    depends_on: [three]
  two:
    profiles: [two]
    image: a
  three:
    profiles: [three]
    image: a
-- shell
COMPOSE_PROFILES=one,two

== a network that a disabled service has is nobody's => ok
services:
  web:
    image: a
  db:
    image: a
    profiles: [data]
    networks: [net]
networks: {net: }
-- /networks/net nothing
-- /services/db nothing

== profiles are texts, each once => CV011 4:16
services:
  web:
    image: a
    profiles: [1]
  api:
    image: a
    profiles: [a, a]
",
    );
}
