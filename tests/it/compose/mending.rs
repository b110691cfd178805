//! Files mended, and files written that mend them.

use super::documents::judge;
use crate::support::Sandbox;

const STACK: &str = "\
# A stack.
version: \"3\"

services:
  db:   # the database
    image: postgres:17.2
    restart:   \"always\"     # for ever

  api:
    image: \"a\"
    depends_on:
      - db   # first
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("compose.yaml", STACK);
    sandbox
}

fn text(sandbox: &Sandbox, name: &str) -> String {
    std::fs::read_to_string(sandbox.path(name)).unwrap()
}

#[test]
fn comments_and_layout_stay_as_they_are() {
    let sandbox = sandbox();
    let args = ["--select", "CV036,CV101,CV202"];
    let safe = judge(&sandbox, &[&args[..], &["--fix"]].concat());
    assert_eq!(safe.code, Some(1));
    assert!(safe.stdout.ends_with("\n1 mended\n"), "{safe:?}");
    let mended = STACK.replace("version: \"3\"\n", "");
    assert_eq!(text(&sandbox, "compose.yaml"), mended);
    let all = judge(&sandbox, &[&args[..], &["--unsafe-fixes"]].concat());
    assert!(all.succeeds().stdout.ends_with("\n3 mended\n"), "{all:?}");
    let limit = |size: &str| {
        format!("    deploy:\n      resources:\n        limits:\n          memory: {size}\n")
    };
    let mended = mended.replace(
        "\"always\"     # for ever\n",
        &format!("\"on-failure:3\"     # for ever\n{}", limit("1g")),
    ) + &limit("512m");
    assert_eq!(text(&sandbox, "compose.yaml"), mended);
    // Nothing is left to do.
    let again = judge(&sandbox, &[&args[..], &["--unsafe-fixes"]].concat());
    assert!(again.succeeds().stdout.ends_with("\n0 mended\n"), "{again:?}");
    assert_eq!(text(&sandbox, "compose.yaml"), mended);
}

#[test]
fn a_diff_changes_nothing() {
    let sandbox = sandbox();
    let ran = judge(&sandbox, &["--select", "CV036,CV202", "--diff", "--unsafe-fixes"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.stdout,
        "\
--- compose.yaml
+++ compose.yaml
@@ -1,10 +1,9 @@
 # A stack.
-version: \"3\"
 
 services:
   db:   # the database
     image: postgres:17.2
-    restart:   \"always\"     # for ever
+    restart:   \"on-failure:3\"     # for ever
 
   api:
     image: \"a\"
"
    );
    assert_eq!(text(&sandbox, "compose.yaml"), STACK);
    let none = judge(&sandbox, &["--select", "CV605", "--diff"]);
    assert_eq!(none.succeeds().stdout, "");
    judge(&sandbox, &["--diff", "--format", "json"]).fails(2, &["--diff is text"]);
}

#[test]
fn line_ends_marks_and_missing_ends_are_kept() {
    for text in [
        STACK.replace('\n', "\r\n"),
        format!("\u{feff}{STACK}"),
        STACK.trim_end().to_owned(),
        STACK.replace('\n', "\r\n").trim_end().to_owned(),
    ] {
        let sandbox = Sandbox::new();
        sandbox.write("compose.yaml", &text);
        let ran = judge(&sandbox, &["--select", "CV036,CV101,CV202", "--unsafe-fixes"]);
        ran.succeeds();
        let mended = self::text(&sandbox, "compose.yaml");
        assert_eq!(mended.starts_with('\u{feff}'), text.starts_with('\u{feff}'));
        let newlines = mended.matches('\n').count();
        let carriages = mended.matches("\r\n").count();
        assert_eq!(carriages, if text.contains('\r') { newlines } else { 0 }, "{mended:?}");
    }
}

#[cfg(unix)]
#[test]
fn what_cannot_be_written_stays_whole() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = sandbox();
    let path = sandbox.path("compose.yaml");
    let mode =
        |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o444);
    let ran = judge(&sandbox, &["--fix"]);
    ran.fails(3, &["compose.yaml is read-only", "its stack stays as it is"]);
    assert_eq!(text(&sandbox, "compose.yaml"), STACK);
    mode(0o640);
    judge(&sandbox, &["--fix", "--select", "CV036"]).succeeds();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    // The repository's marker, the stack and the state.
    assert_eq!(std::fs::read_dir(sandbox.path("")).unwrap().count(), 3);
    // A link stays one.
    std::fs::rename(&path, sandbox.path("real.yaml")).unwrap();
    std::os::unix::fs::symlink("real.yaml", &path).unwrap();
    std::fs::write(sandbox.path("real.yaml"), STACK).unwrap();
    judge(&sandbox, &["--fix", "--select", "CV036"]).succeeds();
    assert!(path.symlink_metadata().unwrap().is_symlink());
    assert!(!text(&sandbox, "real.yaml").contains("version"));
    // What is not UTF-8 is read, and not changed.
    let wide: Vec<u8> =
        format!("\u{feff}{STACK}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(sandbox.path("wide.yaml"), &wide).unwrap();
    judge(&sandbox, &["--fix", "wide.yaml"]).fails(3, &["no UTF-8"]);
    assert_eq!(std::fs::read(sandbox.path("wide.yaml")).unwrap(), wide);
    judge(&sandbox, &["--fix", "-"]).fails(2, &["standard input cannot be changed"]);
}

/// Where a change would reach further than it says, it is not made.
#[test]
fn what_others_use_too_is_not_changed_behind_their_back() {
    let sandbox = Sandbox::new();
    let stack = "\
x-a: &a
  image: a
services:
  web: *a
  # ut: ignore[CV101] it may take all
  job: *a
  api:
    <<: *a
";
    sandbox.write("compose.yaml", stack);
    let ran = judge(&sandbox, &["--select", "CV101", "--unsafe-fixes", "--format", "concise"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.stdout,
        "compose.yaml:4:3: error[CV101] [*] `web` has no memory limit\n1 mended\n"
    );
    let limit = "    deploy:\n      resources:\n        limits:\n          memory: 512m\n";
    assert_eq!(text(&sandbox, "compose.yaml"), format!("{stack}{limit}"));
}

#[test]
fn an_override_says_what_is_missing() {
    let sandbox = sandbox();
    let args = ["--select", "CV101,CV202", "--write-override", "more.yaml"];
    let diff = judge(&sandbox, &[&args[..], &["--diff"]].concat());
    assert_eq!(diff.code, Some(1));
    assert!(!sandbox.path("more.yaml").exists());
    let ran = judge(&sandbox, &args);
    ran.succeeds();
    assert!(
        ran.stdout.ends_with("more.yaml is written: lay it over the stack with -f\n"),
        "{ran:?}"
    );
    assert_eq!(
        text(&sandbox, "more.yaml"),
        "\
# What the stack lacks, by `ut compose-validate`: look at every size.
services:
  db:
    deploy:
      resources:
        limits:
          memory: 1g
    restart: on-failure:3
  api:
    deploy:
      resources:
        limits:
          memory: 512m
"
    );
    assert_eq!(text(&sandbox, "compose.yaml"), STACK);
    let both = ["-f", "compose.yaml", "-f", "more.yaml", "--select", "CV101,CV202"];
    judge(&sandbox, &both).succeeds();
    judge(&sandbox, &args).fails(2, &["more.yaml exists already"]);
    let nothing = judge(&sandbox, &[&both[..], &["--write-override", "again.yaml"]].concat());
    assert!(nothing.succeeds().stdout.contains("none is written"), "{nothing:?}");
    assert!(!sandbox.path("again.yaml").exists());
    let two = judge(&sandbox, &["compose.yaml", "more.yaml", "--write-override", "again.yaml"]);
    two.fails(2, &["is for one stack, and there are 2"]);
}

/// A service that has a reason stays as it is, also where it shares its text with others.
#[test]
fn what_is_left_with_a_reason_is_not_mended() {
    let sandbox = Sandbox::new();
    let stack = "\
x-a: &a
  image: a
  restart: always
services:
  # ut: ignore[CV202] it may
  a:
    <<: *a
  b:
    <<: *a
";
    sandbox.write("compose.yaml", stack);
    let args = ["--select", "CV202", "--format", "concise"];
    let ran = judge(&sandbox, &[&args[..], &["--unsafe-fixes"]].concat());
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(text(&sandbox, "compose.yaml"), stack);
    judge(&sandbox, &[&args[..], &["--write-override", "more.yaml"]].concat()).succeeds();
    let written = text(&sandbox, "more.yaml");
    assert!(written.ends_with("services:\n  b:\n    restart: on-failure:3\n"), "{written}");
}
