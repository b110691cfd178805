//! The short forms: `HOST:CONTAINER` of ports, mounts and devices.

use std::net::IpAddr;

/// `127.0.0.1:8000-8001:80-81/tcp`, one of its ports.
#[derive(Debug, PartialEq, Eq, Clone)]
pub(super) struct Port {
    pub(super) host: String,
    pub(super) published: String,
    pub(super) target: u16,
    pub(super) protocol: String,
}

/// All ports of a short form, ordered as Compose orders them.
pub(super) fn ports(text: &str) -> Result<Vec<Port>, String> {
    let (host, published, target) = split(text);
    let (target, protocol) = protocol(target)?;
    let host = address(host)?;
    if target.is_empty() {
        return Err(format!("no container port in `{text}`"));
    }
    let (start, end) = range(target).ok_or_else(|| format!("invalid container port `{target}`"))?;
    if start == 0 {
        return Err(format!("the container port of `{text}` must not be 0"));
    }
    let (first, last) = match published {
        "" => (0, 0),
        text => range(text).ok_or_else(|| format!("invalid host port `{text}`"))?,
    };
    let is_published = !published.is_empty();
    if is_published && end - start != last - first && end != start {
        return Err(format!("the ranges of `{text}` differ in length"));
    }
    let mut all: Vec<Port> = (0..=end - start)
        .map(|at| {
            let published = match is_published {
                false => String::new(),
                // Any free port of the range.
                true if end == start && first != last => format!("{first}-{last}"),
                true => (first + at).to_string(),
            };
            Port { host: host.clone(), published, target: start + at, protocol: protocol.clone() }
        })
        .collect();
    all.sort_by_key(|port| port.target.to_string());
    Ok(all)
}

/// Host address, host port, container port; from the right, for addresses may hold colons.
fn split(text: &str) -> (&str, &str, &str) {
    let Some((rest, target)) = text.rsplit_once(':') else { return ("", "", text) };
    match rest.rsplit_once(':') {
        Some((host, published)) => (host, published, target),
        None => ("", rest, target),
    }
}

fn protocol(target: &str) -> Result<(&str, String), String> {
    let (port, protocol) = target.split_once('/').unwrap_or((target, "tcp"));
    if port.is_empty() {
        return Ok(("", String::new()));
    }
    let protocol = if protocol.is_empty() { "tcp" } else { protocol }.to_lowercase();
    match &*protocol {
        "tcp" | "udp" | "sctp" => Ok((port, protocol)),
        _ => Err(format!("invalid protocol `{protocol}`")),
    }
}

fn address(host: &str) -> Result<String, String> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if bare.is_empty() || bare.parse::<IpAddr>().is_ok() {
        Ok(bare.to_owned())
    } else {
        Err(format!("invalid address `{bare}`"))
    }
}

fn range(text: &str) -> Option<(u16, u16)> {
    let (start, end) = text.split_once('-').unwrap_or((text, text));
    let port = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?;
    let (start, end) = (port(start)?, port(end)?);
    (start <= end).then_some((start, end))
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum MountKind {
    /// One or two characters, which are only a target.
    Bare,
    #[default]
    Volume,
    Bind,
}

/// A mount in its short form.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) source: String,
    pub(super) target: String,
    pub(super) kind: MountKind,
    pub(super) is_read_only: bool,
    pub(super) is_nocopy: bool,
    pub(super) propagation: Option<String>,
    pub(super) selinux: Option<String>,
}

/// `SOURCE:TARGET:OPTIONS`, `TARGET` alone, and Windows' `C:\…`.
pub(super) fn mount(text: &str) -> Result<Mount, String> {
    let mut mount = Mount::default();
    match text.len() {
        0 => return Err("an empty mount".to_owned()),
        1 | 2 => {
            let (target, kind) = (text.to_owned(), MountKind::Bare);
            return Ok(Mount { target, kind, ..Mount::default() });
        }
        _ => {}
    }
    let wrong = |why: &str| format!("`{text}`: {why}");
    let (parts, is_last) = sections(text);
    for (at, part) in parts.iter().enumerate() {
        let is_end = at + 1 == parts.len() && is_last;
        if part.is_empty() {
            return Err(wrong("an empty part between colons"));
        }
        if mount.source.is_empty() && is_end {
            mount.target.clone_from(part);
        } else if mount.source.is_empty() {
            mount.source.clone_from(part);
        } else if mount.target.is_empty() {
            mount.target.clone_from(part);
        } else if !is_end {
            return Err(wrong("too many colons"));
        } else {
            part.split(',').for_each(|option| mount.option(option));
        }
    }
    if is_path(&mount.source) {
        mount.kind = MountKind::Bind;
    }
    Ok(mount)
}

/// The parts between colons, but not that of a Windows drive, nor those within `${…}`.
fn sections(text: &str) -> (Vec<String>, bool) {
    let (mut parts, mut part, mut open) = (Vec::new(), String::new(), 0_u32);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '$' && chars.peek() == Some(&'{') {
            open += 1;
            part.push(c);
        } else if c == '}' && open > 0 {
            open -= 1;
            part.push(c);
        } else if c == ':' && open == 0 && !is_drive(&part) {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(c);
        }
    }
    // An unclosed `${` hides the end, as in Compose.
    if open == 0 {
        parts.push(part);
    }
    (parts, open == 0)
}

fn is_drive(part: &str) -> bool {
    let mut chars = part.chars();
    chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none()
}

fn is_path(source: &str) -> bool {
    let mut chars = source.chars();
    match chars.next() {
        Some('.' | '/' | '~') => true,
        Some('\\') => source.starts_with(r"\\"),
        Some(c) => c.is_alphabetic() && chars.next() == Some(':'),
        None => false,
    }
}

impl Mount {
    fn option(&mut self, option: &str) {
        match option {
            "ro" => self.is_read_only = true,
            "rw" => self.is_read_only = false,
            "nocopy" => self.is_nocopy = true,
            "rprivate" | "private" | "rshared" | "shared" | "rslave" | "slave" => {
                self.propagation = Some(option.to_owned());
            }
            "z" | "Z" => self.selinux = Some(option.to_owned()),
            _ => {}
        }
    }
}

/// Source, target and permissions of a device.
pub(super) fn device(text: &str) -> Result<[&str; 3], String> {
    let parts: Vec<&str> = text.split(':').collect();
    let target = |target: &'_ str| target.is_empty();
    match parts[..] {
        [source] => Ok([source, source, "rwm"]),
        [source, to] => Ok([source, if target(to) { source } else { to }, "rwm"]),
        [source, to, rights] => Ok([source, if target(to) { source } else { to }, rights]),
        _ => Err(format!("`{text}` has too many colons: give source and target apart")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let port = |p: Port| format!("{}|{}|{}|{}", p.host, p.published, p.target, p.protocol);
        ports(text).unwrap().into_iter().map(port).collect()
    }

    #[test]
    fn ports_are_read() {
        assert_eq!(told("80"), ["||80|tcp"]);
        assert_eq!(told("8080:80/udp"), ["|8080|80|udp"]);
        assert_eq!(told("127.0.0.1::80"), ["127.0.0.1||80|tcp"]);
        assert_eq!(told("[::1]:1:2"), ["::1|1|2|tcp"]);
        assert_eq!(told("9-11"), ["||10|tcp", "||11|tcp", "||9|tcp"]);
        assert_eq!(told("1-2:11-12"), ["|1|11|tcp", "|2|12|tcp"]);
        assert_eq!(told("8000-9000:80"), ["|8000-9000|80|tcp"]);
        for text in [
            "",
            ":",
            "a",
            "0",
            "80:0",
            "0-2",
            "80:",
            "1:70000",
            "1-2:1-3",
            "300.1.1.1:1:2",
            "1:2/icmp",
            "5-4",
        ] {
            assert!(ports(text).is_err(), "{text}");
        }
    }

    #[test]
    fn mounts_are_read() {
        let told = |text: &str| {
            let m = mount(text).unwrap();
            (m.source, m.target, m.kind == MountKind::Bind, m.is_read_only)
        };
        let of = |s: &str, t: &str, b, r| (s.to_owned(), t.to_owned(), b, r);
        assert_eq!(told("/data"), of("", "/data", false, false));
        assert_eq!(told("data:/data:ro"), of("data", "/data", false, true));
        assert_eq!(told("./a:/b:z,ro"), of("./a", "/b", true, true));
        assert_eq!(told(r"C:\a:/b"), of(r"C:\a", "/b", true, false));
        assert_eq!(told(r"C:\a:D:\b:ro"), of(r"C:\a", r"D:\b", true, true));
        assert_eq!(told("~/x:/y"), of("~/x", "/y", true, false));
        for text in ["", ":/data", "data:", "a:/b::ro", "aa:/b:ro:rw"] {
            assert!(mount(text).is_err(), "{text}");
        }
    }
}
