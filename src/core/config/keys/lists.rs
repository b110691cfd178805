//! Settings of which there are many: a table for each.

use super::{Key, Kind, List};

pub const LISTS: &[List] = &[List { name: "health.check", fields: CHECK }];

/// The first four are every check's; others belong to some kinds.
const CHECK: &[Key] = &[
    Key {
        name: "name",
        kind: Kind::Text,
        default: "the kind",
        help: "what it is called: `a-z`, digits, `_`, `.` and `-`",
    },
    Key {
        name: "kind",
        kind: Kind::Choice(&[
            "http",
            "tcp",
            "command",
            "disk",
            "gpu",
            "breaker",
            "file-age",
            "window-age",
            "docker",
        ]),
        default: "none: it must be said",
        help: "what is looked at",
    },
    Key { name: "timeout", kind: Kind::Duration, default: "2s", help: "longest time it may take" },
    Key {
        name: "critical",
        kind: Kind::Switch,
        default: "true, of breakers false",
        help: "whether its failure is one of the whole, or a warning",
    },
    Key { name: "url", kind: Kind::Text, default: "none", help: "http: what to ask for" },
    Key {
        name: "status",
        kind: Kind::Texts,
        default: "2xx",
        help: "http: the statuses that are well: `[\"2xx\", \"401\"]`; with one of 3xx among them, redirections are not followed",
    },
    Key {
        name: "contains",
        kind: Kind::Text,
        default: "anything",
        help: "http: a text that the first 64 KiB of the answer must have; command: that it must print",
    },
    Key {
        name: "warn-after",
        kind: Kind::Duration,
        default: "never",
        help: "http, tcp, command: an answer that takes longer is warned of; less than `timeout`",
    },
    Key {
        name: "address",
        kind: Kind::Text,
        default: "none",
        help: "tcp: host and port to connect to: `db:5432`, `[::1]:6379`",
    },
    Key {
        name: "send",
        kind: Kind::Text,
        default: "nothing",
        help: "tcp: what to send; `\\r`, `\\n`, `\\\\` and `\\xHH` stand for bytes: `'PING\\r\\n'`",
    },
    Key {
        name: "expect",
        kind: Kind::Text,
        default: "nothing",
        help: "tcp: a text to wait for, in the first 4 KiB that are said",
    },
    Key {
        name: "command",
        kind: Kind::Text,
        default: "none",
        help: "command: a line of shell; what it leaves running is killed when it ends",
    },
    Key {
        name: "plugin",
        kind: Kind::Switch,
        default: "false",
        help: "command: whether it ends as plugins of Nagios do: 0 pass, 1 warn, else fail",
    },
    Key {
        name: "path",
        kind: Kind::Path,
        default: "disk: `/` and where state is; window-age: `infer.window`",
        help: "disk: any place on it; file-age, window-age: the file, or a folder whose newest file counts",
    },
    Key {
        name: "warn",
        kind: Kind::Between(0.0, 100.0),
        default: "10 below `error`",
        help: "disk: per cent in use from which on it is warned of",
    },
    Key {
        name: "error",
        kind: Kind::Between(0.0, 100.0),
        default: "90",
        help: "disk: per cent in use from which on it fails",
    },
    Key {
        name: "warn-age",
        kind: Kind::Duration,
        default: "file-age: never; window-age: `infer.window-max-age`",
        help: "file-age, window-age: age from which on it is warned of",
    },
    Key {
        name: "max-age",
        kind: Kind::Duration,
        default: "never",
        help: "file-age, window-age: age from which on it fails",
    },
    Key {
        name: "breakers",
        kind: Kind::Texts,
        default: "all",
        help: "breaker: the breakers that count",
    },
    Key {
        name: "gpus",
        kind: Kind::Count,
        default: "as many as the driver sees",
        help: "gpu: how many must answer",
    },
    Key {
        name: "socket",
        kind: Kind::Path,
        default: "DOCKER_HOST, else /var/run/docker.sock",
        help: "docker: the engine's socket",
    },
    Key {
        name: "project",
        kind: Kind::Text,
        default: "all containers",
        help: "docker: the Compose project whose containers count",
    },
    Key {
        name: "containers",
        kind: Kind::Texts,
        default: "any",
        help: "docker: containers that must run, by name or by their service in Compose",
    },
];
