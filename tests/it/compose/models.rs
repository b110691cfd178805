//! What is left out, filled in and named when a model is made.

use super::documents::hold;

#[test]
fn a_stack_has_something_in_it() {
    hold(
        r#"
== services of nothing => ok
services: {}
-- /services {}

== nothing but a name => ok
name: mine
-- /services {}

== nothing but an extension => ok
x-any: 1
-- /x-any 1

== an empty mapping => CV011 1:1
{}

== services without a mapping => CV011 1:9
services:

== the version is obsolete, whatever it says => CV036 1:1
version: "3.8"
services:
  web: {image: a}

== and is told of each file => CV036 1:1, CV036 over.yaml:1:1
version: "3.8"
services:
  web: {image: a}
-- + over.yaml
version: "2"
"#,
    );
}

#[test]
fn what_follows_is_filled_in() {
    hold(
        r#"
== the default network and names => ok
services:
  web:
    image: a
    networks: [default, net, out]
    volumes: ["data:/data"]
networks:
  net:
  out: {external: true}
volumes:
  data: {name: mine}
-- /name "x"
-- /networks/default {"name": "x_default", "ipam": {}}
-- /networks/net {"name": "x_net", "ipam": {}}
-- /networks/out {"name": "out", "ipam": {}, "external": true}
-- /volumes/data {"name": "mine"}

== no default network where nobody is in it => ok
services:
  web:
    image: a
    network_mode: host
  api:
    image: a
    networks: [net]
networks:
  net:
-- /networks/default nothing
-- /services/web/networks nothing

== builds => ok
services:
  web:
    build: {args: {A: , B: "1"}}
-- shell
A=s
-- /services/web/build {"context": "$FOLDER", "dockerfile": "Dockerfile", "args": {"A": "s", "B": "1"}}

== devices: all where no number and no name is given => ok
services:
  web:
    image: a
    deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}
  api:
    image: a
    gpus: all
-- /services/web/deploy/resources/reservations/devices [{"capabilities": ["gpu"], "count": -1}]
-- /services/api/gpus [{"count": -1}]

== targets of secrets => ok
services:
  web:
    image: a
    secrets: [one]
    configs: [two]
secrets: {one: {file: ./one}}
configs: {two: {content: a$$b}}
-- /services/web/secrets [{"source": "one", "target": "/run/secrets/one"}]
-- /services/web/configs [{"source": "two"}]
-- /configs/two {"name": "x_two", "content": "a$$b"}
-- /secrets/one {"name": "x_one", "file": "$FOLDER/one"}

== empty texts and lists of what is merged are left out => ok
services:
  web:
    image: a
    ports: []
    volumes: []
    environment: []
    hostname: ""
    dns: [""]
-- /services/web {"image": "a", "command": null, "entrypoint": null, "networks": {"default": null}}

== policies in other words => ok
services:
  web:
    image: a
    pull_policy: if_not_present
-- /services/web/pull_policy "missing"

== home folders and folders above => ok
services:
  web:
    image: a
    volumes: ["~:/home", "../a:/a"]
secrets:
  one: {file: ~/one}
-- /services/web/volumes/0/source "/tmp"
"#,
    );
}
