//! `extends`: services that begin as others.

use super::documents::hold;

#[test]
fn a_service_begins_as_another() {
    hold(
        r#"
== of the same file, in both forms => ok
services:
  base:
    image: a
    environment: {A: "1", B: "1"}
    ports: ["80:80"]
  web:
    extends: base
    environment: {B: "2"}
  api:
    extends: {service: base}
    image: b
    ports: ["81:81"]
-- /services/web/image "a"
-- /services/web/environment {"A": "1", "B": "2"}
-- /services/api/image "b"
-- /services/api/ports/1/target 81

== over several steps, in any order => ok
services:
  c: {extends: b, user: "3"}
  a: {image: a, user: "1", hostname: a}
  b: {extends: a, user: "2"}
-- /services/c/image "a"
-- /services/c/hostname "a"
-- /services/c/user "3"

== of another file, with its folder => ok
services:
  web:
    extends: {service: base, file: sub/base.yaml}
-- sub/base.yaml
services:
  base:
    image: a
    volumes: ["./data:/data"]
    env_file: a.env
-- sub/a.env
A=1
-- /services/web/volumes/0/source "$FOLDER/sub/data"
-- /services/web/environment {"A": "1"}

== of another file that extends a third => ok
services:
  web:
    extends: {service: two, file: sub/two.yaml}
-- sub/two.yaml
services:
  two:
    extends: {service: three, file: ../three.yaml}
    user: "2"
-- three.yaml
services:
  three: {image: c}
-- /services/web/image "c"
-- /services/web/user "2"

== of its own file by name => ok
services:
  base: {image: a}
  web:
    extends: {service: base, file: compose.yaml}
-- /services/web/image "a"

== the other file's variables are those of the stack => ok
services:
  web:
    extends: {service: base, file: sub/base.yaml}
-- .env
NAME=here
-- sub/.env
NAME=there
-- sub/base.yaml
services:
  base: {image: "${NAME}"}
-- /services/web/image "here"
"#,
    );
}

#[test]
fn what_is_extended_brings_itself_and_nothing_beside_it() {
    hold(
        r#"
== a file and a service with variables => ok
services:
  web:
    extends: {service: "${BASE}", file: "${BASE}.yaml"}
-- .env
BASE=base
-- base.yaml
services:
  base: {image: a}
-- /services/web/image "a"

== what the base needs beside it is not taken => CV022 sub/base.yaml:4:15
services:
  web:
    extends: {service: base, file: sub/base.yaml}
-- sub/base.yaml
services:
  base:
    image: a
    volumes: ["data:/data"]
volumes: {data: }
-- says 3:14 extended here

== dependencies are taken too => CV020 2:33
services:
  base: {image: a, depends_on: [none]}
  web: {extends: base, image: b}

== with one thing taken away => ok
services:
  base: {image: a, user: "1", ports: ["80:80"]}
  web:
    extends: base
    user: !reset null
    ports: !override ["81:81"]
-- /services/web/user nothing
-- /services/web/ports/0/target 81
-- /services/web/ports/1 nothing
-- /services/base/user "1"

== a later file extends what an earlier one has => CV026 over.yaml:2:18
services:
  base: {image: a}
-- + over.yaml
services:
  web: {extends: base}
  bases: {image: b}
-- says did you mean `bases`?
"#,
    );
}

#[test]
fn what_is_extended_exists() {
    hold(
        r"
== a service of the same file => CV026 4:14
services:
  bases: {image: a}
  web:
    extends: base
    image: a
-- says did you mean `bases`?

== a service of another file => CV026 3:24
services:
  web:
    extends: {service: base, file: other.yaml}
-- other.yaml
services:
  other: {image: a}

== a file => CV034 3:36
services:
  web:
    extends: {service: base, file: none.yaml}

== a file that is none => CV001 other.yaml:1:11
services:
  web:
    extends: {service: base, file: other.yaml}
-- other.yaml
services: [

== a file without services => CV026 3:24
services:
  web:
    extends: {service: base, file: other.yaml}
-- other.yaml
volumes: {}

== a service to extend must be named => CV011 3:14, CV011 5:14, CV011 7:14
services:
  web:
    extends: {file: other.yaml}
  api:
    extends: [base]
  db:
    extends: {service: [base]}

== unknown keys beside the name are passed over => ok
services:
  base: {image: a}
  web:
    extends: {service: base, files: other.yaml}

== what is wrong in another file => CV010 other.yaml:3:5
services:
  web:
    extends: {service: base, file: other.yaml}
-- other.yaml
services:
  base:
    imagee: a
    image: a
  unused:
    imagee: a
-- says 3:14 extended here
",
    );
}

#[test]
fn services_that_extend_each_other_are_told() {
    hold(
        r#"
== itself => CV030 3:14
services:
  web:
    extends: web
    image: a

== each other => CV030 2:16
services:
  a: {extends: b, image: a}
  b:
    extends: a
    image: a

== three of them => CV030 2:16
services:
  a: {extends: b}
  b: {extends: c}
  c: {extends: a, image: a}

== over two files => CV030 3:14
services:
  a:
    extends: {service: b, file: other.yaml}
-- other.yaml
services:
  b: {extends: {service: a, file: compose.yaml}, image: a}

== the same name in another file is none => ok
services:
  web:
    extends: {service: web, file: other.yaml}
-- other.yaml
services:
  web: {image: a}
-- /services/web/image "a"
"#,
    );
}
