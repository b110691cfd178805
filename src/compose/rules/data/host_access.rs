//! CV607.

use crate::compose::finding::{Code, Finding, Findings, Severity};
use crate::compose::node::Node;
use crate::compose::rules::{PLATFORM, Rule};
use crate::compose::view::{Service, View};

pub(super) static RULE: Rule = Rule {
    code: Code {
        id: "CV607",
        name: "host-access",
        severity: Severity::Warning,
        about: "a service has the host in its hands",
    },
    sets: PLATFORM,
    fix: None,
    why: "\
These take away what keeps a container apart from its host. Who breaks into such a service has the machine:

- `privileged: true` and `cap_add: [ALL]`: every right of the kernel, and with the first every device too.
- The Docker socket, also by way of `/run` or `use_api_socket`: whoever may talk to the engine may start a container
  that mounts the whole disk. Mounting it read-only does not help: that keeps the file from being replaced, not from
  being used.
- `pid: host`: it sees the processes of the host, their environment with all secrets, and may end them.
- `network_mode: host`: it listens on every port of the host and reaches what listens on 127.0.0.1 there.

Some services need one of these: exporters of the host's metrics, a reverse proxy that finds its services by the
socket. For the socket, put a proxy such as `tecnativa/docker-socket-proxy` between, which lets only some requests
through (an image called `…socket-proxy` may have the socket); for devices, name them under `devices`; for single
rights, add those. Where nothing else will do, suppress the finding with the reason.",
    bad: "\
services:
  monitor:
    image: portainer/portainer-ce:2.21.4
    volumes:
      - /var/run/docker.sock:/var/run/docker.sock:ro
",
    good: "\
services:
  monitor:
    image: portainer/portainer-ce:2.21.4
    environment:
      DOCKER_HOST: tcp://socket-proxy:2375
",
    check,
};

fn check(view: &View<'_>, findings: &mut Findings) {
    for service in &view.services {
        let mut say = |node: &Node, text: &str, help: &str| {
            let finding: Finding = node.finding(&RULE.code, text);
            findings.add(finding.service(service.name).help(help));
        };
        if let Some(node) = service.get(&["privileged"]).filter(|_| service.is_on(&["privileged"]))
        {
            say(
                node,
                "`privileged` gives it every right and every device",
                "name the `devices` and add the rights (`cap_add`) that it needs",
            );
        }
        for right in service.list(&["cap_add"]) {
            let name = right.text().unwrap_or_default().to_ascii_uppercase();
            if matches!(name.as_str(), "ALL" | "CAP_ALL") {
                say(right, "`ALL` gives it every right of the kernel", "add those that it needs");
            }
        }
        for (key, text, help) in NAMESPACES {
            if let Some(node) = service.get(&[key]).filter(|node| node.text() == Some("host")) {
                say(node, text, help);
            }
        }
        socket(service, &mut say);
    }
}

const NAMESPACES: [(&str, &str, &str); 2] = [
    (
        "pid",
        "it sees the processes of the host, and may end them",
        "share the processes of one service, with `pid: service:NAME`",
    ),
    (
        "network_mode",
        "it is in the host's network, and reaches all that listens there",
        "publish the ports that it needs",
    ),
];

const PROXY: &str = "put a proxy in between that lets only some requests through";

fn socket(service: &Service<'_>, say: &mut dyn FnMut(&Node, &str, &str)) {
    // The proxy itself: `tecnativa/docker-socket-proxy`, `lscr.io/linuxserver/socket-proxy`.
    if service.image().is_some_and(|image| image.repository.ends_with("socket-proxy")) {
        return;
    }
    for mount in service.mounts() {
        let Some(source) = mount.source.filter(|_| mount.kind == "bind" || mount.kind == "npipe")
        else {
            continue;
        };
        let source = source.trim_end_matches('/').trim_start_matches("/private");
        let source = source.strip_prefix('/').map_or(source, |rest| rest.trim_start_matches('/'));
        let is_socket = source.ends_with("docker.sock") || source.ends_with("docker_engine");
        if is_socket {
            say(mount.node, "the Docker socket gives it the host", PROXY);
        } else if matches!(source, "var/run" | "run") {
            say(mount.node, "the Docker socket is in this folder, and gives it the host", PROXY);
        }
    }
    if let Some(node) =
        service.get(&["use_api_socket"]).filter(|_| service.is_on(&["use_api_socket"]))
    {
        say(node, "the Docker socket gives it the host", PROXY);
    }
}

#[cfg(test)]
mod tests {
    use crate::compose::rules::testing::of;

    fn found(keys: &str) -> Vec<String> {
        of("CV607", &format!("services:\n  a:\n    image: a\n    {keys}\n"))
    }

    #[test]
    fn each_way_to_the_host_is_found() {
        let socket = "the Docker socket gives it the host";
        for (keys, wanted) in [
            (
                "privileged: true",
                "4:17 warning `privileged` gives it every right and every device".to_owned(),
            ),
            (
                "privileged: '${X:-true}'",
                "4:17 warning `privileged` gives it every right and every device".to_owned(),
            ),
            (
                "cap_add: [NET_ADMIN, all]",
                "4:26 warning `ALL` gives it every right of the kernel".to_owned(),
            ),
            (
                "pid: host",
                "4:10 warning it sees the processes of the host, and may end them".to_owned(),
            ),
            (
                "network_mode: host",
                "4:19 warning it is in the host's network, and reaches all that listens there"
                    .to_owned(),
            ),
            (
                "volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro']",
                format!("4:15 warning {socket}"),
            ),
            ("volumes: ['//var/run/docker.sock:/x']", format!("4:15 warning {socket}")),
            (
                "volumes: ['${SOCK:-/run/user/1000/docker.sock}:/x']",
                format!("4:15 warning {socket}"),
            ),
            (
                "volumes: [{type: bind, source: /run/docker.sock, target: /x}]",
                format!("4:15 warning {socket}"),
            ),
            (
                "volumes: ['/var/run:/var/run:ro']",
                "4:15 warning the Docker socket is in this folder, and gives it the host"
                    .to_owned(),
            ),
            ("use_api_socket: true", format!("4:21 warning {socket}")),
        ] {
            assert_eq!(found(keys), [wanted], "{keys}");
        }
        for keys in [
            "privileged: false",
            "cap_add: [NET_ADMIN, SYS_ADMIN]",
            "pid: service:b",
            "network_mode: none",
            "ipc: host",
            "volumes: ['./docker.socket:/x', '/var/run/other:/y', 'run:/run']",
            "use_api_socket: false",
        ] {
            assert!(found(keys).is_empty(), "{keys}");
        }
    }

    #[test]
    fn a_proxy_of_the_socket_may_have_it() {
        for (image, wanted) in [
            ("tecnativa/docker-socket-proxy:0.3", 0),
            ("lscr.io/linuxserver/socket-proxy:latest", 0),
            ("acme/socket-proxy-client", 1),
        ] {
            let mount = "volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro']";
            let text = format!("services:\n  a:\n    image: {image}\n    {mount}\n");
            assert_eq!(of("CV607", &text).len(), wanted, "{image}");
        }
    }

    #[test]
    fn each_fault_is_told_at_its_place() {
        assert_eq!(found("privileged: true\n    pid: host").len(), 2);
    }
}
