//! The model of a stack, and what it takes of its host.

use serde_json::{Value, json};

use super::documents::validate;
use crate::support::Sandbox;

#[test]
fn the_resolved_model_is_the_one_that_compose_prints() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "compose.yaml",
        r#"name: shop
x-limits: &limits {limits: {cpus: "0.5", memory: 512m}}
services:
  web:
    image: nginx:${TAG:-1.29}
    ports: ["127.0.0.1:8080:80"]
    environment: {URL: "http://api:$${PORT}", LEVEL: }
    depends_on: [api]
    deploy: {resources: *limits}
    healthcheck: {test: curl -f localhost, interval: 90s, retries: 3}
  api:
    build: {context: ./api, args: [DEBUG=1]}
    command: serve --port "80 80"
    volumes: ["data:/data:ro", "./conf:/conf"]
    secrets: [token]
    profiles: [api]
volumes: {data: , unused: }
secrets: {token: {environment: TOKEN}}
"#,
    );
    let ran = validate(&sandbox, &["--resolved", "--profile", "api"]);
    let folder = sandbox.path("compose.yaml").parent().unwrap().display().to_string();
    assert_eq!(
        ran.succeeds().json(),
        json!({
            "name": "shop",
            "networks": {"default": {"name": "shop_default", "ipam": {}}},
            "secrets": {"token": {"name": "shop_token", "environment": "TOKEN"}},
            "services": {
                "web": {
                    "command": null,
                    "depends_on": {"api": {"condition": "service_started", "required": true}},
                    "deploy": {
                        "resources": {"limits": {"cpus": 0.5, "memory": "536870912"}},
                        "placement": {},
                    },
                    "entrypoint": null,
                    "environment": {"LEVEL": null, "URL": "http://api:$${PORT}"},
                    "healthcheck": {
                        "test": ["CMD-SHELL", "curl -f localhost"], "interval": "1m30s", "retries": 3,
                    },
                    "image": "nginx:1.29",
                    "networks": {"default": null},
                    "ports": [{
                        "mode": "ingress", "host_ip": "127.0.0.1", "target": 80,
                        "published": "8080", "protocol": "tcp",
                    }],
                },
                "api": {
                    "profiles": ["api"],
                    "build": {
                        "context": format!("{folder}/api"), "dockerfile": "Dockerfile",
                        "args": {"DEBUG": "1"},
                    },
                    "command": ["serve", "--port", "80 80"],
                    "entrypoint": null,
                    "networks": {"default": null},
                    "secrets": [{"source": "token", "target": "/run/secrets/token"}],
                    "volumes": [
                        {
                            "type": "volume", "source": "data", "target": "/data",
                            "read_only": true, "volume": {},
                        },
                        {
                            "type": "bind", "source": format!("{folder}/conf"), "target": "/conf",
                            "bind": {},
                        },
                    ],
                },
            },
            "volumes": {"data": {"name": "shop_data"}},
            "x-limits": {"limits": {"cpus": "0.5", "memory": "512m"}},
        })
    );
    assert_eq!(ran.stderr, "");
    // What is printed can be read again.
    sandbox.write("again.json", &ran.stdout);
    let again = validate(&sandbox, &["-f", "again.json", "--resolved", "--profile", "api"]);
    assert_eq!(again.succeeds().json(), ran.json());
}

#[test]
fn with_errors_there_is_no_model() {
    let sandbox = Sandbox::new();
    sandbox.write("compose.yaml", "services: {web: {imagee: a, image: a}}\n");
    for format in ["full", "concise", "json", "sarif", "github"] {
        let shown = validate(&sandbox, &["--format", format]);
        let resolved = validate(&sandbox, &["--resolved", "--format", format]);
        assert_eq!(resolved.code, Some(1));
        assert_eq!(resolved.stdout, shown.stdout, "{format}");
    }
    // Warnings are none.
    sandbox.write("compose.yaml", "version: \"3\"\nservices: {web: {image: a}}\n");
    let resolved = validate(&sandbox, &["--resolved"]).succeeds().json();
    assert_eq!(resolved["services"]["web"]["image"], "a");
}

fn sets(sandbox: &Sandbox, args: &[&str]) -> Value {
    let document = validate(sandbox, &[&["--format", "json"], args].concat()).json();
    document["totals"]["stacks"][0]["sets"].clone()
}

#[test]
fn totals_are_told_for_each_set_of_profiles() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "compose.yaml",
        r#"services:
  web:
    image: a
    deploy:
      replicas: 3
      resources: {limits: {cpus: "0.5", memory: 1g}, reservations: {memory: 512m}}
  db:
    image: a
    cpus: 2
    mem_limit: 4g
    mem_reservation: 1g
  train:
    image: a
    profiles: [gpu]
    scale: 2
    cpu_quota: 150000
    deploy: {resources: {reservations: {devices: [{capabilities: [gpu], device_ids: ["0", "1"]}]}}}
  serve:
    image: a
    profiles: [gpu, serve]
    mem_limit: 8g
    gpus: all
  off: {image: a, profiles: [dev], scale: 0, mem_limit: 1g}
"#,
    );
    let none = json!({
        "profiles": [], "services": 2, "cpus": 3.5,
        "memory_limit_bytes": 7_516_192_768_u64, "memory_reserved_bytes": 2_684_354_560_u64,
        "gpus": 0, "services_with_all_gpus": 0,
        "services_without_cpu_limit": 0, "services_without_memory_limit": 0,
    });
    let gpu = json!({
        "profiles": ["gpu"], "services": 4, "cpus": 6.5,
        "memory_limit_bytes": 16_106_127_360_u64, "memory_reserved_bytes": 2_684_354_560_u64,
        "gpus": 4, "services_with_all_gpus": 1,
        "services_without_cpu_limit": 1, "services_without_memory_limit": 1,
    });
    let all = sets(&sandbox, &[]);
    let profiles: Vec<&Value> =
        all.as_array().unwrap().iter().map(|set| &set["profiles"]).collect();
    assert_eq!(json!(profiles), json!([[], ["dev"], ["gpu"], ["serve"], ["*"]]));
    assert_eq!((&all[0], &all[2]), (&none, &gpu));
    // A service of no replicas takes nothing.
    assert_eq!(all[1]["memory_limit_bytes"], none["memory_limit_bytes"]);
    assert_eq!(all[4]["services"], 5);
    // What is asked for comes first, and once.
    let asked = sets(&sandbox, &["--profile", "gpu"]);
    let profiles: Vec<&Value> =
        asked.as_array().unwrap().iter().map(|set| &set["profiles"]).collect();
    assert_eq!(json!(profiles), json!([["gpu"], ["dev"], ["serve"], ["*"]]));
    let asked = sets(&sandbox, &["--profile", "gpu", "--profile", "dev"]);
    assert_eq!(asked[0]["profiles"], json!(["gpu", "dev"]));
    assert_eq!(asked[0]["services"], 5);
}

#[test]
fn the_host_is_this_one_or_the_one_that_is_told() {
    let sandbox = Sandbox::new();
    let service = "image: a, cpus: 4, mem_limit: 8g, mem_reservation: 4g";
    sandbox
        .write("compose.yaml", format!("services: {{web: {{{service}, gpus: [{{count: 2}}]}}}}"));
    let host = |args: &[&str]| {
        let document = validate(&sandbox, &[&["--format", "json"], args].concat()).json();
        document["totals"]["host"].clone()
    };
    assert_eq!(
        host(&["--host-cpus", "6.5", "--host-memory", "64g", "--host-gpus", "8"]),
        json!({"cpus": 6.5, "memory_bytes": 68_719_476_736_u64, "gpus": 8, "is_this": false})
    );
    let this = host(&[]);
    assert_eq!(this["is_this"], true);
    assert!(this["cpus"].as_f64().unwrap() >= 1.0 && this["gpus"].is_u64(), "{this}");
    assert_eq!(host(&["--host-memory", "512 MiB"])["memory_bytes"], 536_870_912);
    // People are told whether it fits.
    for (args, said) in [
        (&["--host-cpus", "8", "--host-memory", "16g", "--host-gpus", "2"][..], ""),
        (&["--host-cpus", "2", "--host-memory", "16g", "--host-gpus", "2"], "limits are beyond it"),
        (&["--host-cpus", "8", "--host-memory", "6g", "--host-gpus", "2"], "limits are beyond it"),
        (&["--host-cpus", "8", "--host-memory", "2g", "--host-gpus", "2"], "does not fit"),
        (&["--host-cpus", "8", "--host-memory", "16g", "--host-gpus", "1"], "does not fit"),
    ] {
        let full = validate(&sandbox, args).succeeds().stdout.clone();
        let has = ["beyond", "not fit"].iter().any(|word| full.contains(word));
        assert_eq!((full.contains(said), has), (true, !said.is_empty()), "{args:?}: {full}");
    }
    for wrong in [
        "--host-cpus=0",
        "--host-cpus=many",
        "--host-cpus=inf",
        "--host-memory=lots",
        "--host-memory=0",
        "--host-memory=-1",
        "--host-gpus=-1",
        "--host-gpus=1.5",
    ] {
        let (flag, value) = wrong.split_once('=').unwrap();
        validate(&sandbox, &[wrong]).fails(2, &[flag, value]);
    }
}
