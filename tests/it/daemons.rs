//! Redis and PostgreSQL, to be killed and started again.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::processes::{Server, free_port, quiet};
use crate::support::skipped;

/// And the port that it listens to.
pub(crate) fn redis() -> Option<(Server, String)> {
    let port = free_port();
    if let Err(error) = quiet(Command::new("redis-server").arg("--version")).status() {
        skipped("Redis", error);
        return None;
    }
    let own = port.clone();
    let server = Server::new(move || {
        let mut command = Command::new("redis-server");
        command.args(["--port", &own, "--save", "", "--appendonly", "no"]);
        quiet(&mut command).spawn().unwrap()
    });
    Some((server, port))
}

/// Debian keeps the server's programs beside each other, out of the way.
fn postgres_programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = versions.flatten().map(|version| version.path().join("bin"));
    folders.filter(|folder| folder.join("initdb").exists()).max()
}

/// PostgreSQL refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    let id = |args: &[&str]| -> u32 {
        let output = Command::new("id").args(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    };
    let mut command = Command::new(program);
    if id(&["-u"]) == 0 {
        command.uid(id(&["-u", "postgres"])).gid(id(&["-g", "postgres"]));
    }
    command
}

/// The port that it listens to, and the folder that it needs.
pub(crate) fn postgres() -> Option<(Server, String, tempfile::TempDir)> {
    let Some(programs) = postgres_programs() else {
        skipped("PostgreSQL", "it is not in /usr/lib/postgresql");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let opened = Command::new("chmod").arg("777").arg(folder.path()).status();
    assert!(opened.unwrap().success());
    let (data, port) = (folder.path().join("data"), free_port());
    let mut initdb = as_postgres(&programs.join("initdb"));
    initdb.args(["--no-sync", "--auth", "trust", "--username", "postgres", "-D"]).arg(&data);
    assert!(quiet(&mut initdb).status().unwrap().success());
    let (own, program) = (port.clone(), programs.join("postgres"));
    let server = Server::new(move || {
        // What a killed one leaves behind.
        let _ = std::fs::remove_file(data.join("postmaster.pid"));
        let mut command = as_postgres(&program);
        command.arg("-D").arg(&data).args(["-p", &own, "-k", "", "-F"]);
        quiet(&mut command).spawn().unwrap()
    });
    Some((server, port, folder))
}
