//! What services refer to, and what they may not say twice.

use super::documents::hold;

#[test]
fn services_that_are_referred_to_exist() {
    hold(
        r#"
== in a list and in a mapping => CV020 4:18, CV020 8:7
services:
  web:
    image: a
    depends_on: [dbb, api]
  api:
    image: a
    depends_on:
      redis: {condition: service_started}
  db:
    image: a
-- says did you mean `db`?

== by links, namespaces and volumes => CV020 4:13, CV020 5:10, CV020 6:10, CV020 7:20
services:
  web:
    image: a
    links: ["one:alias"]
    ipc: service:two
    pid: service:three
    volumes_from: ["four:ro"]

== by the network of another => CV020 4:19
services:
  web:
    image: a
    network_mode: service:db

== they exist => ok
services:
  web:
    image: a
    links: ["db:alias", db]
    ipc: service:db
    volumes_from: [db, "container:other"]
    external_links: [other]
  api:
    image: a
    network_mode: service:db
  db:
    image: a
-- /services/web/depends_on/db {"condition": "service_started", "restart": true, "required": true}

== of what a build takes from another => CV020 5:35, CV020 10:35
services:
  web:
    build:
      context: .
      additional_contexts: {base: "service:api"}
  api: {image: a}
  job:
    build:
      context: .
      additional_contexts: {base: "service:none"}
  old:
    build:
      context: .
      additional_contexts: {base: "service:job"}

== a dependency that is not required must exist too => CV020 5:7
services:
  web:
    image: a
    depends_on:
      db: {condition: service_started, required: false}

== through an anchor => CV020 2:16
x-base: &base
  depends_on: [db]
services:
  web:
    <<: *base
    image: a
-- says 5:9 merged from here
"#,
    );
}

#[test]
fn what_is_used_is_defined() {
    hold(
        r#"
== networks => CV021 4:16, CV021 7:16, CV021 11:7
services:
  web:
    image: a
    networks: [frnt]
  api:
    image: a
    networks: [back]
  db:
    image: a
    networks:
      other: {aliases: [a]}
networks:
  front:
-- says did you mean `front`?
-- says define it under `networks:` at the top of the file

== the default network is there unasked => ok
services:
  web:
    image: a
    networks: [default]
-- /networks/default {"name": "x_default", "ipam": {}}

== volumes => CV022 4:15, CV022 4:36
services:
  web:
    image: a
    volumes: ["dat:/data", ./a:/b, {type: volume, source: none, target: /c}, /d]
volumes:
  data:

== secrets and configs => CV023 4:15, CV024 5:15, CV023 9:17
services:
  web:
    image: a
    secrets: [one]
    configs: [{source: two, target: /a}]
  api:
    build:
      context: .
      secrets: [three]
configs:
  one: {content: a}

== models => CV025 4:14, CV025 8:7
services:
  web:
    image: a
    models: [llm]
  api:
    image: a
    models:
      other: {endpoint_var: URL}
models:
  ai: {model: ai/small}

== they are defined => ok
services:
  web:
    image: a
    networks: [net]
    volumes: ["data:/data"]
    secrets: [secret]
    configs: [config]
    models: [ai]
networks: {net: }
volumes: {data: }
secrets: {secret: {environment: HOME}}
configs: {config: {file: ./a}}
models: {ai: {model: ai/small}}

== what nobody uses => ok
services:
  web:
    image: a
networks: {net: }
volumes: {data: }
secrets: {secret: {file: ./a}}
configs: {config: {content: a}}
-- /volumes nothing
"#,
    );
}

#[test]
fn a_service_has_something_to_run() {
    hold(
        r#"
== neither an image nor a build => CV033 2:3, CV033 4:3, CV033 6:3
services:
  web:
    restart: always
  api:
    image: ""
  db: {}

== an image, a build or a provider => ok
services:
  web: {image: a}
  api: {build: .}
  db: {build: {dockerfile_inline: FROM a}}
  job: {provider: {type: a}}

== a build of nothing => ok
services:
  web: {build: {}}
"#,
    );
}

#[test]
fn circles_of_services_are_told_once() {
    hold(
        r"
== itself => CV030 4:18
services:
  web:
    image: a
    depends_on: [web]

== two of them => CV030 7:18
services:
  a:
    image: a
    depends_on: [b]
  b:
    image: a
    depends_on: [a]
-- says `a` → `b` → `a`

== three of them, one by a link => CV030 10:18
services:
  a:
    image: a
    depends_on: [b]
  b:
    image: a
    links: [c]
  c:
    image: a
    depends_on: [a]
  d:
    image: a
    depends_on: [a]

== two circles => CV030 7:18, CV030 14:7
services:
  a:
    image: a
    depends_on: [b]
  b:
    image: a
    depends_on: [a]
  c:
    image: a
    depends_on: [d]
  d:
    image: a
    depends_on:
      c: {condition: service_healthy}

== a diamond is none => ok
services:
  a: {image: a, depends_on: [b, c]}
  b: {image: a, depends_on: [d]}
  c: {image: a, depends_on: [d]}
  d: {image: a}
",
    );
}

#[test]
fn some_keys_exclude_each_other() {
    hold(
        r#"
== a network's mode and networks => CV031 4:19, CV031 8:19
services:
  web:
    image: a
    network_mode: host
    networks: [net]
  api:
    image: a
    network_mode: none
    networks: {net: }
  db:
    image: a
    network_mode: host
networks: {net: }
-- says 5:16 the networks are given here

== replicas and a name for one => CV031 4:21, CV031 8:21
services:
  web:
    image: a
    container_name: one
    scale: 2
  api:
    image: a
    container_name: two
    deploy: {replicas: 2}
  db:
    image: a
    container_name: three
    deploy: {replicas: 1}

== one name for two => CV031 7:21
services:
  web:
    image: a
    container_name: one
  xeb:
    image: a
    container_name: one
-- says 4:21 it is given here too

== a file for a build and its content => CV031 7:26
services:
  web: {build: {dockerfile: a}}
  api:
    build:
      context: .
      dockerfile: a
      dockerfile_inline: FROM a

== a number of devices and their names => CV031 6:42, CV031 10:17
services:
  web:
    image: a
    deploy:
      resources:
        reservations: {devices: [{count: 1, device_ids: ["0"], capabilities: [gpu]}]}
  api:
    image: a
    gpus:
      - {count: 1, device_ids: ["0"]}
      - {device_ids: ["1"]}
"#,
    );
}

#[test]
fn what_is_described_elsewhere_is_not_described_here() {
    hold(
        r#"
== what is external is not described here => CV031 6:25, CV031 7:25
services:
  web:
    image: a
volumes:
  one: {external: true, name: any}
  two: {external: true, driver: local}
  xee: {external: true, labels: {a: b}}

== two sources of one file => CV031 5:18, CV031 7:18
services:
  web:
    image: a
configs:
  one: {file: a, content: b}
secrets:
  two: {file: a, environment: B}
-- says 5:9 the other is given here

== no source at all => CV012 5:3, CV012 7:3, CV012 8:3
services:
  web:
    image: a
configs:
  one: {name: a}
secrets:
  two: {name: a}
  xee: {driver: vault}

== external ones need none => ok
services:
  web:
    image: a
    secrets: [two]
configs:
  one: {external: true}
secrets:
  two: {external: true}
-- /secrets/two {"name": "two", "external": true}

== the old form of a name => ok
services:
  web:
    image: a
    networks: [one]
networks:
  one: {external: {name: other}}
-- /networks/one {"name": "other", "ipam": {}, "external": true}

== and another name beside it => CV031 5:26
services:
  web:
    image: a
networks:
  two: {external: {name: other}, name: mine}
"#,
    );
}
