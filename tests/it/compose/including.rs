//! `include`: other stacks, taken in whole.

use super::documents::hold;

#[test]
fn a_stack_is_taken_in_with_its_own_folder_and_variables() {
    hold(
        r#"
== in both forms => ok
include:
  - one.yaml
  - path: two.yaml
services:
  web: {image: a, depends_on: [one, two]}
-- one.yaml
services:
  one: {image: b}
-- two.yaml
services:
  two: {image: c}
-- /services/one/image "b"
-- /services/two/image "c"

== all its sections => ok
include: [sub/stack.yaml]
services:
  web:
    image: a
    networks: [net]
    volumes: ["data:/data"]
    secrets: [secret]
    configs: [config]
    models: [ai]
-- sub/stack.yaml
networks: {net: }
volumes: {data: }
secrets: {secret: {file: ./secret}}
configs: {config: {file: ./config}}
models: {ai: {model: a}}
services: {}
-- /secrets/secret/file "$FOLDER/sub/secret"
-- /configs/config/file "$FOLDER/sub/config"

== paths begin at its folder => ok
include: [sub/stack.yaml]
-- sub/stack.yaml
services:
  one:
    image: a
    volumes: ["./data:/data"]
    env_file: a.env
-- sub/a.env
A=1
-- /services/one/volumes/0/source "$FOLDER/sub/data"
-- /services/one/environment {"A": "1"}

== or at the one that is told => ok
include:
  - path: sub/stack.yaml
    project_directory: other
-- sub/stack.yaml
services:
  one:
    image: a
    volumes: ["./data:/data"]
-- other/.keep
-- /services/one/volumes/0/source "$FOLDER/other/data"

== or at the folder above, if that is none => ok
include:
  - path: sub/stack.yaml
    project_directory: other
-- sub/stack.yaml
services:
  one:
    image: a
    volumes: ["./data:/data"]
-- /services/one/volumes/0/source "$FOLDER/data"
"#,
    );
}

#[test]
fn a_stack_that_is_taken_in_has_its_own_variables() {
    hold(
        r#"
== its variables are those beside it, below the stack's => ok
include: [sub/stack.yaml]
services:
  web: {image: "${A}${B:-none}"}
-- .env
A=1
-- sub/.env
A=2
B=3
-- sub/stack.yaml
services:
  one: {image: "${A}${B}"}
-- /services/one/image "13"
-- /services/web/image "1none"

== or those that are told => ok
include:
  - path: sub/stack.yaml
    env_file: [a.env, b.env]
-- sub/.env
A=1
-- a.env
A=2
B=2
-- b.env
B=3
-- sub/stack.yaml
services:
  one: {image: "${A}${B}"}
-- /services/one/image "23"

== or none => CV007 sub/stack.yaml:2:16
include:
  - path: sub/stack.yaml
    env_file: /dev/null
services:
  web: {image: a}
-- sub/.env
A=1
-- sub/stack.yaml
services:
  one: {image: x$A}
"#,
    );
}

#[test]
fn stacks_are_taken_in_with_those_that_they_take_in() {
    hold(
        r#"
== several files that are one stack => ok
include:
  - path: [one.yaml, two.yaml]
-- one.yaml
services:
  one: {image: a, user: "1"}
-- two.yaml
services:
  one: {image: b}
-- /services/one/image "b"
-- /services/one/user "1"

== stacks in stacks => ok
include: [a/one.yaml]
-- a/one.yaml
include: [b/two.yaml]
services:
  one: {image: a, depends_on: [two]}
-- a/b/two.yaml
services:
  two: {image: b, volumes: ["./data:/data"]}
-- /services/two/volumes/0/source "$FOLDER/a/b/data"

== one stack taken in twice, by two => ok
include: [one.yaml, two.yaml]
-- one.yaml
include: [base.yaml]
services: {one: {image: a}}
-- two.yaml
include: [base.yaml]
services: {two: {image: a}}
-- base.yaml
services: {base: {image: a}}
-- /services/base/image "a"
"#,
    );
}

#[test]
fn includes_come_after_variables_and_before_extends() {
    hold(
        r#"
== a path with a variable => ok
include: ["${PART}.yaml", "sub/${PART:-none}.yaml"]
-- .env
PART=one
-- one.yaml
services: {one: {image: a}}
-- sub/one.yaml
services: {two: {image: a}}
-- /services/two/image "a"

== a service begins as one that is taken in (2.40.3 refuses it) => ok
include: [one.yaml]
services:
  web: {extends: base, user: "2"}
-- one.yaml
services: {base: {image: a, user: "1"}}
-- /services/web/image "a"
-- /services/web/user "2"

== what is taken in does not begin as one of the stack => CV026 one.yaml:1:27
include: [one.yaml]
services: {base: {image: a}}
-- one.yaml
services: {one: {extends: base}}

== profiles are those of the stack => ok
include: [one.yaml]
services: {web: {image: a}}
-- one.yaml
services: {one: {image: a, profiles: [extra]}, two: {image: a}}
-- profiles
extra
-- /services/one/image "a"
"#,
    );
}

#[test]
fn what_the_stack_says_itself_goes_before_what_it_takes_in() {
    hold(
        r#"
== a service in both (2.40.3 refuses it) => ok
include: [one.yaml]
services:
  one: {image: b, environment: {B: "2"}}
-- one.yaml
services:
  one: {image: a, user: "1", environment: {A: "1"}}
-- /services/one/image "b"
-- /services/one/user "1"
-- /services/one/environment {"A": "1", "B": "2"}

== the same service in two of them, as both say => ok
include: [one.yaml, two.yaml]
-- one.yaml
services: {same: {image: a}}
-- two.yaml
services: {same: {image: a}}

== a later file lays over it => ok
include: [one.yaml]
-- one.yaml
services: {one: {image: a, user: "1"}}
-- + over.yaml
services: {one: {image: b}}
-- /services/one/image "b"
-- /services/one/user "1"

== with something taken away (2.40.3 refuses it) => ok
include: [one.yaml]
services:
  one: {user: !reset null, ports: !override ["81:81"]}
-- one.yaml
services: {one: {image: a, user: "1", ports: ["80:80"]}}
-- /services/one/user nothing
-- /services/one/ports/0/target 81
-- /services/one/ports/1 nothing
"#,
    );
}

#[test]
fn what_cannot_be_taken_in_is_told() {
    hold(
        r#"
== a file that is not there => CV034 1:11, CV034 4:11
include: [none.yaml, one.yaml,
  {path: [one.yaml,
    one.yaml,
          none.yaml]}]
services: {web: {image: a, depends_on: [any]}}
-- one.yaml
services: {one: {image: a}}

== a file of variables that is not there => CV034 3:15
include:
  - path: one.yaml
    env_file: none.env
services: {web: {image: a}}
-- one.yaml
services: {one: {image: a}}

== a file that is none => CV001 one.yaml:1:11
include: [one.yaml]
services: {web: {image: a}}
-- one.yaml
services: [

== what is wrong in it => CV010 one.yaml:2:19
include: [one.yaml]
services: {web: {image: a}}
-- one.yaml
services:
  one: {image: a, usr: b}

== what it refers to must be there in the end => CV020 one.yaml:2:37
include: [one.yaml]
services: {web: {image: a}}
-- one.yaml
services:
  one: {image: a, depends_on: [web, none]}

== it is no list => CV011 1:10
include: one.yaml
services: {web: {image: a}}
-- one.yaml
services: {one: {image: a}}

== its items are paths or mappings => CV011 1:11
include: [[one.yaml]]
services: {web: {image: a}}
-- one.yaml
services: {one: {image: a}}

== unknown keys beside the path are passed over => ok
include:
  - path: one.yaml
    project: a
services: {web: {image: a}}
-- one.yaml
services: {one: {image: a}}

== what lies elsewhere => CV034 1:11, CV034 2:3, CV034 3:3
include: ["https://host/stack.git",
  "oci://host/stack",
  "git@host:a/stack.git"]
services: {web: {image: a}}

== itself => CV030 1:11
include: [compose.yaml]
services: {web: {image: a}}

== each other => CV030 one.yaml:1:11
include: [one.yaml]
services: {web: {image: a}}
-- one.yaml
include: [compose.yaml]
services: {one: {image: a}}

== over three, in other words => CV030 b/two.yaml:1:11
include: [one.yaml]
services: {web: {image: a}}
-- one.yaml
include: [./b/two.yaml]
services: {one: {image: a}}
-- b/two.yaml
include: [../b/../one.yaml]
services: {two: {image: a}}
"#,
    );
}
