//! Which files make a stack, and where their paths and variables begin.

use serde_json::{Value, json};

use super::documents::validate;
use crate::support::{Ran, Sandbox};

/// A stack of one service that says what its image is, and the variable `A`.
fn stack(image: &str) -> String {
    format!("services: {{web: {{image: \"{image}-${{A:-none}}\"}}}}\n")
}

/// A folder with such stacks, named by their files.
fn folder(names: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    for name in names {
        sandbox.write(name, stack(name));
    }
    sandbox
}

/// The image of the one service of the stack that these arguments name, with these variables, from this folder.
#[track_caller]
fn image_from(sandbox: &Sandbox, at: &str, shell: &[(&str, &str)], args: &[&str]) -> String {
    let mut command = sandbox.command();
    command.current_dir(sandbox.path(at)).args(["compose-validate", "--resolved"]).args(args);
    let ran = Ran::from(command.envs(shell.iter().copied()).output().unwrap());
    let model = ran.succeeds().json();
    model["services"]["web"]["image"].as_str().unwrap().to_owned()
}

#[track_caller]
fn image(sandbox: &Sandbox, args: &[&str]) -> String {
    image_from(sandbox, "", &[], args)
}

/// The stacks that were looked at, each with its files.
fn stacks(document: &Value) -> Vec<Vec<&str>> {
    let stacks = document["totals"]["stacks"].as_array().unwrap().iter();
    let files = stacks.map(|stack| stack["files"].as_array().unwrap().iter());
    files.map(|files| files.map(|file| file.as_str().unwrap()).collect()).collect()
}

#[test]
fn the_stack_here_is_found_by_its_name_in_composes_order() {
    let mut names =
        ["docker-compose.yaml", "docker-compose.yml", "compose.yml", "compose.yaml"].to_vec();
    let sandbox = folder(&names);
    while let Some(name) = names.pop() {
        assert_eq!(image(&sandbox, &[]), format!("{name}-none"));
        std::fs::remove_file(sandbox.path(name)).unwrap();
    }
    validate(&sandbox, &[]).fails(2, &["no Compose file"]);
}

#[test]
fn what_overrides_it_is_picked_up_only_where_the_stack_is_found() {
    let mut names = [
        "docker-compose.override.yaml",
        "docker-compose.override.yml",
        "compose.override.yaml",
        "compose.override.yml",
    ]
    .to_vec();
    let sandbox = folder(&names);
    sandbox.write("compose.yaml", stack("base"));
    while let Some(name) = names.pop() {
        assert_eq!(image(&sandbox, &[]), format!("{name}-none"));
        assert_eq!(image(&sandbox, &["."]), format!("{name}-none"));
        for args in [&["compose.yaml"][..], &["-f", "compose.yaml"]] {
            assert_eq!(image(&sandbox, args), "base-none");
        }
        std::fs::remove_file(sandbox.path(name)).unwrap();
    }
    assert_eq!(image(&sandbox, &[]), "base-none");
}

#[test]
fn the_next_stack_upward_is_taken() {
    let sandbox = folder(&["compose.yaml", "compose.override.yaml", "a/other.yaml"]);
    std::fs::create_dir_all(sandbox.path("a/b")).unwrap();
    sandbox.write(".env", "A=here\n");
    assert_eq!(image_from(&sandbox, "a/b", &[], &[]), "compose.override.yaml-here");
    sandbox.write("a/compose.yml", stack("nearer"));
    assert_eq!(image_from(&sandbox, "a/b", &[], &[]), "nearer-none");
    assert_eq!(image(&sandbox, &["--project-directory", "a"]), "nearer-none");
}

#[test]
fn both_files_of_variables_count_where_the_stack_lies_elsewhere() {
    let sandbox = folder(&["sub/compose.yaml"]);
    sandbox.write("sub/compose.yaml", "services: {web: {image: \"$A-$B\"}}\n");
    sandbox.write(".env", "A=top\n");
    sandbox.write("sub/.env", "A=sub\nB=sub\n");
    sandbox.write("sub/low/.env", "A=low\n");
    let shell = [("COMPOSE_FILE", "sub/compose.yaml")];
    assert_eq!(image_from(&sandbox, "", &shell, &[]), "top-sub");
    assert_eq!(image_from(&sandbox, "sub/low", &[], &[]), "low-sub");
    assert_eq!(image(&sandbox, &["-f", "sub/compose.yaml"]), "sub-sub");
}

#[test]
fn files_of_one_stack_are_laid_over_each_other() {
    let sandbox = folder(&["a.yaml", "b.yaml", "sub/c.yaml", ".env", "sub/.env"]);
    sandbox.write(".env", "A=top\n");
    sandbox.write("sub/.env", "A=sub\n");
    for (args, image_wanted) in [
        (&["-f", "a.yaml"][..], "a.yaml-top"),
        (&["-f", "a.yaml", "-f", "b.yaml"], "b.yaml-top"),
        (&["--file", "b.yaml", "--file=a.yaml"], "a.yaml-top"),
        (&["-f", "a.yaml", "-f", "sub/c.yaml"], "sub/c.yaml-top"),
        (&["-f", "sub/c.yaml", "-f", "a.yaml"], "a.yaml-sub"),
        (&["-f", "sub/c.yaml", "-f", "a.yaml", "--project-directory", "."], "a.yaml-top"),
    ] {
        assert_eq!(image(&sandbox, args), image_wanted, "{args:?}");
    }
    let document = validate(&sandbox, &["-f", "a.yaml", "-f", "b.yaml", "--format", "json"]).json();
    assert_eq!(stacks(&document), [["a.yaml", "b.yaml"]]);
}

#[test]
fn files_that_are_only_named_are_stacks_of_their_own() {
    let sandbox = folder(&["a.yaml", "b.yaml", "sub/compose.yaml", "sub/compose.override.yaml"]);
    let args = ["b.yaml", "a.yaml", "sub", "--format", "json"];
    let document = validate(&sandbox, &args).succeeds().json();
    let sub = ["sub/compose.yaml", "sub/compose.override.yaml"];
    assert_eq!(stacks(&document), [&["b.yaml"][..], &["a.yaml"], &sub]);
    let projects = document["totals"]["stacks"].as_array().unwrap();
    assert_eq!(projects[2]["project"], "sub");
    validate(&sandbox, &["a.yaml", "-f", "b.yaml"]).fails(2, &["cannot be used with"]);
}

#[test]
fn a_folder_is_searched_for_stacks() {
    let sandbox = folder(&[
        "all/z/compose.yaml",
        "all/compose.yaml",
        "all/a/deep/er/docker-compose.yml",
        "all/a/other.yaml",
        "all/.hidden/compose.yaml",
        "all/node_modules/x/compose.yaml",
        "all/vendor/compose.yaml",
        "all/target/compose.yaml",
        "elsewhere/compose.yaml",
    ]);
    std::fs::create_dir_all(sandbox.path("all/empty/compose.yaml")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(sandbox.path("elsewhere"), sandbox.path("all/link")).unwrap();
    let document = validate(&sandbox, &["all", "--format", "json"]).succeeds().json();
    let deep = "all/a/deep/er/docker-compose.yml";
    assert_eq!(stacks(&document), [[deep], ["all/compose.yaml"], ["all/z/compose.yaml"]]);
    validate(&sandbox, &["all/empty"]).fails(2, &["no Compose file", "all/empty"]);
}

#[test]
fn the_environment_names_files_as_compose_reads_them() {
    let sandbox = folder(&["compose.yaml", "a.yaml", "b.yaml"]);
    for (shell, args, wanted) in [
        (&[("COMPOSE_FILE", "a.yaml")][..], &[][..], "a.yaml-none"),
        (&[("COMPOSE_FILE", "a.yaml:b.yaml")], &[], "b.yaml-none"),
        (&[("COMPOSE_FILE", "a.yaml")], &["-f", "b.yaml"], "b.yaml-none"),
        (&[("COMPOSE_FILE", "a.yaml")], &["b.yaml"], "b.yaml-none"),
        (&[("COMPOSE_FILE", "b.yaml,a.yaml"), ("COMPOSE_PATH_SEPARATOR", ",")], &[], "a.yaml-none"),
    ] {
        assert_eq!(image_from(&sandbox, "", shell, args), wanted, "{shell:?} {args:?}");
    }
    sandbox.write(".env", "COMPOSE_FILE=a.yaml:b.yaml\nA=env\n");
    sandbox.write("other.env", "COMPOSE_FILE=a.yaml\n");
    assert_eq!(image(&sandbox, &[]), "b.yaml-env");
    assert_eq!(image(&sandbox, &["--env-file", "other.env"]), "a.yaml-none");
    assert_eq!(image(&sandbox, &["-f", "compose.yaml"]), "compose.yaml-env");
}

#[test]
fn variables_come_from_the_files_that_are_named() {
    let sandbox = folder(&["compose.yaml"]);
    sandbox.write(".env", "A=dot\n");
    sandbox.write("one.env", "A=one\nB=1\n");
    sandbox.write("two.env", "A=two$B\n");
    for (shell, args, wanted) in [
        (&[][..], &[][..], "dot"),
        (&[("A", "shell")], &[], "shell"),
        (&[], &["--env-file", "one.env"], "one"),
        (&[], &["--env-file", "one.env", "--env-file", "two.env"], "two1"),
        (&[("B", "9")], &["--env-file", "one.env", "--env-file", "two.env"], "two9"),
        (&[("COMPOSE_ENV_FILES", "one.env")], &[], "one"),
        (&[("COMPOSE_ENV_FILES", "one.env,two.env")], &[], "two1"),
        (&[("COMPOSE_ENV_FILES", "one.env")], &["--env-file", "two.env"], "two"),
        (&[("COMPOSE_DISABLE_ENV_FILE", "1")], &[], "none"),
        (&[("COMPOSE_DISABLE_ENV_FILE", "0")], &[], "dot"),
    ] {
        let found = image_from(&sandbox, "", shell, args);
        assert_eq!(found, format!("compose.yaml-{wanted}"), "{shell:?} {args:?}");
    }
    validate(&sandbox, &["--env-file", "none.env"]).fails(3, &["none.env"]);
}

#[test]
fn the_project_is_named_as_compose_names_it() {
    let sandbox = Sandbox::new();
    let services = "services: {web: {image: a}}\n";
    sandbox.write("My App_1./compose.yaml", services);
    sandbox.write("named/compose.yaml", format!("name: \"My ${{X:-App}}\"\n{services}"));
    sandbox.write("env/compose.yaml", services);
    sandbox.write("env/.env", "COMPOSE_PROJECT_NAME=of-env\n");
    for (file, shell, args, name) in [
        ("My App_1./compose.yaml", &[][..], &[][..], "myapp_1"),
        ("named/compose.yaml", &[], &[], "myapp"),
        ("named/compose.yaml", &[("COMPOSE_PROJECT_NAME", "shell")], &[], "shell"),
        ("named/compose.yaml", &[("COMPOSE_PROJECT_NAME", "")], &[], "myapp"),
        ("named/compose.yaml", &[("COMPOSE_PROJECT_NAME", "shell")], &["-p", "flag"], "flag"),
        ("env/compose.yaml", &[], &[], "of-env"),
        ("env/compose.yaml", &[], &["--project-name", "1-a_b"], "1-a_b"),
        ("env/compose.yaml", &[], &["--project-directory", "named"], "named"),
    ] {
        let mut command = sandbox.command();
        command.args(["compose-validate", "--resolved", "-f", file]).args(args);
        let ran = Ran::from(command.envs(shell.iter().copied()).output().unwrap());
        assert_eq!(ran.succeeds().json()["name"], name, "{file} {shell:?} {args:?}");
    }
    for name in ["Up", "-a", "a b", "é", "a."] {
        let ran = validate(
            &sandbox,
            &["env/compose.yaml", &format!("--project-name={name}"), "--format", "concise"],
        );
        assert_eq!(ran.code, Some(1));
        assert!(ran.stdout.starts_with("env/compose.yaml:1:1: error[CV035] "), "{ran:?}");
    }
    sandbox.write("---/compose.yaml", services);
    let ran = validate(&sandbox, &["./---/compose.yaml", "--format", "concise"]);
    assert!(ran.stdout.contains("compose.yaml:1:1: error[CV035] "), "{ran:?}");
}

#[test]
fn a_stack_may_come_through_standard_input() {
    let sandbox = folder(&["over.yaml"]);
    sandbox.write(".env", "A=here\n");
    let with_input = |args: &[&str], input: &str| {
        let file = sandbox.write("input", input);
        let mut command = sandbox.command();
        command
            .args(["compose-validate", "--select", "CV0"])
            .args(args)
            .stdin(std::fs::File::open(file).unwrap());
        Ran::from(command.output().unwrap())
    };
    for args in [&["-f", "-"][..], &["-"]] {
        let model = with_input(&[args, &["--resolved"]].concat(), &stack("piped"));
        assert_eq!(model.succeeds().json()["services"]["web"]["image"], "piped-here");
    }
    let model = with_input(&["-f", "-", "-f", "over.yaml", "--resolved"], &stack("piped"));
    assert_eq!(model.succeeds().json()["services"]["web"]["image"], "over.yaml-here");
    let ran = with_input(&["-", "--format", "concise"], "services:\n  web: {imagee: a}\n");
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.starts_with("standard input:2:3: error[CV033] "), "{ran:?}");
    assert!(ran.stdout.contains("\nstandard input:2:9: error[CV010] "), "{ran:?}");
    let ran = with_input(&["-"], "");
    assert_eq!(ran.code, Some(1), "{ran:?}");
}

#[test]
fn profiles_are_enabled_by_flags_or_the_environment() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "compose.yaml",
        "services:\n  web: {image: a}\n  gpu: {image: a, profiles: [gpu]}\n  \
         dev: {image: a, profiles: [dev, all]}\n",
    );
    for (shell, args, wanted) in [
        ("", &[][..], &["web"][..]),
        ("", &["--profile", "gpu"], &["gpu", "web"]),
        ("", &["--profile", "gpu", "--profile", "all"], &["dev", "gpu", "web"]),
        ("", &["--profile", "*"], &["dev", "gpu", "web"]),
        ("", &["--profile", "none"], &["web"]),
        ("gpu", &[], &["gpu", "web"]),
        ("gpu, dev", &[], &["dev", "gpu", "web"]),
        ("gpu", &["--profile", "dev"], &["dev", "web"]),
    ] {
        let mut command = sandbox.command();
        command.args(["compose-validate", "--resolved"]).args(args).env("COMPOSE_PROFILES", shell);
        let model = Ran::from(command.output().unwrap()).succeeds().json();
        let mut names: Vec<&String> = model["services"].as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(json!(names), json!(wanted), "{shell} {args:?}");
    }
}
