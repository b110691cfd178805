//! What the schema takes for a text, and Compose for a length of time, a size, a host, a command or a number.

use super::documents::hold;

#[test]
fn lengths_of_time_have_units() {
    hold(
        r#"
== in every form => ok
services:
  web:
    image: a
    stop_grace_period: 1m30s
    healthcheck:
      test: "true"
      interval: 1.5s
      timeout: 500ms
      start_period: 1h
      start_interval: "0"
  api: {image: a, stop_grace_period: 1d}
  db: {image: a, stop_grace_period: 1w2d}
  job: {image: a, stop_grace_period: 100us}
-- /services/web/stop_grace_period "1m30s"
-- /services/web/healthcheck/interval "1.5s"
-- /services/web/healthcheck/timeout "500ms"
-- /services/web/healthcheck/start_period "1h0m0s"
-- /services/web/healthcheck/start_interval "0s"
-- /services/api/stop_grace_period "24h0m0s"
-- /services/db/stop_grace_period "216h0m0s"
-- /services/job/stop_grace_period "100µs"

== without a unit => CV014 4:24, CV014 7:17, CV014 8:16
services:
  web:
    image: a
    stop_grace_period: "30"
    healthcheck:
      test: "true"
      interval: "10"
      timeout: 5
-- says give it a unit: `30s`

== what is none => CV014 3:38, CV014 4:38, CV014 5:37, CV014 6:38, CV014 7:38
services:
  ok: {image: a, stop_grace_period: 10s}
  web: {image: a, stop_grace_period: ten}
  api: {image: a, stop_grace_period: ""}
  db: {image: a, stop_grace_period: 1m 30s}
  job: {image: a, stop_grace_period: 10sec}
  old: {image: a, stop_grace_period: 1y}

== of a deployment => CV037 5:7, CV014 5:30, CV037 6:7, CV014 6:34, CV037 7:24, CV014 7:31, CV037 7:36, CV014 7:44
services:
  web:
    image: a
    deploy:
      update_config: {delay: "5"}
      rollback_config: {monitor: soon}
      restart_policy: {delay: "5", window: "10"}

== negative ones are taken => ok
services:
  web: {image: a, stop_grace_period: -5s}
-- /services/web/stop_grace_period "-5s"
"#,
    );
}

#[test]
fn sizes_are_in_units_of_1024() {
    hold(
        r#"
== in every form => ok
services:
  a: {image: a, mem_limit: 512m}
  b: {image: a, mem_limit: 1g}
  c: {image: a, mem_limit: 1GB}
  d: {image: a, mem_limit: 2gib}
  e: {image: a, mem_limit: 64K}
  f: {image: a, mem_limit: 64kb}
  g: {image: a, mem_limit: 100b}
  h: {image: a, mem_limit: "100"}
  i: {image: a, mem_limit: 100}
  j: {image: a, mem_limit: 1.5g}
  k: {image: a, mem_limit: 10 MB}
-- /services/a/mem_limit "536870912"
-- /services/b/mem_limit "1073741824"
-- /services/c/mem_limit "1073741824"
-- /services/d/mem_limit "2147483648"
-- /services/e/mem_limit "65536"
-- /services/f/mem_limit "65536"
-- /services/g/mem_limit "100"
-- /services/h/mem_limit "100"
-- /services/i/mem_limit "100"
-- /services/j/mem_limit "1610612736"
-- /services/k/mem_limit "10485760"

== at every place => ok
services:
  web:
    image: a
    shm_size: 64m
    memswap_limit: -1
    mem_swappiness: "60"
    deploy: {resources: {limits: {memory: 1g}, reservations: {memory: 512m}}}
    build: {context: ., shm_size: 1m}
    volumes: [{type: tmpfs, target: /a, tmpfs: {size: 1m}}]
    blkio_config: {device_read_bps: [{path: /dev/a, rate: 1m}]}
-- /services/web/shm_size "67108864"
-- /services/web/memswap_limit "-1"
-- /services/web/deploy/resources/limits/memory "1073741824"
-- /services/web/volumes/0/tmpfs/size "1048576"
-- /services/web/blkio_config/device_read_bps/0 {"Path": "/dev/a", "Rate": "1048576"}

== odd ones => ok
services:
  a: {image: a, mem_limit: 1e3}
  b: {image: a, mem_limit: 0}
  c: {image: a, mem_limit: "0.5k"}
  d: {image: a, mem_limit: 1000.7}
-- /services/a/mem_limit nothing
-- /services/b/mem_limit nothing
-- /services/c/mem_limit "512"

== what is none => CV015 2:30, CV015 3:30, CV015 4:29, CV015 5:30, CV015 6:30
services:
  web: {image: a, mem_limit: lots}
  api: {image: a, mem_limit: 1x}
  db: {image: a, mem_limit: ""}
  job: {image: a, mem_limit: 1mbb}
  old: {image: a, mem_limit: 512 MiBs}

== at every place what is none => CV015 4:15, CV015 5:43, CV015 6:55
services:
  web:
    image: a
    shm_size: big
    deploy: {resources: {limits: {memory: 1 gigabyte}}}
    volumes: [{type: tmpfs, target: /a, tmpfs: {size: 1q}}]
"#,
    );
}

#[test]
fn hosts_commands_and_rights() {
    hold(
        r#"
== hosts => ok
services:
  web:
    image: a
    extra_hosts: ["a=1.1.1.1", "b:2.2.2.2", "c=[::1]", "d:::1"]
  api:
    image: a
    extra_hosts: {a: 1.1.1.1, b: [1.1.1.1, 2.2.2.2]}
-- /services/web/extra_hosts ["a=1.1.1.1", "b=2.2.2.2", "c=::1", "d=::1"]
-- /services/api/extra_hosts ["a=1.1.1.1", "b=1.1.1.1", "b=2.2.2.2"]

== hosts without an address or a name => CV018 4:19, CV018 4:28
services:
  web:
    image: a
    extra_hosts: ["alone", "=1.1.1.1", "a="]

== commands in words => ok
services:
  web:
    image: a
    command: run "all of" 'it''s' a\ b
    entrypoint: ""
-- /services/web/command ["run", "all of", "its", "a b"]

== commands that cannot be parted => CV013 4:14, CV013 5:17
services:
  web:
    image: a
    command: run "all
    entrypoint: 'it''s'

== rights of files => CV008 5:39
services:
  web:
    image: a
    configs: [{source: one, mode: "0440"},
      {source: one, target: /b, mode: "rw"}]
    secrets: [{source: one, mode: 0400}]
configs: {one: {content: a}}
secrets: {one: {file: a}}

== numbers below their range => CV013 4:37, CV013 5:22, CV013 6:28
services:
  web:
    image: a
    healthcheck: {test: a, retries: -1}
    ports: [{target: -1}]
    blkio_config: {weight: -1}

== numbers above their range are cut => ok
services:
  web:
    image: a
    ports: [{target: 4294967376}]
    blkio_config: {weight: 65546}
-- /services/web/ports/0/target 80
-- /services/web/blkio_config/weight 10

== counts of devices => CV008 4:59
services:
  web:
    image: a
    deploy: {resources: {reservations: {devices: [{count: "few", capabilities: [gpu]}]}}}
  api:
    image: a
    deploy: {resources: {reservations: {devices: [{count: ALL, capabilities: [gpu]}]}}}
  db:
    image: a
    deploy: {resources: {reservations: {devices: [{count: "2", capabilities: [gpu]}]}}}

== contexts and keys of a build => CV013 5:29, CV013 6:13
services:
  web:
    build:
      context: .
      additional_contexts: [one]
      ssh: [one, default, two=/a]
"#,
    );
}
