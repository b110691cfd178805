//! Lists in which the later entry of a key wins, before anything is asked of them; and lists in which none may be twice.

use super::documents::hold;

#[test]
fn the_later_entry_of_a_key_wins() {
    hold(
        r#"
== of variables and labels => ok
services:
  web:
    image: a
    environment: [A=1, B=2, A=3, A=3]
    labels: [a=1, a=2]
    annotations: [a=1, a=2]
    sysctls: [net.core.somaxconn=1, net.core.somaxconn=2]
-- /services/web/environment {"A": "3", "B": "2"}
-- /services/web/labels {"a": "2"}
-- /services/web/annotations {"a": "2"}
-- /services/web/sysctls {"net.core.somaxconn": "2"}

== of what a build is given => ok
services:
  web:
    build:
      context: .
      args: [A=1, A=2]
      labels: [a=1, a=2]
      tags: [a, b, a]
      additional_contexts: [one=docker-image://a, one=docker-image://b]
-- /services/web/build/args {"A": "2"}
-- /services/web/build/labels {"a": "2"}
-- /services/web/build/tags ["a", "b"]
-- /services/web/build/additional_contexts {"one": "docker-image://b"}

== of ports => ok
services:
  web:
    image: a
    ports: ["80:80", "80:80", "80:80/udp", "81:80"]
    expose: ["80", "80", 80, "81"]
-- /services/web/expose ["80", "81"]
-- /services/web/ports/2 {"mode": "ingress", "target": 80, "published": "81", "protocol": "tcp"}
-- /services/web/ports/3 nothing

== of ports that are the same once they are written out => ok
services:
  web:
    image: a
    ports: ["80-81:80-81", "81:81", "0.0.0.0:80:80"]
-- /services/web/ports/2 nothing

== of mounts by their target => ok
services:
  web:
    image: a
    volumes: ["./a:/data", "./b:/data", {type: volume, source: data, target: /data}, "./c:/other"]
volumes: {data: }
-- /services/web/volumes/0 {"type": "volume", "source": "data", "target": "/data"}
-- /services/web/volumes/2 nothing

== of devices by their target => ok
services:
  web:
    image: a
    devices: ["/dev/a:/dev/x", "/dev/b:/dev/x", "/dev/x"]
-- /services/web/devices [{"source": "/dev/x", "target": "/dev/x", "permissions": "rwm"}]
"#,
    );
}

#[test]
fn so_it_does_where_two_things_have_one_place() {
    hold(
        r#"
== of secrets and configs by their target => ok
services:
  web:
    image: a
    secrets: [one, one, {source: two, target: /run/secrets/one}]
    configs: [one, one]
secrets:
  one: {file: ./one}
  two: {file: ./two}
configs:
  one: {content: a}
-- /services/web/secrets [{"source": "two", "target": "/run/secrets/one"}]
-- /services/web/configs [{"source": "one"}]

== of capabilities, servers of names and temporary folders => ok
services:
  web:
    image: a
    cap_add: [A, A]
    cap_drop: [B, B]
    dns: ["1.1.1.1", "1.1.1.1"]
    dns_opt: [a, a]
    dns_search: [a, a]
    tmpfs: [/tmp, /tmp]
    links: [api, api]
    profiles: [one, one]
    networks: {net: {aliases: [a, a], link_local_ips: [169.254.1.1, 169.254.1.1]}}
  api:
    image: a
networks: {net: }
-- profiles
one

== of files of variables => ok
services:
  web:
    image: a
    env_file: [a.env, b.env, {path: a.env, required: false}]
-- a.env
A=1
-- b.env
A=2
-- /services/web/environment {"A": "2"}

== of networks' labels => ok
services:
  web:
    image: a
    networks: [net]
networks:
  net: {labels: [a=1, a=2]}
-- /networks/net/labels {"a": "2"}
"#,
    );
}

#[test]
fn where_no_key_tells_them_apart_none_may_be_twice() {
    hold(
        r#"
== of dependencies => CV013 4:23
services:
  web:
    image: a
    depends_on: [api, api]
  api:
    image: a

== of networks => CV013 4:21
services:
  web:
    image: a
    networks: [net, net]
networks: {net: }

== of rights and groups => CV013 4:23, CV013 5:25
services:
  web:
    image: a
    group_add: [a, b, a]
    security_opt: [a:b, a:b]

== of hosts => CV013 4:34
services:
  web:
    image: a
    extra_hosts: ["one=1.1.1.1", "one=1.1.1.1"]

== of volumes' labels => CV013 5:24
services:
  web:
    image: a
volumes:
  data: {labels: [a=1, a=1]}

== of arguments in the long form of a hook => CV013 6:28
services:
  web:
    image: a
    post_start:
      - command: a
        environment: [A=1, A=1]
"#,
    );
}

#[test]
fn an_entry_whose_key_cannot_be_told_is_said() {
    hold(
        r#"
== a port without its target => CV012 4:13
services:
  web:
    image: a
    ports: [{published: "80"}]

== a mount and a device without their target => CV012 4:15, CV012 5:15
services:
  web:
    image: a
    volumes: [{type: volume, source: data}]
    devices: [{source: /dev/a}]
volumes: {data: }

== a file of variables without its path => CV012 4:16
services:
  web:
    image: a
    env_file: [{required: false}]

== a fraction to expose => CV016 4:14
services:
  web:
    image: a
    expose: [80.5]

== a list of mappings where texts are told apart => CV011 4:19, CV011 5:14
services:
  web:
    image: a
    environment: [{A: "1"}]
    labels: [1]
"#,
    );
}
