//! Keys, anchors and merge keys.

use super::documents::hold;

#[test]
fn a_key_is_given_once_and_an_anchor_as_often_as_one_likes() {
    hold(
        r#"
== a service is given twice => CV002 4:3
services:
  web:
    image: a
  web:
    image: b

== a key of a service is given twice => CV002 4:5
services:
  web:
    image: a
    image: b

== a section is given twice => CV002 4:1
services:
  web:
    image: a
services:
  api:
    image: b

== every repeated key is told => CV002 5:5, CV002 6:5, CV002 7:35
services:
  web:
    image: a
    user: "1"
    user: "2"
    image: b
    environment: {A: "1", B: "2", A: "3"}

== a key is the same with and without quotes => CV002 4:5
services:
  web:
    image: a
    "image": b

== keys that differ in case are two => ok
services:
  web:
    image: a
    environment:
      PATH_A: "1"
      path_a: "2"

== a key is repeated in an extension => CV002 6:3
services:
  web:
    image: a
x-any:
  one: 1
  one: 2

== the same key in two mappings => ok
services:
  web:
    image: a
  api:
    image: a

== an anchor is given twice, and the nearer one before counts => ok
x-one: &same
  image: a
services:
  web: *same
  api: &same
    image: b
  db: *same
-- /services/web/image "a"
-- /services/db/image "b"

== an anchor is used before it is given => CV003 3:12
services:
  web:
    image: *late
x-image: &late a

== an anchor is given nowhere => CV003 3:9, CV003 4:12
services:
  web:
    <<: *base
    image: *image

== anchors outlive their document => ok
x-image: &image a
---
services:
  web:
    image: b
    user: *image
-- /services/web/user "a"
"#,
    );
}

#[test]
fn merge_keys_fill_in_what_a_mapping_does_not_say() {
    hold(
        r#"
== what is said stays, above the merge key and below it => ok
x-base: &base {image: a, user: "1", restart: always}
services:
  web:
    user: "2"
    <<: *base
    restart: "no"
-- /services/web/image "a"
-- /services/web/user "2"
-- /services/web/restart "no"

== of a list of aliases the first one counts => ok
x-one: &one {image: a, user: "1"}
x-two: &two {image: b, restart: always}
services:
  web:
    <<: [*one, *two]
-- /services/web/image "a"
-- /services/web/restart "always"

== a mapping may stand there itself => ok
services:
  web:
    <<: {image: a}
-- /services/web/image "a"

== a list of a mapping and an alias => ok
x-one: &one {user: "1"}
services:
  web:
    <<: [{image: a}, *one]
-- /services/web/user "1"

== merge keys within what is merged => ok
x-one: &one {image: a}
x-two: &two
  <<: *one
  user: "1"
services:
  web:
    <<: *two
-- /services/web/image "a"
-- /services/web/user "1"

== what is merged is not merged key by key further down => ok
x-base: &base
  image: a
  environment: {A: "1"}
services:
  web:
    <<: *base
    environment: {B: "2"}
-- /services/web/environment {"B": "2"}

== a text is no mapping to merge => CV011 3:9
services:
  web:
    <<: base
    image: a

== a list of texts is no list of mappings => CV011 3:10
services:
  web:
    <<: [base]
    image: a

== a number is no mapping to merge => CV011 4:9
x-one: &one 1
services:
  web:
    <<: *one
    image: a

== a merge key is given twice => CV002 6:5
x-one: &one {image: a}
x-two: &two {user: "1"}
services:
  web:
    <<: *one
    <<: *two

== in quotes it is a key like any other => CV010 4:5
services:
  web:
    image: a
    "<<": {user: "1"}

== what is wrong in an anchor is wrong where it is written => CV010 2:3
x-base: &base
  imagee: a
services:
  web:
    <<: *base
    image: a
  api:
    <<: *base
    image: a
"#,
    );
}

#[test]
fn aliases_stand_for_whole_values() {
    hold(
        r#"
== a mapping, a list and a text => ok
x-environment: &environment {A: "1"}
x-command: &command [run, all]
x-image: &image a
services:
  web:
    image: *image
    command: *command
    environment: *environment
-- /services/web/command ["run", "all"]
-- /services/web/environment {"A": "1"}

== an alias as a key => ok
x-name: &name web
services:
  *name :
    image: a
-- /services/web/image "a"

== an alias in a list => ok
x-port: &port "80"
services:
  web:
    image: a
    expose: [*port, "81"]
-- /services/web/expose ["80", "81"]

== a service is another service => ok
services:
  web: &web
    image: a
  api: *web
-- /services/api/image "a"

== a mapping holds itself => CV030 3:9
services:
  web: &web
    <<: *web
    image: a

== a list holds itself => CV030 4:25
services:
  web:
    image: a
    command: &all [run, *all]
"#,
    );
}
