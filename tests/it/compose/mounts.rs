//! Ports and mounts in their short and long forms.

use super::documents::hold;

#[test]
fn ports_are_parted_from_the_right() {
    hold(
        r#"
== in every short form => ok
services:
  web:
    image: a
    ports:
      - 80
      - "81"
      - "8082:82"
      - "127.0.0.1:8083:83"
      - "127.0.0.1::84"
      - "8085:85/udp"
      - "[::1]:8086:86"
      - "8087:87/SCTP"
-- /services/web/ports/0 {"mode": "ingress", "target": 80, "protocol": "tcp"}
-- /services/web/ports/1 {"mode": "ingress", "target": 81, "protocol": "tcp"}
-- /services/web/ports/2 {"mode": "ingress", "target": 82, "published": "8082", "protocol": "tcp"}
-- /services/web/ports/3 {"mode": "ingress", "host_ip": "127.0.0.1", "target": 83, "published": "8083", "protocol": "tcp"}
-- /services/web/ports/4 {"mode": "ingress", "host_ip": "127.0.0.1", "target": 84, "protocol": "tcp"}
-- /services/web/ports/5 {"mode": "ingress", "target": 85, "published": "8085", "protocol": "udp"}
-- /services/web/ports/6 {"mode": "ingress", "host_ip": "::1", "target": 86, "published": "8086", "protocol": "tcp"}
-- /services/web/ports/7 {"mode": "ingress", "target": 87, "published": "8087", "protocol": "sctp"}

== ranges => ok
services:
  web:
    image: a
    ports: ["3000-3001", "8000-8001:4000-4001", "9000-9009:5000"]
-- /services/web/ports/1 {"mode": "ingress", "target": 3001, "protocol": "tcp"}
-- /services/web/ports/3 {"mode": "ingress", "target": 4001, "published": "8001", "protocol": "tcp"}
-- /services/web/ports/4 {"mode": "ingress", "target": 5000, "published": "9000-9009", "protocol": "tcp"}
-- /services/web/ports/5 nothing

== the long form => ok
services:
  web:
    image: a
    ports:
      - {target: 80, published: "8080", host_ip: 127.0.0.1, protocol: udp, mode: host, name: a, app_protocol: http}
      - {target: 81, published: 8081}
-- /services/web/ports/0 {"name": "a", "mode": "host", "host_ip": "127.0.0.1", "target": 80, "published": "8080", "protocol": "udp", "app_protocol": "http"}
-- /services/web/ports/1 {"mode": "ingress", "target": 81, "published": "8081", "protocol": "tcp"}

== what is none => CV016 5:9, CV016 6:9, CV016 7:9, CV016 8:9, CV016 9:9, CV016 10:9
services:
  web:
    image: a
    ports:
      - http
      - "80:"
      - "80:80/icmp"
      - "70000:80"
      - "80:70000"
      - ""
      - ":80"

== ranges of other lengths and turned around => CV016 4:13, CV016 4:32
services:
  web:
    image: a
    ports: ["8000-8002:80-81", "81-80", "80-80:1-1"]

== addresses that are none => CV016 4:13, CV018 5:9
services:
  web:
    image: a
    ports: ["localhost:80:80",
        {target: 80, host_ip: localhost}]

== numbers of YAML 1.1 are no parts of a day => ok
services:
  web:
    image: a
    ports: [22:22, 80:80]
-- /services/web/ports/0 {"mode": "ingress", "target": 22, "published": "22", "protocol": "tcp"}

== fractions => CV016 4:13
services:
  web:
    image: a
    ports: [80.5]

== what is exposed is taken as it is => ok
services:
  web:
    image: a
    expose: [80, "81-90", "82/udp", http]
-- /services/web/expose ["80", "81-90", "82/udp", "http"]
"#,
    );
}

#[test]
fn mounts_have_no_empty_part() {
    hold(
        r#"
== in every short form => ok
services:
  web:
    image: a
    volumes:
      - /anonymous
      - data:/data
      - ./here:/here:ro
      - ~/home:/home
      - /abs:/abs:z,rshared
      - data:/nocopy:nocopy
      - ../up:/up/:rw
volumes: {data: }
-- /services/web/volumes/0 {"type": "volume", "target": "/anonymous", "volume": {}}
-- /services/web/volumes/1/source "data"
-- /services/web/volumes/2/source "$FOLDER/here"
-- /services/web/volumes/2/read_only true
-- /services/web/volumes/3/source "/tmp/home"
-- /services/web/volumes/4/bind/selinux "z"
-- /services/web/volumes/4/bind/propagation "rshared"
-- /services/web/volumes/5/volume {"nocopy": true}
-- /services/web/volumes/6/target "/up"

== drives of Windows => ok
services:
  web:
    image: a
    volumes: ['C:\a:/a', 'C:\b:D:\b:ro', 'c:/c:/c', '\\.\pipe\a:\\.\pipe\a']
-- /services/web/volumes/0/source "C:\\a"
-- /services/web/volumes/1/source "C:\\b"
-- /services/web/volumes/1/target "D:\\b"
-- /services/web/volumes/1/read_only true
-- /services/web/volumes/2/type "bind"
-- /services/web/volumes/3/type "bind"

== an empty part => CV017 5:9, CV017 6:9, CV017 7:9, CV017 8:9
services:
  web:
    image: a
    volumes:
      - ":/data"
      - "/data:"
      - "/a::ro"
      - ""

== too many colons => CV017 4:15
services:
  web:
    image: a
    volumes: ["aa:/bb:ro:rw"]

== unknown options are passed over => ok
services:
  web:
    image: a
    volumes: ["./a:/b:cached", "./a:/c:ro,delegated"]
-- /services/web/volumes/1/read_only true

== the long form of a bind needs a source => CV017 4:15
services:
  web:
    image: a
    volumes: [{type: bind, target: /a}]

== of a folder in memory none => ok
services:
  web:
    image: a
    volumes: [{type: tmpfs, target: /a}]

== two at one place => CV017 5:15, CV017 9:15
services:
  web:
    image: a
    tmpfs: [/a]
    volumes: [./b:/a]
  api:
    image: a
    tmpfs: [/a:mode=1777]
    volumes: [./a:/a/, ./b:/b]

== devices => CV017 4:36
services:
  web:
    image: a
    devices: ["/dev/a", "/dev/b:", "/dev/a:/dev/b:r:w"]
"#,
    );
}
