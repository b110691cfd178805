//! Stores and servers that are not as they should be: said clearly, and nothing lost.

use std::time::Duration;

use rusqlite::Connection;

use super::server::Server;
use super::world::{Run, World, tree};
use super::{AT, cleanup, sqlite};
use crate::support::{Ran, Sandbox};

fn world() -> World {
    World::of(
        (0..5).map(|n| Run { metric: Some(f64::from(n)), ..Run::new(format!("{n:032x}"), 90) }),
    )
}

const TOP: [&str; 2] = ["--top-n", "1"];

#[test]
fn what_is_no_store_of_mlflow_is_said() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "text.db",
        "this is no database, but long enough to look like one perhaps. ".repeat(20),
    );
    sandbox.write("empty.db", "");
    Connection::open(sandbox.path("other.db"))
        .unwrap()
        .execute_batch("CREATE TABLE runs (a)")
        .unwrap();
    std::fs::create_dir(sandbox.path("folder")).unwrap();
    for (uri, code, said) in [
        ("sqlite:///none.db", 3, "No such file"),
        ("sqlite:///text.db", 3, "it is no SQLite database"),
        ("sqlite:///empty.db", 3, "it is no database of MLflow"),
        ("sqlite:///other.db", 3, "it is no database of MLflow"),
        ("folder", 3, "holds no experiment"),
        ("text.db", 3, "it is no folder"),
        ("none", 3, "No such file"),
        ("", 2, "it is empty"),
        ("gopher://host", 2, "the scheme gopher: is not known"),
        ("sqllite:///a.db", 2, "did you mean sqlite:?"),
        ("postgresql://ada:secret@host/db", 2, "name the http:// address"),
        ("databricks", 2, "Databricks"),
        ("http://127.0.0.1:1", 3, "refused"),
    ] {
        let mut command = sandbox.command();
        command.args(["cleanup", "--tracking-uri", uri, "--dry-run"]).env("UT_HTTP_TIMEOUT", "2s");
        let ran = Ran::from(command.output().unwrap());
        assert!(ran.code == Some(code) || ran.code == Some(75), "{uri}: {ran:?}");
        assert!(ran.stderr.contains(said), "{uri}: {ran:?}");
        assert!(!ran.stderr.contains("secret"), "{ran:?}");
    }
}

#[test]
fn a_database_that_is_locked_read_only_or_of_an_unknown_version_is_not_changed() {
    let (sandbox, uri) = sqlite(&world());
    let db = Connection::open(sandbox.path("mlflow.db")).unwrap();
    db.execute("UPDATE alembic_version SET version_num = 'feedbeef'", []).unwrap();
    cleanup(&sandbox, &uri, &["--top-n", "1", "--dry-run"]).succeeds();
    let ran = cleanup(&sandbox, &uri, &TOP);
    ran.fails(3, &["revision feedbeef", "--any-revision"]);
    let whole = tree(&sandbox.path("artifacts"));
    assert_eq!(whole.len(), 10);
    // The journal is empty again: nothing was begun.
    cleanup(&sandbox, &uri, &["--top-n", "1", "--any-revision"]).succeeds();
    assert_eq!(tree(&sandbox.path("artifacts")).len(), 2);
}

/// As MLflow leaves it when it is killed while it writes: the next reader brings it back to what it was.
#[test]
fn a_database_whose_writer_was_killed_is_read() {
    let (sandbox, uri) = sqlite(&world());
    let db = Connection::open(sandbox.path("mlflow.db")).unwrap();
    db.execute_batch("PRAGMA cache_size = 1; BEGIN; UPDATE runs SET status = 'RUNNING'").unwrap();
    let filler = "INSERT INTO params VALUES (?, hex(zeroblob(4000)), 'x')";
    for n in 0..50 {
        db.execute(filler, [n]).unwrap();
    }
    // What is on the disk at this moment.
    for name in ["mlflow.db", "mlflow.db-journal"] {
        std::fs::copy(sandbox.path(name), sandbox.path(&format!("{name}.copy"))).unwrap();
    }
    db.execute_batch("ROLLBACK").unwrap();
    drop(db);
    std::fs::rename(sandbox.path("mlflow.db.copy"), sandbox.path("mlflow.db")).unwrap();
    std::fs::rename(sandbox.path("mlflow.db-journal.copy"), sandbox.path("mlflow.db-journal"))
        .unwrap();
    let document = super::plan(&sandbox, &uri, &TOP);
    assert_eq!(document["totals"]["delete"], 4);
    assert!(!sandbox.path("mlflow.db-journal").exists());
}

#[test]
fn a_table_whose_values_are_of_any_type_is_read() {
    let (sandbox, uri) = sqlite(&world());
    let db = Connection::open(sandbox.path("mlflow.db")).unwrap();
    let mut chance = fastrand::Rng::with_seed(5);
    let values = ["NULL", "x'ff00fe'", "'text'", "-1", "9223372036854775807", "1e308", "''", "'%'"];
    for column in [
        "status",
        "start_time",
        "end_time",
        "lifecycle_stage",
        "artifact_uri",
        "experiment_id",
        "deleted_time",
    ] {
        for value in values {
            db.execute_batch("SAVEPOINT one").unwrap();
            let run = format!("{:032x}", chance.u32(..5));
            db.execute(&format!("UPDATE runs SET {column} = {value} WHERE run_uuid = ?"), [run])
                .unwrap();
            db.execute_batch("RELEASE one").unwrap();
            let ran = cleanup(&sandbox, &uri, &["--dry-run", "--include-deleted"]);
            assert!(matches!(ran.code, Some(0 | 4)), "{column} {value}: {ran:?}");
        }
    }
}

/// What the server answers first, the code, and what is said.
#[test]
fn a_server_in_trouble_is_said_and_waited_for_where_that_helps() {
    for (head, body, code, said, requests) in [
        ("401 Unauthorized", "", 3, "MLFLOW_TRACKING_USERNAME", 1),
        ("403 Forbidden", r#"{"message": "not for you"}"#, 3, "not for you", 1),
        ("404 Not Found", "<html>", 3, "is this the address of an MLflow server?", 1),
        ("400 Bad Request", r#"{"message": "max_results"}"#, 3, "max_results", 1),
        ("200 OK", "<!doctype html><p>Sign in", 3, "it is HTML", 1),
        ("200 OK", "{\"experiments\": [{}", 3, "cannot read the answer", 1),
        ("200 OK", "{\"experiments\": 7}", 3, "cannot read the answer", 1),
        ("429 Too Many Requests\r\nRetry-After: 0", "", 0, "", 2),
        ("503 Service Unavailable", "", 0, "", 2),
        ("close", "", 0, "", 2),
    ] {
        let sandbox = Sandbox::new();
        let server = Server::new(world(), sandbox.path("artifacts"));
        server.answer("experiments/search", head, body);
        let ran = cleanup(&sandbox, &server.uri, &["--dry-run", "--no-sizes"]);
        assert_eq!(ran.code, Some(code), "{head}: {ran:?}");
        assert!(ran.stderr.contains(said), "{head}: {ran:?}");
        assert_eq!(server.count("experiments/search"), requests, "{head}");
    }
}

#[test]
fn a_listing_without_an_end_and_an_answer_that_hangs_are_given_up() {
    let sandbox = Sandbox::new();
    let server = Server::new(world(), sandbox.path("artifacts"));
    for _ in 0..3 {
        let page = r#"{"experiments": [{"experiment_id": "1"}], "next_page_token": "again"}"#;
        server.answer("experiments/search", "200 OK", page);
    }
    cleanup(&sandbox, &server.uri, &["--dry-run"]).fails(3, &["does not end"]);
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("http://{}", silent.local_addr().unwrap());
    let mut command = sandbox.command();
    command.args(["cleanup", "--dry-run", "--tracking-uri", &uri]).env("UT_HTTP_TIMEOUT", "100ms");
    let started = std::time::Instant::now();
    let ran = Ran::from(command.output().unwrap());
    assert!(matches!(ran.code, Some(3 | 75)) && ran.stderr.contains("timeout"), "{ran:?}");
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn who_asks_is_said_as_mlflows_clients_say_it() {
    let sandbox = Sandbox::new();
    let server = Server::new(world(), sandbox.path("artifacts"));
    let host = server.uri.strip_prefix("http://").unwrap();
    sandbox.write(
        ".mlflow/credentials",
        "[mlflow]\nmlflow_tracking_username = file\nmlflow_tracking_password = secret\n",
    );
    // Basic of ada:pass, env:pass and file:secret.
    let of_url = format!("http://ada:pass@{host}");
    for (uri, variables, header) in [
        (of_url.as_str(), &[][..], "basic ywrhonbhc3m="),
        (
            &server.uri,
            &[("MLFLOW_TRACKING_USERNAME", "env"), ("MLFLOW_TRACKING_PASSWORD", "pass")],
            "basic zw52onbhc3m=",
        ),
        (&server.uri, &[], "basic zmlszTpzzwnyzxq="),
        (&server.uri, &[("MLFLOW_TRACKING_TOKEN", "t0ken"), ("HOME", "/nowhere")], "bearer t0ken"),
        (&server.uri, &[("MLFLOW_WORKSPACE", "team")], "x-mlflow-workspace: team"),
    ] {
        server.asked.lock().unwrap().clear();
        let mut command = sandbox.command();
        command.args(["cleanup", "--dry-run", "--no-sizes", "--tracking-uri", uri]).args(AT);
        let ran = Ran::from(command.envs(variables.iter().copied()).output().unwrap());
        ran.succeeds();
        assert!(!ran.stderr.contains("pass") && !ran.stdout.contains("pass"));
        let asked = server.asked.lock().unwrap();
        let has = |request: &String| request.to_lowercase().contains(&header.to_lowercase());
        assert!(asked.iter().all(has), "{header}: {asked:?}");
    }
    let mut command = sandbox.command();
    command
        .args(["cleanup", "--tracking-uri", &server.uri])
        .env("MLFLOW_TRACKING_AWS_SIGV4", "true");
    Ran::from(command.output().unwrap()).fails(2, &["MLFLOW_TRACKING_AWS_SIGV4"]);
}

#[test]
fn a_clock_that_is_not_the_servers_stops_it() {
    let (world, sandbox) = (world(), Sandbox::new());
    let _ = world.sqlite(&sandbox.path(""));
    let server = Server::new(world, sandbox.path("artifacts"));
    for _ in 0..200 {
        server.answer(
            "model-versions/search",
            "200 OK\r\nDate: Mon, 23 Nov 2015 12:00:00 GMT",
            "{}",
        );
    }
    cleanup(&sandbox, &server.uri, &TOP)
        .fails(3, &["clock", "ahead of the server's", "nothing was done"]);
    assert_eq!(tree(&sandbox.path("artifacts")).len(), 10);
}

#[test]
fn a_state_that_cannot_be_written_stops_it_before_anything_is_done() {
    let (sandbox, uri) = sqlite(&world());
    sandbox.write("state", "a file");
    cleanup(&sandbox, &uri, &TOP).fails(3, &["cannot create the state folder"]);
    assert_eq!(tree(&sandbox.path("artifacts")).len(), 10);
}
