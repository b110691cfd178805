//! A port: whether it takes a connection, and what is said on it.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use super::answer::{Silent, within};
use super::latency::Latency;
use super::text::{first_line, has, short};
use super::{Kind, Shared, nothing};
use crate::core::clock::Stopwatch;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::health::{Asked, Probe, Verdict};

pub(super) const KIND: Kind = Kind {
    name: "tcp",
    fields: &["address", "send", "expect", "warn-after"],
    is_critical: true,
    is_guarded: true,
    read,
    found: nothing,
};

/// How much is read of what is said.
const SAID: usize = 4096;

#[derive(Debug)]
struct Tcp {
    address: String,
    host: String,
    port: u16,
    send: Vec<u8>,
    expect: Option<String>,
    latency: Latency,
}

fn read(asked: &Asked<'_>, _: &Context) -> Result<Shared, Fault> {
    let address = asked.needs("address")?;
    let (host, port) = parts(address).ok_or_else(|| {
        let why = "a host and a port were expected: `db:5432`, `[::1]:6379`";
        asked.wrong("address", &format!("\"{address}\": {why}"))
    })?;
    let send = bytes(asked.text("send").unwrap_or_default())
        .ok_or_else(|| asked.wrong("send", "after \\, one of r, n, \\ and xHH was expected"))?;
    Ok(Arc::new(Tcp {
        address: address.to_owned(),
        host: host.to_owned(),
        port,
        send,
        expect: asked.text("expect").map(str::to_owned),
        latency: Latency::read(asked)?,
    }))
}

/// Host and port; an address of IPv6 is in brackets.
fn parts(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port > 0)?;
    let (host, is_host) = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(host) => (host, host.parse::<Ipv6Addr>().is_ok()),
        None => (host, !host.is_empty() && !host.contains(is_no_part_of_a_host)),
    };
    is_host.then_some((host, port))
}

fn is_no_part_of_a_host(letter: char) -> bool {
    letter.is_whitespace() || ":[]/@".contains(letter)
}

/// The bytes that a text with escapes stands for; none if one of them is unknown.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'\\' {
            bytes.push(first);
            continue;
        }
        let (&escape, after) = rest.split_first()?;
        rest = after;
        bytes.push(match escape {
            b'r' => b'\r',
            b'n' => b'\n',
            b'\\' => b'\\',
            b'x' => {
                let (digits, after) = rest.split_at_checked(2)?;
                rest = after;
                let digit = |byte: u8| char::from(byte).to_digit(16);
                (digit(digits[0])? * 16 + digit(digits[1])?) as u8
            }
            _ => return None,
        });
    }
    Some(bytes)
}

impl Probe for Tcp {
    fn look(&self, timeout: Duration, _: &Context) -> Verdict {
        let watch = Stopwatch::start();
        let address = &self.address;
        let said = match self.speak(timeout, &watch) {
            Ok(said) => said,
            Err(silent) => return Verdict::fail(format!("{address}: {}", silent.text(timeout))),
        };
        let took = watch.elapsed();
        let verdict = match self.expect.as_ref().filter(|text| !has(&said, text)) {
            Some(text) => {
                let said = first_line(&said).map(|line| format!(": it said {:?}", short(&line)));
                Verdict::fail(format!("{address} lacks {text:?}{}", said.unwrap_or_default()))
            }
            None => self.latency.judge(address, took),
        };
        verdict.with(self.latency.datum(took, timeout))
    }
}

impl Tcp {
    /// What is said on a connection.
    fn speak(&self, timeout: Duration, watch: &Stopwatch) -> Result<Vec<u8>, Silent> {
        let left = || match timeout.saturating_sub(watch.elapsed()) {
            Duration::ZERO => Err(Silent::Late),
            left => Ok(left),
        };
        let asked = (self.host.clone(), self.port);
        let addresses = within(left()?, move || Ok(asked.to_socket_addrs()?.collect::<Vec<_>>()))?;
        let mut stream = connect(&addresses, left)?;
        let mut rest = self.send.as_slice();
        while !rest.is_empty() {
            let count = in_time(left, |time| {
                stream.set_write_timeout(Some(time))?;
                stream.write(rest)
            })?;
            rest = &rest[count..];
        }
        match &self.expect {
            Some(expect) => hear(&stream, expect, left),
            None => Ok(Vec::new()),
        }
    }
}

/// What is said until it is what is waited for, or enough.
fn hear(
    mut stream: &TcpStream,
    expect: &str,
    left: impl Fn() -> Result<Duration, Silent> + Copy,
) -> Result<Vec<u8>, Silent> {
    let (mut said, mut buffer) = (Vec::new(), [0; SAID]);
    while said.len() < SAID && !has(&said, expect) {
        let next = in_time(left, |time| {
            stream.set_read_timeout(Some(time))?;
            stream.read(&mut buffer[said.len()..])
        });
        match next {
            Ok(0) => break,
            Ok(count) => said.extend_from_slice(&buffer[said.len()..][..count]),
            // What it said instead says more.
            Err(Silent::Late) if !said.is_empty() => break,
            Err(silent) => return Err(silent),
        }
    }
    Ok(said)
}

/// To the first address that takes it; each has its share of the time that is left.
fn connect(
    addresses: &[SocketAddr],
    left: impl Fn() -> Result<Duration, Silent>,
) -> Result<TcpStream, Silent> {
    let mut last = Silent::Why("its name stands for no address".to_owned());
    for (number, address) in addresses.iter().enumerate() {
        let share = left()? / (addresses.len() - number) as u32;
        match TcpStream::connect_timeout(address, share.max(Duration::from_millis(1))) {
            // Where nobody listens, a connection may come to meet itself.
            Ok(stream) if stream.local_addr().ok() == Some(*address) => {
                last = io::Error::from(io::ErrorKind::ConnectionRefused).into();
            }
            Ok(stream) => return Ok(stream),
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}

/// A step, done again if a signal comes between.
fn in_time(
    left: impl Fn() -> Result<Duration, Silent>,
    mut step: impl FnMut(Duration) -> io::Result<usize>,
) -> Result<usize, Silent> {
    loop {
        match step(left()?) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return Ok(result?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for (address, host, port) in [
            ("db:5432", "db", 5432),
            ("10.0.0.1:80", "10.0.0.1", 80),
            ("[::1]:6379", "::1", 6379),
            ("a-b.example.com:1", "a-b.example.com", 1),
        ] {
            assert_eq!(parts(address), Some((host, port)));
        }
        for address in [
            "",
            "db",
            ":80",
            "db:",
            "db:0",
            "db:65536",
            "db:-1",
            "::1:80",
            "[::1]",
            "[db]:80",
            "[10.0.0.1]:80",
            "http://db:80",
            "a b:80",
            "[::1:80",
            "[]:80",
        ] {
            assert_eq!(parts(address), None, "{address}");
        }
    }

    #[test]
    fn escapes_stand_for_bytes() {
        for (text, meant) in [
            (r"PING\r\n", Some(&b"PING\r\n"[..])),
            (r"\x00\xfF\\n", Some(b"\x00\xff\\n")),
            ("ü", Some("ü".as_bytes())),
            ("", Some(b"")),
            (r"\", None),
            (r"\t", None),
            (r"\x", None),
            (r"\x1", None),
            (r"\xg0", None),
            (r"\x+1", None),
        ] {
            assert_eq!(bytes(text).as_deref(), meant, "{text}");
        }
    }
}
