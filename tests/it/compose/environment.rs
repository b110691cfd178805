//! Where variables come from, and the files of variables and labels that services name.

use super::documents::hold;

#[test]
fn the_shell_goes_before_the_file_of_variables() {
    hold(
        r#"
== a file beside the stack => ok
services:
  web:
    image: ${NAME}:${TAG}
-- .env
NAME=file
TAG=2
-- shell
NAME=shell
-- /services/web/image "shell:2"

== a line knows those above it and the shell => ok
services:
  web:
    image: ${IMAGE}
-- .env
NAME=file
IMAGE=${NAME}:${TAG:-1}-$HOME
-- /services/web/image "file:1-/tmp"

== quotes, comments, export and the end of a line => ok
services:
  web:
    image: a
    environment: {A: $A, B: $B, C: $C, D: $D, E: $E}
-- .env
# above
export A=1
B='$A # b'   # behind
C="$A\tc"
D = d # behind
E: e#e
-- /services/web/environment {"A": "1", "B": "$$A # b", "C": "1\tc", "D": "d", "E": "e#e"}

== a line that cannot be read => CV005 .env:2:1
services:
  web:
    image: a
-- .env
NAME=a
NA@ME=b

== a quote that is not closed => CV005 .env:1:6
services:
  web:
    image: a
-- .env
NAME="a

== the project's name and the folder are known => ok
services:
  web:
    image: ${COMPOSE_PROJECT_NAME}
    working_dir: $PWD/a
-- /services/web/image "x"
-- /services/web/working_dir "$FOLDER/a"

== a variable without a value has the shell's => ok
services:
  web:
    image: a
    environment: [NAME, NONE]
  api:
    image: a
    environment: {NAME: , NONE: }
-- shell
NAME=n
-- /services/web/environment {"NAME": "n", "NONE": null}
-- /services/api/environment {"NAME": "n", "NONE": null}

== it has that of the file too => ok
services:
  web:
    image: a
    environment: [NAME]
-- .env
NAME=file
-- /services/web/environment {"NAME": "file"}
"#,
    );
}

#[test]
fn services_read_files_of_variables() {
    hold(
        r#"
== below what they say themselves, the later file first => ok
services:
  web:
    image: a
    env_file: [a.env, b.env]
    environment: {C: "3"}
-- a.env
A=1
B=1
C=1
-- b.env
B=2
C=2
-- /services/web/environment {"A": "1", "B": "2", "C": "3"}

== in all three forms => ok
services:
  web: {image: a, env_file: a.env}
  api: {image: a, env_file: [a.env]}
  db: {image: a, env_file: [{path: a.env}]}
-- a.env
A=1
-- /services/web/environment {"A": "1"}
-- /services/api/environment {"A": "1"}
-- /services/db/environment {"A": "1"}

== a file knows the shell, the service and the files before it => ok
services:
  web:
    image: a
    env_file: [a.env, b.env]
    environment: {OWN: own}
-- a.env
A=$SHELL_NAME
B=${OWN}
-- b.env
C=$A
-- shell
SHELL_NAME=s
-- /services/web/environment {"A": "s", "B": "own", "C": "s", "OWN": "own"}

== as they are, where that is asked for => ok
services:
  web:
    image: a
    env_file: [{path: a.env, format: raw}]
-- a.env
A="$B" # c
-- /services/web/environment {"A": "\"$$B\" # c"}

== in no other format => CV013 4:38
services:
  web:
    image: a
    env_file: [{path: a.env, format: json}]
-- a.env
A=1

== they must be there, unless that is not required => CV034 4:15, CV034 7:16, CV034 10:16
services:
  web:
    image: a
    env_file: none.env
  api:
    image: a
    env_file: [none.env]
  db:
    image: a
    env_file: [{path: none.env}]
  job:
    image: a
    env_file: [{path: none.env, required: false}]

== nobody asks for those of disabled services => ok
services:
  web: {image: a}
  api: {image: a, env_file: none.env, profiles: [off]}

== a line that cannot be read => CV005 a.env:2:1
services:
  web: {image: a, env_file: a.env}
-- a.env
A=1
B C=2

== a folder is none => CV034 2:29
services:
  web: {image: a, env_file: sub}
-- sub/file
A=1

== through an anchor, told once => CV034 2:13
x-base: &base
  env_file: none.env
services:
  web: {<<: *base, image: a}
  api: {<<: *base, image: a}
-- says 4:13 merged from here
"#,
    );
}

#[test]
fn services_read_files_of_labels() {
    hold(
        r#"
== below what they say themselves => ok
services:
  web:
    image: a
    label_file: [a.labels, b.labels]
    labels: {c: "3"}
  api:
    image: a
    label_file: a.labels
-- a.labels
a=1
b=1
-- b.labels
b=2
c=2
-- /services/web/labels {"a": "1", "b": "2", "c": "3"}
-- /services/api/labels {"a": "1", "b": "1"}

== they must be there => CV034 4:17
services:
  web:
    image: a
    label_file: none.labels

== a line that cannot be read => CV005 a.labels:1:1
services:
  web: {image: a, label_file: a.labels}
-- a.labels
a@b=1
"#,
    );
}
