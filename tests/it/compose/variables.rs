//! `$NAME` and `${…}`.

use super::documents::hold;

#[test]
fn variables_are_put_in() {
    hold(
        r#"
== with and without braces => ok
services:
  web:
    image: $NAME:${TAG}
    command: ["${NAME}", "a${NAME}b", "$NAME.$TAG"]
-- shell
NAME=nginx
TAG=1
-- /services/web/image "nginx:1"
-- /services/web/command ["nginx", "anginxb", "nginx.1"]

== defaults, where it is not set and where it is empty => ok
services:
  web:
    image: a
    environment:
      A: ${NONE:-x}
      B: ${EMPTY:-x}
      C: ${SET:-x}
      D: ${NONE-x}
      E: ${EMPTY-x}
      F: ${SET-x}
      G: ${NONE:-}
-- shell
EMPTY=
SET=s
-- /services/web/environment {"A": "x", "B": "x", "C": "s", "D": "x", "E": "", "F": "s", "G": ""}

== another text where it is set => ok
services:
  web:
    image: a
    environment:
      A: ${NONE:+x}
      B: ${EMPTY:+x}
      C: ${SET:+x}
      D: ${NONE+x}
      E: ${EMPTY+x}
      F: ${SET+x}
-- shell
EMPTY=
SET=s
-- /services/web/environment {"A": "", "B": "", "C": "x", "D": "", "E": "x", "F": "x"}

== variables in defaults, to any depth => ok
services:
  web:
    image: a
    environment:
      A: ${NONE:-${SET}}
      B: ${NONE:-$SET-y}
      C: ${NONE:-${ALSO:-${LAST:-deep}}}
      D: ${NONE:-${SET}}/${NONE:-b}
      E: ${SET:+${ALSO:-set}}
-- shell
SET=s
-- /services/web/environment {"A": "s", "B": "s-y", "C": "deep", "D": "s/b", "E": "set"}

== defaults with anything in them => ok
services:
  web:
    image: a
    environment:
      A: ${NONE:-a:b-c?d+e}
      B: ${NONE:-/data/{id}/x}
      C: ${NONE:-with space}
      D: ${NONE:-$$1}
-- /services/web/environment {"A": "a:b-c?d+e", "B": "/data/{id}/x", "C": "with space", "D": "$$1"}

== names of capitals, small letters, digits and underscores => ok
services:
  web:
    image: ${_a1}${B_2}
-- shell
_a1=x
B_2=y
-- /services/web/image "xy"

== in every section, but not in keys => ok
services:
  web:
    image: a
    networks: [net]
    environment:
      ${NAME}: key
networks:
  net:
    name: ${NAME}
x-any: ${NAME}
-- shell
NAME=n
-- /networks/net/name "n"
-- /x-any "n"
-- /services/web/environment {"$${NAME}": "key"}

== what a variable holds is not looked into => ok
services:
  web:
    image: a
    environment: {A: "${DOLLAR}"}
-- shell
DOLLAR=$NAME
-- /services/web/environment {"A": "$$NAME"}
"#,
    );
}

#[test]
fn a_dollar_that_means_nothing_stays() {
    hold(
        r#"
== two dollars are one => ok
services:
  web:
    image: a
    command: ["$$NAME", "$$$$", "$${NAME}", "$$$NAME"]
-- shell
NAME=n
-- /services/web/command ["$$NAME", "$$$$", "$${NAME}", "$$n"]

== in front of what is no name => ok
services:
  web:
    image: a
    command: ["$(pwd)", "$'a'", "$2a$10$x", "5$", "$ a", "$"]
-- shell
x=y
-- /services/web/command ["$$(pwd)", "$$'a'", "$$2a$$10y", "5$$", "$$ a", "$$"]
"#,
    );
}

#[test]
fn a_variable_that_is_not_set_is_an_empty_text_and_a_warning() {
    hold(
        r#"
== each is told where it stands => CV007 3:12, CV007 4:15, CV007 4:26
services:
  web:
    image: a${NONE}
    command: ["${NONE}", "$ALSO"]
-- /services/web/image "a"
-- /services/web/command ["", ""]

== in a default => CV007 3:12
services:
  web:
    image: a${NONE:-$ALSO}

== set to nothing is set => ok
services:
  web:
    image: a${EMPTY}
-- shell
EMPTY=

== within what is not needed, nothing is asked for => ok
services:
  web:
    image: ${SET:-${NONE}}
-- shell
SET=s

== a mount without its source => CV007 4:15, CV017 4:15
services:
  web:
    image: a
    volumes: ["${NONE}:/data"]

== a port without its number => CV007 4:13, CV016 4:13
services:
  web:
    image: a
    ports: ["80:${NONE}"]

== an image without its name => CV033 2:3, CV007 3:12
services:
  web:
    image: ${NONE}

== an empty text is no number => CV007 4:11, CV008 4:11
services:
  web:
    image: a
    cpus: ${NONE}
"#,
    );
}

#[test]
fn a_brace_without_a_name_or_an_end_is_an_error() {
    hold(
        r#"
== without a name => CV005 3:12
services:
  web:
    image: "${}"

== without an end => CV005 3:12
services:
  web:
    image: a:${TAG

== a name that begins with a digit => CV005 3:12
services:
  web:
    image: ${1}

== a space in front of the name => CV005 3:12
services:
  web:
    image: "${ TAG}"

== an operator that is none => CV005 3:12, CV005 4:11
services:
  web:
    image: ${TAG!x}
    user: "${TAG/a/b}"

== a dash in the name is an operator => ok
services:
  web:
    image: ${IMAGE-NAME}
-- /services/web/image "NAME"

== a colon alone is no operator => CV005 3:12
services:
  web:
    image: ${TAG:}

== a default of two lines => CV005 6:9
services:
  web:
    image: a
    environment:
      A: |
        ${NONE:-one
        two}

== within a default that is needed => CV005 3:12
services:
  web:
    image: ${NONE:-${}}

== within a default that is not needed (2.40.3 refuses it) => ok
services:
  web:
    image: ${SET:-${}}
-- shell
SET=s

== in every place of a list and in extensions => CV005 4:20, CV005 4:30, CV005 5:8
services:
  web:
    image: a
    command: [run, "${", ok, "${}"]
x-any: ${

== in an extension of a service => CV005 4:12
services:
  web:
    image: a
    x-any: "${}"
"#,
    );
}

#[test]
fn a_variable_that_must_be_set_says_why() {
    hold(
        r#"
== not set, and empty => CV006 5:10, CV006 6:10, CV006 7:10
services:
  web:
    image: a
    environment:
      A: ${NONE:?set it}
      B: ${NONE?}
      C: ${EMPTY:?}
      D: ${EMPTY?not told}
      E: ${SET:?not told}
-- shell
EMPTY=
SET=s

== in a default that is needed => CV006 3:12
services:
  web:
    image: ${NONE:-${ALSO:?set it}}

== in a default that is not needed (2.40.3 refuses it) => ok
services:
  web:
    image: ${SET:-${ALSO:?set it}}
-- shell
SET=s

== in a service that is disabled => CV006 3:12
services:
  web:
    image: ${NONE:?}
    profiles: [off]
  api:
    image: a

== in a section that nobody uses => CV006 6:11
services:
  web:
    image: a
volumes:
  data:
    name: ${NONE:?}

== nothing follows from it => CV006 4:16
services:
  web:
    image: a
    volumes: [ "${NONE:?set it}:/data" ]
"#,
    );
}
