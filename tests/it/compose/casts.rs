//! Texts that become numbers and booleans where Compose wants such.

use super::documents::hold;

#[test]
fn texts_become_whole_numbers() {
    hold(
        r#"
== of a service => ok
services:
  web:
    image: a
    cpu_count: "1"
    cpu_period: "100000"
    cpu_quota: "50000"
    cpu_rt_period: "4"
    cpu_rt_runtime: "5"
    cpu_shares: "6"
    oom_score_adj: "-7"
    pids_limit: "8"
    scale: "2"
-- /services/web/cpu_count 1
-- /services/web/cpu_period 100000
-- /services/web/cpu_quota 50000
-- /services/web/cpu_rt_period 4
-- /services/web/cpu_rt_runtime 5
-- /services/web/cpu_shares 6
-- /services/web/oom_score_adj -7
-- /services/web/pids_limit 8
-- /services/web/scale 2

== of its deployment => CV037 6:7, CV037 7:7, CV037 8:7
services:
  web:
    image: a
    deploy:
      replicas: "2"
      update_config: {parallelism: "3"}
      rollback_config: {parallelism: "4"}
      placement: {max_replicas_per_node: "5"}
      restart_policy: {max_attempts: "6"}
-- /services/web/deploy/replicas 2
-- /services/web/deploy/update_config/parallelism 3
-- /services/web/deploy/rollback_config/parallelism 4
-- /services/web/deploy/placement/max_replicas_per_node 5
-- /services/web/deploy/restart_policy/max_attempts 6

== of checks, ports and limits of the system => ok
services:
  web:
    image: a
    healthcheck: {test: "true", retries: "3"}
    ports: [{target: "80"}]
    ulimits:
      nproc: "100"
      nofile: {soft: "200", hard: "300"}
-- /services/web/healthcheck/retries 3
-- /services/web/ports/0/target 80
-- /services/web/ulimits {"nofile": {"hard": 300, "soft": 200}, "nproc": 100}

== from variables => ok
services:
  web:
    image: a
    pids_limit: $LIMIT
    healthcheck: {test: "true", retries: "${RETRIES:-3}"}
-- shell
LIMIT=8
-- /services/web/pids_limit 8
-- /services/web/healthcheck/retries 3

== a sign is taken => ok
services:
  web:
    image: a
    pids_limit: "+5"
    oom_score_adj: "-5"
-- /services/web/pids_limit 5

== what is none => CV008 4:17, CV008 5:17, CV008 6:16, CV008 7:12
services:
  web:
    image: a
    pids_limit: "many"
    cpu_shares: "1.5"
    cpu_quota: "0x10"
    scale: " 1"

== too large for 64 bits => CV008 4:17
services:
  web:
    image: a
    pids_limit: "9223372036854775808"

== empty ones => CV008 4:17, CV008 5:42, CV008 6:23
services:
  web:
    image: a
    pids_limit: ""
    healthcheck: {test: "true", retries: ""}
    ulimits: {nofile: ""}

== elsewhere a text stays one => CV011 4:32
services:
  web:
    image: a
    networks: {net: {priority: "1"}}
networks: {net: }
"#,
    );
}

#[test]
fn texts_become_fractions() {
    hold(
        r#"
== cores and shares => CV037 6:14
services:
  web:
    image: a
    cpus: "1.5"
    cpu_percent: "50"
    deploy: {update_config: {max_failure_ratio: "0.25"}}
-- /services/web/cpus 1.5
-- /services/web/cpu_percent 50
-- /services/web/deploy/update_config/max_failure_ratio 0.25

== a fraction where only whole numbers are allowed => CV011 4:18, CV011 5:21
services:
  web: {image: a, cpus: "1.5"}
  api: {image: a,
    cpu_percent: "50.5",
    mem_swappiness: 50.5}

== in all forms of Go => ok
services:
  web: {image: a, cpus: "2"}
  api: {image: a, cpus: ".5"}
  db: {image: a, cpus: "1e-1"}
  job: {image: a, cpus: "+1."}
  old: {image: a, cpus: "1_0"}
  hex: {image: a, cpus: "0x1p-1"}
-- /services/web/cpus 2
-- /services/api/cpus 0.5
-- /services/db/cpus 0.1
-- /services/job/cpus 1
-- /services/old/cpus 10
-- /services/hex/cpus 0.5

== what is none => CV008 2:25, CV008 3:25, CV008 4:24, CV008 5:25
services:
  web: {image: a, cpus: "two"}
  api: {image: a, cpus: "1,5"}
  db: {image: a, cpus: ""}
  job: {image: a, cpus: "_1"}

== without an end (2.40.3 takes it, and cannot print it) => CV008 2:25
services:
  web: {image: a, cpus: "inf"}

== cores of a deployment are no cast, but a number too => CV008 7:41
services:
  web:
    image: a
    deploy: {resources: {limits: {cpus: "0.5"}}}
  api:
    image: a
    deploy: {resources: {limits: {cpus: "half"}}}
"#,
    );
}

#[test]
fn texts_become_booleans_and_the_old_ones_with_a_warning() {
    hold(
        r#"
== true and false in any case => ok
services:
  web:
    image: a
    init: "true"
    privileged: "FALSE"
    read_only: "True"
    stdin_open: "true"
    tty: "false"
    oom_kill_disable: "true"
    healthcheck: {disable: "true"}
-- /services/web/init true
-- /services/web/read_only true
-- /services/web/stdin_open true
-- /services/web/oom_kill_disable true
-- /services/web/healthcheck/disable true

== of dependencies (2.40.3 refuses it) => ok
services:
  web:
    image: a
    depends_on: {api: {condition: service_started, required: "false", restart: "true"}}
  api:
    image: a
-- /services/web/depends_on/api {"condition": "service_started", "required": false, "restart": true}

== of mounts => ok
services:
  web:
    image: a
    volumes: [{type: volume, source: data, target: /data, read_only: "true", volume: {nocopy: "true"}}]
volumes: {data: }
-- /services/web/volumes/0/read_only true
-- /services/web/volumes/0/volume {"nocopy": true}

== of networks, volumes, secrets and configs => ok
services:
  web:
    image: a
    networks: [one, two]
    volumes: ["data:/data"]
    secrets: [secret]
    configs: [config]
networks:
  one: {internal: "true", attachable: "true", enable_ipv4: "true", enable_ipv6: "false"}
  two: {external: "true"}
volumes:
  data: {external: "true"}
secrets:
  secret: {external: "true"}
configs:
  config: {external: "true"}
-- /networks/one/internal true
-- /networks/two/external true
-- /volumes/data/external true
-- /secrets/secret/external true
-- /configs/config/external true
"#,
    );
}

#[test]
fn the_old_booleans_are_some_too_with_a_warning() {
    hold(
        r#"
== yes, no, on, off, y and n => CV009 4:11, CV009 5:17, CV009 6:16, CV009 7:17, CV009 8:10, CV009 9:23
services:
  web:
    image: a
    init: yes
    privileged: no
    read_only: on
    stdin_open: OFF
    tty: y
    oom_kill_disable: "N"
-- /services/web/init true
-- /services/web/read_only true
-- /services/web/tty true

== from variables => CV009 4:16
services:
  web:
    image: a
    read_only: ${READ_ONLY}
    tty: ${TTY:-true}
-- shell
READ_ONLY=yes
-- /services/web/read_only true
-- /services/web/tty true

== what is none => CV008 4:16, CV008 5:10, CV008 6:11
services:
  web:
    image: a
    read_only: "maybe"
    tty: ""
    init: "1"

== numbers are none, nor lists => CV011 4:16, CV011 5:10
services:
  web:
    image: a
    read_only: 1
    tty: [true]

== the old ones are booleans wherever booleans and texts are allowed => CV009 4:13, CV009 7:17
services:
  web:
    image: a
    attach: yes
    build:
      context: .
      no_cache: on
      pull: "true"
-- /services/web/attach true
-- /services/web/build/no_cache true
-- /services/web/build/pull true

== where a text is wanted they are texts => ok
services:
  web:
    image: a
    restart: no
    labels: {on: yes}
    environment: [A=yes]
-- /services/web/restart "no"
-- /services/web/labels {"on": "yes"}
"#,
    );
}
