//! Files that are none, too large, too deep, or not to be read: each is said, and nothing hangs.

use std::io::Write as _;
use std::time::{Duration, Instant};

use super::documents::{texts, validate};
use crate::support::{Ran, Sandbox};

/// A stack that is fine.
const GOOD: &str = "services: {web: {image: a}}\n";

/// What is found in these bytes: `CODE LINE:COLUMN` of each.
#[track_caller]
fn found(content: impl AsRef<[u8]>) -> Vec<String> {
    let sandbox = Sandbox::new();
    sandbox.write("compose.yaml", content);
    let ran = validate(&sandbox, &["--format", "concise", "--fail-on", "note"]);
    assert_eq!(ran.code, Some(i32::from(!ran.stdout.is_empty())), "{ran:?}");
    assert_eq!(ran.stderr, "");
    let rows = ran.stdout.lines().map(|line| {
        let rest = line.strip_prefix("compose.yaml:").unwrap();
        let (place, rest) = rest.split_once(": ").unwrap();
        let code = rest.split_once('[').unwrap().1.split_once(']').unwrap().0;
        format!("{code} {place}")
    });
    rows.collect()
}

fn utf16(text: &str, from: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(from).collect()
}

#[test]
fn what_is_no_yaml_is_told_where_it_stops_being_some() {
    for (content, wanted) in [
        (&b"<!doctype html>\n<p>Not found</p>\n"[..], "CV011 1:1"),
        (b"services:\n\tweb: {image: a}\n", "CV001 2:1"),
        (b"services: {web: {image: a}\n", "CV001 1:11"),
        (b"services: {web: {image: a}}}\n", "CV001 1:28"),
        (b"services: &\n", "CV001 1:11"),
        (b"{\"services\": {\"web\": {\"image\": \"a\"}}", "CV001 1:1"),
        (b"services: {web: {image: 'a}}\n", "CV001 1:25"),
        (b"a\nb: c\n", "CV001 2:2"),
        (b"services: {web: {image: \"\\q\"}}\n", "CV001 1:25"),
        (b"\x7fELF\x02\x01\x01\0\0\0", "CV001 1:1"),
        (b"services: {web: {image: a\0}}\n", "CV001 1:26"),
        (b"services:\n  web: {image: a} # Gr\xf6\xdfe\n", "CV001 2:23"),
        (b"\x89PNG\r\n\x1a\n", "CV001 1:1"),
        (b"services:\n  \"w\x1b[2Jb\": {image: a}\n", "CV001 2:5"),
        (b"\xff\xfe\0\0s\0\0\0", "CV001 1:1"),
    ] {
        assert_eq!(found(content), [wanted], "{:?}", String::from_utf8_lossy(content));
    }
}

#[test]
fn a_json_document_is_yaml() {
    assert_eq!(found("{\"services\": {\"web\": {\"image\": \"a\\u0062\"}}}"), [""; 0]);
    assert_eq!(found("{\n\t\"services\": {\n\t\t\"web\": {\"image\": \"a\"}\n\t}\n}"), [""; 0]);
}

#[test]
fn texts_of_other_encodings_are_read_if_they_say_so() {
    let marked = format!("\u{feff}{GOOD}");
    let none = [""; 0];
    assert_eq!(found(marked.as_bytes()), none);
    assert_eq!(found(utf16(&marked, u16::to_le_bytes)), none);
    assert_eq!(found(utf16(&marked, u16::to_be_bytes)), none);
    assert_eq!(found(utf16(GOOD, u16::to_le_bytes)), ["CV001 1:2"]);
    assert_eq!(found(utf16(GOOD, u16::to_be_bytes)), ["CV001 1:1"]);
    // Columns count characters in all of them.
    let wrong = "\u{feff}services: {\"web\": {\"image\": \"ü😀\", usr: b}}\n";
    assert_eq!(found(wrong.as_bytes()), ["CV010 1:35"]);
    assert_eq!(found(utf16(wrong, u16::to_le_bytes)), ["CV010 1:35"]);
    assert_eq!(found(wrong.replace('\n', "\r\n").as_bytes()), ["CV010 1:35"]);
    // Half a character in the middle, and at the end.
    let mut half = utf16(&marked, u16::to_le_bytes);
    half.truncate(40);
    half.extend(0xd800_u16.to_le_bytes());
    half.extend(utf16("a}}", u16::to_le_bytes));
    assert_eq!(found(&half), ["CV001 1:20"]);
    half = utf16(&marked, u16::to_le_bytes);
    half.push(b'x');
    assert_eq!(found(&half), ["CV001 2:1"]);
}

#[test]
fn nothing_is_no_stack() {
    for content in
        ["", " \n\n", "# only\n# comments\n", "---\n", "---\n...\n", "~\n", "{}\n", "\u{feff}"]
    {
        assert_eq!(found(content), ["CV011 1:1"], "{content:?}");
    }
    for content in ["- a\n", "text\n", "12\n", "true\n", "[]\n"] {
        assert_eq!(found(content), ["CV011 1:1"], "{content:?}");
    }
    for (content, at) in [("# above\n\n- a\n", "3:1"), ("---\n- a\n", "2:1")] {
        assert_eq!(found(content), [format!("CV011 {at}")], "{content:?}");
    }
}

#[test]
fn a_file_of_any_size_ends_fast() {
    let sandbox = Sandbox::new();
    let huge = std::fs::File::create(sandbox.path("compose.yaml")).unwrap();
    huge.set_len(100 << 20).unwrap();
    validate(&sandbox, &[]).fails(3, &["cannot read", "compose.yaml", "larger than 32 MiB"]);
    sandbox.write("other.yaml", "include: [compose.yaml]\nservices: {web: {image: a}}\n");
    let ran = validate(&sandbox, &["other.yaml", "--format", "concise"]);
    assert!(ran.stdout.starts_with("other.yaml:1:11: error[CV034] "), "{ran:?}");
    // A line of a megabyte, and what comes behind it.
    let line =
        format!("services: {{web: {{image: a, command: \"{}\", usr: 1}}}}\n", "x".repeat(1 << 20));
    assert_eq!(found(&line), ["CV010 1:1048617"]);
    sandbox.write("compose.yaml", &line);
    let full = validate(&sandbox, &[]).stdout;
    assert!(full.len() < 5000, "{}", full.len());
    // Keys have an end.
    assert_eq!(found(format!("{}: a\n", "k".repeat(5000))).len(), 1);
}

#[test]
fn what_is_nested_too_deeply_is_refused() {
    let deep = 10_000;
    let blocks = texts(0..600, |n| format!("{}a:\n", " ".repeat(n)));
    let lists = texts(0..600, |n| format!("{}-\n", " ".repeat(n)));
    let aliases = texts(1..1000, |n| format!("x-{n}: &a{n} [*a{}]\n", n - 1));
    for content in [
        format!("x-a: {}{}\n{GOOD}", "[".repeat(deep), "]".repeat(deep)),
        format!("x-a: {}", "[".repeat(deep)),
        format!("x-a: {}{}", "{a: ".repeat(deep), "}".repeat(deep)),
        format!("x-a: {}", "{? ".repeat(deep)),
        format!("{}a\n", "- ".repeat(deep)),
        format!("{}a\n", "? ".repeat(deep)),
        format!("x-a:\n{lists}"),
        blocks,
        format!("x-0: &a0 [a]\n{aliases}{GOOD}"),
    ] {
        let found = found(&content);
        assert_eq!(found.len(), 1, "{content:.40}: {found:?}");
        assert!(found[0].starts_with("CV004 "), "{content:.40}: {found:?}");
    }
    let deep = 200;
    let fine = format!("x-a: {}{}\n{GOOD}", "[".repeat(deep), "]".repeat(deep));
    assert_eq!(found(fine), [""; 0]);
}

#[test]
fn aliases_that_expand_to_too_much_are_refused() {
    let lists = texts(1..10, |n| {
        format!("x-{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "))
    });
    let maps = texts(1..10, |n| {
        let keys: Vec<String> = (0..9).map(|key| format!("k{key}: *a{}", n - 1)).collect();
        format!("x-{n}: &a{n} {{{}}}\n", keys.join(", "))
    });
    let merges =
        texts(1..60, |n| format!("x-{n}: &a{n}\n  <<: [*a{0}, *a{0}]\n  k{n}: v\n", n - 1));
    let many = |item: &str, count: usize| vec![item; count].join(", ");
    for content in [
        format!("x-0: &a0 [lol]\n{lists}{GOOD}"),
        format!("x-0: &a0 {{k: lol}}\n{maps}{GOOD}"),
        format!("x-0: &a0 {{k: v}}\n{merges}{GOOD}"),
        format!("x-a: &a [{}]\nx-b: [{}]\n{GOOD}", many("l", 20_000), many("*a", 20_000)),
        format!("x-a: [{}]\n{GOOD}", many("l", 150_000)),
    ] {
        let found = found(&content);
        assert_eq!(found.len(), 1, "{content:.40}: {found:?}");
        assert!(found[0].starts_with("CV004 "), "{content:.40}: {found:?}");
    }
    // As many as a large stack has are fine.
    let services = texts(0..3000, |n| format!("  s{n}: {{<<: *base, image: a}}\n"));
    let base = "x-base: &base {restart: always, environment: {A: \"1\", B: \"2\"}}\n";
    assert_eq!(found(format!("{base}services:\n{services}")), [""; 0]);
}

/// Runs it, but not for ever.
fn in_time(sandbox: &Sandbox, args: &[&str]) -> Ran {
    let (mut stdout, mut stderr) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    let mut command = sandbox.command();
    command
        .args(["compose-validate", "--select", "CV0"])
        .args(args)
        .stdin(std::process::Stdio::null());
    command.stdout(stdout.try_clone().unwrap()).stderr(stderr.try_clone().unwrap());
    let mut child = command.spawn().unwrap();
    let started = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if started.elapsed() > Duration::from_secs(10) {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let read = |file: &mut std::fs::File| {
        std::io::Seek::rewind(file).unwrap();
        std::io::read_to_string(file).unwrap()
    };
    Ran { code, stdout: read(&mut stdout), stderr: read(&mut stderr) }
}

/// Whatever a stack refers to: a folder, a pipe without an end, a device, a huge file, nothing.
#[cfg(unix)]
#[test]
fn what_a_stack_refers_to_and_cannot_be_read_is_told_and_not_waited_for() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("folder")).unwrap();
    let pipe = sandbox.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::fs::File::create(sandbox.path("huge")).unwrap().set_len(100 << 20).unwrap();
    std::os::unix::fs::symlink("nowhere", sandbox.path("dangling")).unwrap();
    std::os::unix::fs::symlink("circle", sandbox.path("circle")).unwrap();
    for name in
        ["folder", "/dev/zero", "huge", "dangling", "circle", "none", "compose.yaml/x", "pipe"]
    {
        for (text, at) in [
            (format!("include: [\"{name}\"]\n{GOOD}"), "1:11"),
            (format!("include: [{{path: good.yaml, env_file: \"{name}\"}}]\n{GOOD}"), "1:39"),
            (format!("services:\n  web: {{extends: {{service: a, file: \"{name}\"}}}}\n"), "2:37"),
            (format!("services:\n  web: {{image: a, env_file: \"{name}\"}}\n"), "2:29"),
            (format!("services:\n  web: {{image: a, label_file: [\"{name}\"]}}\n"), "2:32"),
        ] {
            sandbox.write("compose.yaml", &text);
            sandbox.write("good.yaml", GOOD);
            let ran = in_time(&sandbox, &["--format", "concise"]);
            assert_eq!(ran.code, Some(1), "{text}: {ran:?}");
            let wanted = format!("compose.yaml:{at}: error[CV034] ");
            assert!(ran.stdout.starts_with(&wanted), "{text}: {ran:?}");
            assert_eq!(ran.stdout.lines().count(), 1, "{text}: {ran:?}");
        }
        sandbox.write("compose.yaml", GOOD);
        let ran = in_time(&sandbox, &["--env-file", name]);
        assert_eq!(ran.code, Some(3), "{name}: {ran:?}");
        assert!(ran.stderr.contains(&format!("cannot read {name}")), "{ran:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new();
    let secret = sandbox.write("secret.yaml", GOOD);
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(&secret).is_ok() {
        return eprintln!("skipped: a file that may not be read: this user may read everything");
    }
    validate(&sandbox, &["secret.yaml"]).fails(3, &["cannot read secret.yaml", "denied"]);
    sandbox.write("compose.yaml", format!("include: [secret.yaml]\n{GOOD}"));
    let ran = validate(&sandbox, &["--format", "concise"]);
    assert!(ran.stdout.starts_with("compose.yaml:1:11: error[CV034] "), "{ran:?}");
}

#[test]
fn a_stack_that_a_pipe_gives_is_waited_for() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command();
    command.args(["compose-validate", "-", "--resolved"]);
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for part in GOOD.split_inclusive(' ') {
        stdin.write_all(part.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(stdin);
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.succeeds().json()["services"]["web"]["image"], "a");
}
