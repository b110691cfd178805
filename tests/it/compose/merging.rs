//! Files laid over each other.

use super::documents::hold;

#[test]
fn what_a_later_file_says_wins_or_is_added() {
    hold(
        r#"
== values win, mappings are merged, lists are added to => ok
services:
  web:
    image: a
    user: "1"
    cap_add: [A]
    deploy: {replicas: 1, resources: {limits: {cpus: "1"}}}
-- + over.yaml
services:
  web:
    image: b
    cap_add: [B, A]
    deploy: {resources: {limits: {memory: 1g}}}
  api:
    image: c
-- /services/web/image "b"
-- /services/web/user "1"
-- /services/web/cap_add ["A", "B"]
-- /services/web/deploy/replicas 1
-- /services/web/deploy/resources/limits {"cpus": 1, "memory": "1073741824"}
-- /services/api/image "c"

== commands, entry points and checks win whole => ok
services:
  web:
    image: a
    command: [a, b]
    entrypoint: [a, b]
    healthcheck: {test: [CMD, a, b], interval: 5s}
-- + over.yaml
services:
  web:
    command: [c]
    entrypoint: c
    healthcheck: {test: [CMD, c]}
-- /services/web/command ["c"]
-- /services/web/entrypoint ["c"]
-- /services/web/healthcheck {"test": ["CMD", "c"], "interval": "5s"}

== variables and labels by their names, in both forms => ok
services:
  web:
    image: a
    environment: {A: "1", B: "2"}
    labels: [a=1, b=2]
-- + over.yaml
services:
  web:
    environment: [B=3, C]
    labels: {b: 3, c: }
-- /services/web/environment {"A": "1", "B": "3", "C": null}
-- /services/web/labels {"a": "1", "b": "3", "c": ""}

== ports by what they are, mounts by their target => ok
services:
  web:
    image: a
    ports: ["80:80", "81:81"]
    volumes: ["./a:/a", "./b:/b"]
-- + over.yaml
services:
  web:
    ports: ["80:80", "82:82"]
    volumes: ["./c:/b:ro"]
-- /services/web/ports/2/target 82
-- /services/web/ports/3 nothing
-- /services/web/volumes/1/source "$FOLDER/c"
-- /services/web/volumes/1/read_only true
-- /services/web/volumes/2 nothing
"#,
    );
}

#[test]
fn short_and_long_forms_are_merged() {
    hold(
        r#"
== dependencies and networks in both forms => ok
services:
  web:
    image: a
    depends_on: [api]
    networks: [one]
  api: {image: a}
  db: {image: a}
networks: {one: , two: }
-- + over.yaml
services:
  web:
    depends_on:
      api: {condition: service_healthy}
      db: {condition: service_started, required: false}
    networks:
      one: {aliases: [a]}
      two:
-- /services/web/depends_on/api {"condition": "service_healthy", "required": true}
-- /services/web/depends_on/db {"condition": "service_started", "required": false}
-- /services/web/networks {"one": {"aliases": ["a"]}, "two": null}

== builds in both forms => ok
services:
  web:
    build: ./a
-- + over.yaml
services:
  web:
    build: {dockerfile: b, args: {A: "1"}}
-- /services/web/build {"context": "$FOLDER/a", "dockerfile": "b", "args": {"A": "1"}}

== drivers of logs: the same keeps its options, another does not => ok
services:
  web: {image: a, logging: {driver: syslog, options: {a: "1"}}}
  api: {image: a, logging: {driver: syslog, options: {a: "1"}}}
  db: {image: a, logging: {driver: syslog, options: {a: "1"}}}
-- + over.yaml
services:
  web: {logging: {driver: syslog, options: {b: "2"}}}
  api: {logging: {driver: json-file, options: {b: "2"}}}
  db: {logging: {options: {b: "2"}}}
-- /services/web/logging {"driver": "syslog", "options": {"a": "1", "b": "2"}}
-- /services/api/logging {"driver": "json-file", "options": {"b": "2"}}
-- /services/db/logging {"driver": "syslog", "options": {"a": "1", "b": "2"}}

== hosts, limits and pools of addresses => ok
services:
  web:
    image: a
    extra_hosts: [a=1.1.1.1]
    ulimits: {nofile: 1, nproc: {soft: 1, hard: 2}}
    dns: 1.1.1.1
    networks: [net]
networks:
  net: {ipam: {config: [{subnet: 10.0.0.0/24}]}}
-- + over.yaml
services:
  web:
    extra_hosts: [a=1.1.1.1, b=2.2.2.2]
    ulimits: {nofile: {soft: 3, hard: 4}, nproc: 5}
    dns: [2.2.2.2]
networks:
  net: {ipam: {config: [{subnet: 10.0.0.0/24, gateway: 10.0.0.1}]}}
-- /services/web/extra_hosts ["a=1.1.1.1", "b=2.2.2.2"]
-- /services/web/ulimits {"nofile": {"soft": 3, "hard": 4}, "nproc": 5}
-- /services/web/dns ["1.1.1.1", "2.2.2.2"]
-- /networks/net/ipam/config [{"subnet": "10.0.0.0/24", "gateway": "10.0.0.1"}]
"#,
    );
}

#[test]
fn what_is_said_twice_or_not_at_all_changes_nothing() {
    hold(
        r#"
== what is written out twice is one => ok
services:
  web:
    image: a
    ports: ["80-82:80-82"]
    env_file: a.env
    secrets: [one]
secrets: {one: {environment: HOME}}
-- + over.yaml
services:
  web:
    ports: ["81:81", "83:83"]
    env_file: [a.env]
    secrets: [{source: one}]
-- a.env
A=1
-- /services/web/ports/3/target 83
-- /services/web/ports/4 nothing
-- /services/web/secrets/1 nothing

== nothing takes nothing away => ok
services:
  web:
    image: a
    environment: {A: "1"}
-- + over.yaml
services:
  web:
    image:
    environment:
    deploy:
-- /services/web/image "a"
-- /services/web/environment {"A": "1"}

== three files => ok
services:
  web: {image: a}
-- + b.yaml
services:
  web: {image: b, user: "1"}
-- + c.yaml
services:
  web: {image: c}
-- /services/web/image "c"
-- /services/web/user "1"

== nothing to run in all of them => CV033 over.yaml:2:3
services:
  web: {user: "1"}
-- + over.yaml
services:
  web: {user: "2"}

== the later one brings it => ok
services:
  web: {user: "1"}
-- + over.yaml
services:
  web: {image: a}
"#,
    );
}

#[test]
fn what_is_wrong_is_told_in_its_own_file() {
    hold(
        r"
== in each of them => CV010 3:5, CV010 over.yaml:3:5
services:
  web:
    imagee: a
    image: a
-- + over.yaml
services:
  web:
    usr: b

== a key is wrong in both => CV010 2:19, CV010 over.yaml:2:9
services:
  web: {image: a, usr: a}
-- + over.yaml
services:
  web: {usr: b}

== a limit against one of another file => CV032 over.yaml:2:20
services:
  web: {image: a, deploy: {resources: {limits: {memory: 1g}}}}
-- + over.yaml
services:
  web: {mem_limit: 2g}
-- says 2:57 the other one is given here

== a list over a mapping and a mapping over a list => CV011 over.yaml:3:13, CV011 over.yaml:4:14
services:
  web:
    image: a
    deploy: {replicas: 1}
    cap_add: [A]
-- + over.yaml
services:
  web:
    deploy: [a]
    cap_add: {A: }

== a later file that is none => CV001 over.yaml:1:6
services:
  web: {image: a}
-- + over.yaml
web: [a
",
    );
}

#[test]
fn what_a_later_file_marks_takes_the_place_or_takes_away() {
    hold(
        r#"
== a value, a mapping, a list and a service are taken away => ok
services:
  web:
    image: a
    user: "1"
    environment: {A: "1", B: "2"}
    ports: ["80:80"]
  api: {image: a}
volumes: {data: }
-- + over.yaml
services:
  web:
    user: !reset null
    environment: {A: !reset null}
    ports: !reset []
  api: !reset null
volumes: !reset {}
-- /services/web {"image": "a", "command": null, "entrypoint": null, "environment": {"B": "2"}, "networks": {"default": null}}
-- /services/api nothing

== a list and a mapping take the place => ok
services:
  web:
    image: a
    ports: ["80:80"]
    environment: {A: "1"}
    command: [a]
-- + over.yaml
services:
  web:
    ports: !override ["81:81"]
    environment: !override {B: "2"}
-- /services/web/ports [{"mode": "ingress", "target": 81, "published": "81", "protocol": "tcp"}]
-- /services/web/environment {"B": "2"}
-- /services/web/command ["a"]

== in the first file they change nothing but themselves => ok
services:
  web:
    image: a
    user: !reset "1"
    environment: !override {A: "1"}
-- /services/web/user nothing
-- /services/web/environment {"A": "1"}

== what is taken away is absent => CV020 2:32, CV020 over.yaml:2:22
services:
  web: {image: a, depends_on: [db, api]}
  db: {image: a}
  api: {image: a}
-- + over.yaml
services:
  web: {depends_on: [dbs]}
  db: !reset null

== what is taken away is no longer wrong => CV010 2:19
services:
  web: {image: a, usr: b}
-- + over.yaml
services:
  web: {usr: !reset null}

== through an anchor => ok
services:
  web: {image: a, user: "1"}
  api: {image: a, user: "1"}
-- + over.yaml
x-none: &none !reset null
services:
  web: {user: *none}
  api: {user: *none}
-- /services/web/user nothing
-- /services/api/user nothing

== unknown tags mean nothing => ok
services:
  web:
    image: !any a
    environment: !thing {A: "1"}
-- /services/web/environment {"A": "1"}
"#,
    );
}
