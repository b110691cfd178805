//! `ut config`: origins, precedence, and what is refused.

use crate::support::{Sandbox, fleet, metrics};

#[test]
fn each_value_has_its_origin_and_the_strongest_wins() {
    let sandbox = Sandbox::new();
    sandbox.write("ut.toml", "[infer]\nthreads = 2\nmodel = \"model\"\n");
    sandbox.write(".config/ut/ut.toml", "[infer]\nthreads = 3\non-bad-row = \"skip\"\n");
    let show = |all: &[&str]| {
        let mut command = sandbox.command();
        command.env("UT_INFER_THREADS", "1").args(["config", "show"]).args(all);
        crate::support::Ran::from(command.output().unwrap()).stdout
    };
    let text = show(&[]);
    assert!(text.contains("infer.threads = 1  # UT_INFER_THREADS\n"), "{text}");
    assert!(text.contains("infer.model = \"model\"  # ") && text.contains("ut.toml:3\n"), "{text}");
    assert!(text.contains(".config/ut/ut.toml:3\n"), "{text}");
    assert!(!text.contains("infer.input"), "{text}");
    let all = show(&["--all"]);
    assert!(
        all.contains("# infer.threads = 2  # hidden, ") && all.contains("# infer.input = none"),
        "{all}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&show(&["--all", "--format", "json"])).unwrap();
    assert_eq!(json["schema"], "ut.config/1");
    let threads = json["settings"].as_array().unwrap().iter().find(|s| s["key"] == "infer.threads");
    assert_eq!(threads.unwrap()["hidden"].as_array().unwrap().len(), 2);
}

#[test]
fn paths_are_relative_to_the_file_that_names_them() {
    let sandbox = Sandbox::new();
    let model = fleet().join("fleet-tft");
    sandbox.write("deep/metrics.csv", metrics(&["web-01"], 80));
    let text =
        format!("[infer]\nmodel = {:?}\ninput = \"metrics.csv\"\n", model.display().to_string());
    let config = sandbox.write("deep/ut.toml", text);
    sandbox.ut(["infer", "--config", config.to_str().unwrap()]).succeeds();
    std::fs::create_dir(sandbox.path("deep/er")).unwrap();
    let found_upward = sandbox.command().current_dir(sandbox.path("deep/er")).arg("infer").output();
    assert!(found_upward.unwrap().status.success());
}

#[test]
fn what_is_wrong_is_refused_with_its_line() {
    let cases: [(&str, &[&str]); 9] = [
        (
            "[infer]\nmodle = \"x\"\n",
            &["ut.toml:2: there is no setting `infer.modle`", "did you mean `infer.model`?"],
        ),
        ("[zebra]\nx = 1\n", &["ut.toml:2: there is no setting `zebra.x`"]),
        ("infer = 3\n", &["ut.toml:1: there is no setting `infer`"]),
        (
            "[infer]\n\nthreads = 0\n",
            &["ut.toml:3: `infer.threads` is 0, a whole number of at least 1"],
        ),
        ("[infer]\nthreads = \"two\"\n", &["a whole number of at least 1 was expected"]),
        (
            "[infer]\non-bad-row = \"skpi\"\n",
            &["one of fail, skip was expected", "did you mean \"skip\"?"],
        ),
        ("[infer]\nquantiles = [0.5, 2]\n", &["a list of numbers between 0 and 1 was expected"]),
        ("[infer]\nmodel = \"\"\n", &["a path was expected"]),
        ("[infer\n", &["ut.toml:1: "]),
    ];
    for (text, said) in cases {
        let sandbox = Sandbox::new();
        sandbox.write("ut.toml", text);
        sandbox.ut(["config", "check"]).fails(2, said);
        sandbox.ut(["infer", "--input", "-"]).fails(2, said);
    }
    let sandbox = Sandbox::new();
    sandbox
        .ut(["config", "check", "--config", "none.toml"])
        .fails(2, &["cannot read the configuration none.toml"]);
    let variable =
        sandbox.command().env("UT_INFER_THREADS", "many").args(["config", "check"]).output();
    crate::support::Ran::from(variable.unwrap())
        .fails(2, &["UT_INFER_THREADS: `infer.threads` is \"many\""]);
}

#[test]
fn a_sound_configuration_is_said_to_be_so() {
    let sandbox = Sandbox::new();
    sandbox.write("ut.toml", "[infer]\nmodel = \"nowhere\"\n");
    let ran = sandbox.ut(["config", "check"]);
    assert!(ran.succeeds().stdout.contains("ut.toml: sound"), "{ran:?}");
    assert!(ran.stderr.contains("nowhere does not exist"), "{ran:?}");
}
