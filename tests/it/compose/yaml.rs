//! YAML as Compose reads it: 1.2, with a few habits of Go's library.

use super::documents::hold;

#[test]
fn the_top_is_a_mapping_with_texts_for_keys() {
    hold(
        r#"
== a list at the top => CV011 1:1
- services

== a text at the top => CV011 1:1
services

== a number at the top => CV011 1:1
42

== a number is no key => CV011 5:7
services:
  web:
    image: a
    environment:
      1: a

== a boolean is no key, and nothing is none => CV011 5:7, CV011 6:7
services:
  web:
    image: a
    labels:
      true: a
      ~: b

== a number in quotes is a key => ok
services:
  web:
    image: a
    environment:
      "1": a
-- /services/web/environment {"1": "a"}

== a list is no key => CV011 5:7
services:
  web:
    image: a
    labels:
      [a, b]: c

== a name that is a word of YAML 1.1 is a text => ok
services:
  "on":
    image: a
  yes:
    image: b
-- /services/yes/image "b"

== a number as the name of a service => CV011 2:3
services:
  1:
    image: a
"#,
    );
}

#[test]
fn scalars_are_of_yaml_1_2() {
    hold(
        r#"
== on, off, yes and no are texts => ok
services:
  web:
    image: a
    environment: {A: on, B: off, C: yes, D: no, E: y, F: n}
-- /services/web/environment {"A": "on", "B": "off", "C": "yes", "D": "no", "E": "y", "F": "n"}

== numbers in all their forms => ok
services:
  web:
    image: a
    environment: {A: 0x1f, B: 0o17, C: 017, D: 1_000, E: 1e3, F: 0b11, G: 12:30, H: .5}
-- /services/web/environment {"A": "31", "B": "15", "C": "15", "D": "1000", "E": "1000", "F": "3", "G": "12:30", "H": "0.5"}

== nothing is nothing => ok
services:
  web:
    image: a
    environment: {A: ~, B: null, C: "", D: "null"}
-- /services/web/environment {"A": null, "B": null, "C": "", "D": "null"}

== a date is one of Go's (2.40.3 refuses it) => ok
services:
  web:
    image: a
    labels: {built: 2026-01-31, quoted: "2026-01-31", not: 2026-13-31}
-- /services/web/labels {"built": "2026-01-31 00:00:00 +0000 UTC", "quoted": "2026-01-31", "not": "2026-13-31"}

== block texts keep their lines or fold them => ok
services:
  web:
    image: a
    environment:
      A: |
        one
        two
      B: >-
        one
        two
      C: |2
          one
-- /services/web/environment {"A": "one\ntwo\n", "B": "one two", "C": "  one\n"}

== texts of several lines in quotes => ok
services:
  web:
    image: a
    environment:
      A: "one
        two"
      B: 'it''s'
      C: "\u00fc\t\x41"
-- /services/web/environment {"A": "one two", "B": "it's", "C": "ü\tA"}

== tags make texts and numbers => ok
services:
  web:
    image: !!str 12
    pids_limit: !!int "12"
-- /services/web/image "12"
-- /services/web/pids_limit 12

== what is no number has no tag of one => CV001 4:23
services:
  web:
    image: a
    pids_limit: !!int many
"#,
    );
}

#[test]
fn brackets_may_close_where_their_parent_began() {
    hold(
        r#"
== a bracket at the parent's indent => ok
services:
  web:
    image: a
    command: [
      run,
      all,
    ]
    environment: {
      A: "1",
    }
-- /services/web/command ["run", "all"]

== a bracket at the left margin => ok
services:
  web:
    image: a
    command: [
      run,
]

== a bracket is not closed => CV001 4:14
services:
  web:
    image: a
    command: [run, all

== a list at its key's indent => ok
services:
  web:
    image: a
    command:
    - run
    - all
-- /services/web/command ["run", "all"]

== a comment behind anything => ok
# above
services: # behind
  web: # behind
    image: a # behind
    command: [run, # within
      all] # behind
-- /services/web/image "a"

== a colon within a text ends it => CV001 3:13
services:
  web:
    image: a: b

== an indent that fits nothing => CV001 4:4
services:
  web:
    image: a
   user: "1"

== a text that begins with an at sign => CV001 3:12
services:
  web:
    image: @a

== a quote is not closed => CV001 3:12
services:
  web:
    image: "a
    user: b
"#,
    );
}

#[test]
fn each_document_of_a_file_is_laid_over_those_before() {
    hold(
        r#"
== two documents => ok
services:
  web:
    image: a
    environment: {A: "1"}
---
services:
  web:
    image: b
    environment: {B: "2"}
-- /services/web/image "b"
-- /services/web/environment {"A": "1", "B": "2"}

== a directive of version 1.2 is refused => CV001 1:1
%YAML 1.2
---
services:
  web:
    image: a

== one of version 1.1 is not, and the end may be told => ok
%YAML 1.1
---
services:
  web:
    image: a
...
-- /services/web/image "a"

== errors of both documents are told => CV010 4:5, CV010 9:5
services:
  web:
    image: a
    usr: b
---
services:
  api:
    image: a
    usr: b

== a document without anything is no mapping => CV011 1:1
---
---
services:
  web:
    image: a
"#,
    );
}
