//! The report in terminals of several widths.

#![cfg(unix)]

use std::io::Read as _;
use std::process::Stdio;

use nix::pty::{Winsize, openpty};
use unicode_width::UnicodeWidthStr as _;

use crate::support::Sandbox;

/// What a terminal of so many columns shows.
fn shown(sandbox: &Sandbox, columns: u16) -> String {
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let terminal = openpty(Some(&size), None).unwrap();
    let mut command = sandbox.command();
    command.args([
        "compose-validate",
        "--select=CV0",
        "--host-cpus=8",
        "--host-memory=16g",
        "--host-gpus=0",
    ]);
    command.env("NO_COLOR", "1").stdin(Stdio::null()).stdout(terminal.slave);
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut bytes = Vec::new();
    // It ends with an error when the last one who writes to it is gone.
    let _ = std::fs::File::from(terminal.master).read_to_end(&mut bytes);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
}

#[test]
fn nothing_is_wider_than_the_terminal_if_it_can_be_helped() {
    let sandbox = Sandbox::new();
    let command = "x".repeat(300);
    sandbox.write(
        "compose.yaml",
        format!(
            "services:\n  web: {{image: \"größer日本:1\", command: \"{command}\", usr: 1, \
             mem_limit: 1g, deploy: {{resources: {{limits: {{cpus: \"1\"}}}}}}}}\n"
        ),
    );
    for columns in [48, 60, 80, 120, 300] {
        let shown = shown(&sandbox, columns);
        assert!(shown.contains("error[CV010]") && shown.contains("error[CV032]"), "{shown}");
        for line in shown.lines() {
            assert!(line.width() <= usize::from(columns), "{columns}: {line:?}\n{shown}");
        }
    }
    // Narrower than anything can be.
    assert!(shown(&sandbox, 5).contains("CV010"));
}

#[test]
fn a_narrow_terminal_has_all_that_a_wide_one_has() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "compose.yaml",
        "services:\n  web:\n    image: a\n    mem_limit: 1g\n    \
         deploy: {resources: {limits: {memory: 2g}}}\n",
    );
    assert_eq!(
        shown(&sandbox, 46),
        "\
error[CV032]: `mem_limit` and
              `deploy.resources.limits.memory`
              differ
 --> compose.yaml:4:16
  |
4 |     mem_limit: 1g
  |                ^^
  |
  = help: give the limit in one place:
          `deploy.resources.limits.memory`
note: the other one is given here
 --> compose.yaml:5:43
  |
5 | ...limits: {memory: 2g}}}
  |                     ^^

stack      CPU  memory limit  reserved  GPUs
1 service    –       2.0 GiB         –     –
host       8.0      16.0 GiB         –     0
not counted: 1 without a CPU limit

1 error in compose.yaml
"
    );
}
