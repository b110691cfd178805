//! The schema: which keys there are, and which must be given.

use super::documents::hold;

#[test]
fn unknown_keys_are_told_with_what_was_meant() {
    hold(
        r#"
== of a service => CV010 3:5
services:
  web:
    imagee: a
    image: a
-- says did you mean `image`?

== at the top => CV010 4:1
services:
  web:
    image: a
volume:
  data:
-- says did you mean `volumes`?

== several at once => CV010 4:5, CV010 5:5, CV010 7:7, CV010 8:19
services:
  web:
    image: a
    comand: run
    enviroment: {A: "1"}
    deploy:
      replica: 2
      resources: {limit: {cpus: 1}}
-- says did you mean `command`?
-- says did you mean `environment`?
-- says did you mean `replicas`?
-- says did you mean `limits`?

== a service at the top => CV010 1:1
web:
  image: a
services:
  api:
    image: a

== what belongs into a service stands at the top => CV010 4:1
services:
  web:
    image: a
restart: always
-- says `restart` belongs to a service

== what belongs under the deployment stands in the service => CV010 4:5, CV010 5:5
services:
  web:
    image: a
    replicas: 2
    limits: {memory: 1g}
-- says `replicas` belongs under `deploy`
-- says `limits` belongs under `deploy.resources`

== what belongs under the resources stands above them => CV010 5:7
services:
  web:
    image: a
    deploy:
      limits: {memory: 1g}
-- says `limits` belongs under `deploy.resources`

== what belongs to the service stands under its deployment => CV010 5:7
services:
  web:
    image: a
    deploy:
      container_name: a
-- says `container_name` belongs to the service itself

== what belongs to the top stands in a service => CV010 4:5
services:
  web:
    image: a
    services: {}
-- says `services` belongs to the top of the file
"#,
    );
}

#[test]
fn keys_are_asked_for_in_every_section_and_extensions_are_free() {
    hold(
        r#"
== in every section => CV010 6:10, CV010 8:11, CV010 10:12, CV010 12:12
services:
  web:
    image: a
    build: .
networks:
  net: { drvier: bridge}
volumes:
  data: { extrnal: true}
secrets:
  secret: {fil: a, file: b}
configs:
  config: {contents: a, content: b}
models:
  model: {model: a}

== in checks and mounts => CV010 4:33, CV010 5:42
services:
  web:
    image: a
    healthcheck: {test: "true", retry: 3}
    volumes: [{type: volume, target: /a, readonly: true}]

== extensions wherever mappings are told => ok
x-top: 1
services:
  web:
    image: a
    x-service: {any: [thing]}
    build: {context: ., x-build: 1}
    deploy: {x-deploy: 1, resources: {x-resources: 1, limits: {x-limits: 1}}}
    healthcheck: {x-check: 1}
    ports: [{target: 80, x-port: 1}]
    volumes: [{type: volume, target: /a, x-mount: 1}]
    networks: {net: {x-net: 1}}
networks: {net: {x-net: 1}}
volumes: {data: {x-volume: 1}}
-- /x-top 1

== but not where names are told => CV010 4:3, CV010 6:3
services:
  web:
    image: a
  "x web": {image: a}
volumes:
  "a/b":

== names of letters, digits, dots, dashes and underscores => ok
services:
  Web.1_a-b: {image: a}
networks: {A.b_c-1: }
volumes: {A.b_c-1: }
"#,
    );
}

#[test]
fn keys_that_must_be_given_are_asked_for() {
    hold(
        r#"
== a condition, a type, an action => CV012 5:12, CV012 6:15, CV012 7:23
services:
  web:
    image: a
    depends_on:
      api: {restart: true}
    volumes: [{target: /a, source: a}]
    develop: {watch: [{path: .}]}
  api:
    image: a

== soft and hard limits => CV012 4:23
services:
  web:
    image: a
    ulimits: {nofile: {soft: 1}, nproc: {soft: 1, hard: 2}, core: 0}

== capabilities of devices => CV012 4:51
services:
  web:
    image: a
    deploy: {resources: {reservations: {devices: [{driver: nvidia}]}}}

== a source of devices and a command of hooks => CV012 4:15, CV012 5:18
services:
  web:
    image: a
    devices: [{target: /dev/a}]
    post_start: [{user: a}]

== hooks before the start need none (2.40.3 refuses it) => ok
services:
  web:
    image: a
    pre_start: [{user: a}]

== a model and a provider => CV012 4:15, CV012 6:10
services:
  web:
    image: a
    provider: {options: {a: b}}
models:
  model: {name: a}

== GPUs need no capabilities => ok
services:
  web:
    image: a
    gpus: [{driver: nvidia, count: 1}]
-- /services/web/gpus [{"driver": "nvidia", "count": 1}]
"#,
    );
}
