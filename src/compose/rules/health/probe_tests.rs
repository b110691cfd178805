use super::probe::Probe;

/// How a line can end, and what is missing for it, where `gone` and its like are not there.
fn ends(test: &[&str]) -> (String, Vec<String>) {
    let probe = Probe::of(test).unwrap_or_else(|| panic!("{test:?}"));
    let (ends, missing) = probe.ends(&|name| name.starts_with("gone"));
    let text = match (ends.can_pass(), ends.can_fail()) {
        (true, true) => "either",
        (true, false) => "pass",
        (false, true) => "fail",
        (false, false) => "nothing",
    };
    (text.to_owned(), missing)
}

#[test]
fn lines_end_as_a_shell_ends_them() {
    for (line, wanted) in [
        ("a", "either"),
        ("gone", "fail"),
        ("/usr/bin/gone -f x", "fail"),
        ("gone || a", "either"),
        ("gone || gone2", "fail"),
        ("gone || exit 1", "fail"),
        ("gone || exit 0", "pass"),
        ("gone && a", "fail"),
        ("a && gone", "fail"),
        ("a || gone", "either"),
        ("gone; a", "either"),
        ("a; gone", "fail"),
        ("a; exit 0", "pass"),
        ("a || exit 1; exit 0", "either"),
        ("a && exit 1; exit 0", "either"),
        ("exit 1; a", "fail"),
        ("(exit 0); gone", "fail"),
        ("{ exit 0; }; gone", "pass"),
        ("! gone", "pass"),
        ("! a", "either"),
        ("true && false", "fail"),
        ("false || :", "pass"),
        ("exit", "either"),
        ("exit $?", "either"),
        ("gone | grep -q ok", "fail"),
        ("gone | grep -v ok | grep x", "fail"),
        ("gone | awk x", "either"),
        ("a | gone", "fail"),
        ("a | cat", "pass"),
        ("a | head -n 1", "pass"),
        ("a | cat file", "either"),
        ("A=1 B=2 gone", "fail"),
        ("A=1", "either"),
        ("timeout 5 gone", "fail"),
        ("timeout -s KILL 5s gone", "fail"),
        ("timeout -t 5 gone", "fail"),
        ("timeout --preserve-status 5 a", "either"),
        ("env -i A=1 gone", "fail"),
        ("exec gone", "fail"),
        ("exec a || true", "either"),
        ("exec 3<>/dev/tcp/a/1", "either"),
        ("sh -c 'gone x'", "fail"),
        ("bash -lc 'a || gone'", "either"),
        ("bash -eo pipefail -c 'gone'", "fail"),
        ("gone-sh -c 'a'", "fail"),
        ("bash script.sh", "either"),
        ("sh -c 'exit 0'", "pass"),
        ("sh -c 'exit 0' && gone", "fail"),
        ("nohup gone", "fail"),
        ("gosu user gone", "fail"),
        ("su -c gone user", "either"),
        ("xargs gone", "either"),
        ("command -v gone && a", "fail"),
        ("command -v gone || a", "either"),
        ("command gone", "fail"),
        ("which gone", "fail"),
        ("$TOOL x", "either"),
        ("[ $(gone) = ok ]", "fail"),
        ("[ \"$(gone)\" != bad ]", "either"),
        ("[ -z \"$(gone)\" ]", "either"),
        ("test $(a | gone) -eq 1", "fail"),
        ("test $(gone | grep -c x) -eq 0", "either"),
        ("[ \"$(gone)\" = '' ]", "either"),
        ("[[ \"$(gone)\" == *ok* ]]", "fail"),
        ("[ -f gone ]", "either"),
        ("echo gone", "pass"),
        ("echo a > /run/x", "either"),
        ("echo a >&2", "pass"),
        ("a --version", "pass"),
        ("a --version x", "either"),
        ("set -e; a; exit 0", "either"),
        ("set -o pipefail; a | cat", "either"),
        ("bash -euc 'a; exit 0'", "either"),
        ("set -e; gone", "fail"),
        ("", "pass"),
    ] {
        assert_eq!(ends(&["CMD-SHELL", line]).0, wanted, "{line}");
    }
}

#[test]
fn lists_run_one_program() {
    for (words, wanted) in [
        (&["CMD", "gone", "-f"][..], "fail"),
        (&["CMD", "a", "gone"], "either"),
        (&["CMD", "a", "||", "gone"], "either"),
        (&["CMD", "sh", "-c", "a || gone"], "either"),
        (&["CMD", "timeout", "5", "gone"], "fail"),
        (&["CMD", "true"], "pass"),
        (&["CMD", "false"], "fail"),
        (&["CMD", "exit", "0"], "either"),
    ] {
        assert_eq!(ends(words).0, wanted, "{words:?}");
    }
    for none in [&["CMD"][..], &[], &["NONE"], &["CMD-SHELL"], &["CMD-SHELL", "a b ("]] {
        assert!(Probe::of(none).is_none(), "{none:?}");
    }
}

#[test]
fn what_is_missing_is_named_in_order() {
    let missing = |line| ends(&["CMD-SHELL", line]).1;
    assert_eq!(missing("gone1 || gone2 || gone1"), ["gone1", "gone2"]);
    assert_eq!(missing("a && b"), [""; 0]);
}

#[test]
fn lines_within_lines_come_to_an_end() {
    let mut line = "gone".to_owned();
    for _ in 0..12 {
        line = format!("sh -c {}", serde_json::Value::from(line.as_str()));
    }
    assert_eq!(ends(&["CMD-SHELL", &line]).0, "fail");
    let many = vec!["env"; 100_000];
    let words: Vec<&str> = std::iter::once("CMD").chain(many).collect();
    let _ = ends(&words);
}
