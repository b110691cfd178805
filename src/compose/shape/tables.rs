//! Compose's model, type by type, with the fields in the order in which Compose prints them.

use super::Kind::{
    Bool, Bytes, Command, Cores, Count, Dict, Duration, Environment, Float, HealthTest, Hosts, Int,
    Labels, List, Mapping, Mode, MultiOptions, NumberList, OptOut, Options, Ssh, Str, StringList,
    Struct, Uint, Ulimit,
};
use super::{Field, Kind, Omit};

/// Left out where it is empty.
const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, printed: name, kind, omit: Omit::Empty }
}

/// A pointer in Compose's model: printed wherever it is given.
const fn given(name: &'static str, kind: Kind) -> Field {
    Field { name, printed: name, kind, omit: Omit::Absent }
}

const fn always(name: &'static str, kind: Kind) -> Field {
    Field { name, printed: name, kind, omit: Omit::Never }
}

const fn hidden(name: &'static str, kind: Kind) -> Field {
    Field { name, printed: name, kind, omit: Omit::Always }
}

/// Compose prints these few as Go names them.
const fn capital(name: &'static str, printed: &'static str, kind: Kind) -> Field {
    Field { name, printed, kind, omit: Omit::Never }
}

const STRINGS: Kind = List(&Str);

pub(super) static PROJECT: &[Field] = &[
    field("configs", Dict(&Struct(CONFIG))),
    field("models", Dict(&Struct(MODEL))),
    field("networks", Dict(&Struct(NETWORK))),
    field("secrets", Dict(&Struct(CONFIG))),
    field("services", Dict(&Struct(SERVICE))),
    field("volumes", Dict(&Struct(VOLUME))),
];

static SERVICE: &[Field] = &[
    field("profiles", STRINGS),
    field("annotations", Mapping),
    given("attach", Bool),
    given("build", Struct(BUILD)),
    given("develop", Struct(DEVELOP)),
    given("blkio_config", Struct(BLKIO)),
    field("cap_add", STRINGS),
    field("cap_drop", STRINGS),
    field("cgroup_parent", Str),
    field("cgroup", Str),
    field("cpu_count", Int),
    field("cpu_percent", Float),
    field("cpu_period", Int),
    field("cpu_quota", Int),
    field("cpu_rt_period", Int),
    field("cpu_rt_runtime", Int),
    field("cpus", Float),
    field("cpuset", Str),
    field("cpu_shares", Int),
    always("command", Command),
    field("configs", List(&Struct(FILE))),
    field("container_name", Str),
    given("credential_spec", Struct(CREDENTIALS)),
    field("depends_on", Dict(&Struct(DEPENDENCY))),
    given("deploy", Struct(DEPLOY)),
    field("device_cgroup_rules", STRINGS),
    field("devices", List(&Struct(DEVICE))),
    field("dns", StringList),
    field("dns_opt", STRINGS),
    field("dns_search", StringList),
    field("domainname", Str),
    always("entrypoint", Command),
    given("provider", Struct(PROVIDER)),
    field("environment", Environment),
    hidden("env_file", List(&Struct(ENV_FILE))),
    field("expose", NumberList),
    given("extends", Struct(EXTENDS)),
    field("external_links", STRINGS),
    field("extra_hosts", Hosts),
    field("group_add", STRINGS),
    field("gpus", List(&Struct(REQUEST))),
    field("hostname", Str),
    given("healthcheck", Struct(HEALTHCHECK)),
    field("image", Str),
    given("init", Bool),
    field("ipc", Str),
    field("isolation", Str),
    field("labels", Labels),
    hidden("label_file", STRINGS),
    field("links", STRINGS),
    given("logging", Struct(LOGGING)),
    field("mem_limit", Bytes),
    field("mem_reservation", Bytes),
    field("memswap_limit", Bytes),
    field("mem_swappiness", Bytes),
    field("mac_address", Str),
    field("models", Dict(&Struct(SERVICE_MODEL))),
    field("network_mode", Str),
    field("networks", Dict(&Struct(SERVICE_NETWORK))),
    field("oom_kill_disable", Bool),
    field("oom_score_adj", Int),
    field("pid", Str),
    field("pids_limit", Int),
    field("platform", Str),
    field("ports", List(&Struct(PORT))),
    field("privileged", Bool),
    field("pull_policy", Str),
    field("read_only", Bool),
    field("restart", Str),
    field("runtime", Str),
    given("scale", Int),
    field("secrets", List(&Struct(FILE))),
    field("security_opt", STRINGS),
    field("shm_size", Bytes),
    field("stdin_open", Bool),
    given("stop_grace_period", Duration),
    field("stop_signal", Str),
    field("storage_opt", Dict(&Str)),
    field("sysctls", Mapping),
    field("tmpfs", StringList),
    field("tty", Bool),
    field("ulimits", Dict(&Ulimit)),
    field("use_api_socket", Bool),
    field("user", Str),
    field("userns_mode", Str),
    field("uts", Str),
    field("volumes", List(&Struct(MOUNT))),
    field("volumes_from", STRINGS),
    field("working_dir", Str),
    field("pre_start", List(&Struct(HOOK))),
    field("post_start", List(&Struct(HOOK))),
    field("pre_stop", List(&Struct(HOOK))),
];

static BUILD: &[Field] = &[
    field("context", Str),
    field("dockerfile", Str),
    field("dockerfile_inline", Str),
    field("entitlements", STRINGS),
    field("args", Environment),
    field("provenance", Str),
    field("sbom", Str),
    field("ssh", Ssh),
    field("labels", Labels),
    field("cache_from", StringList),
    field("cache_to", StringList),
    field("no_cache", Bool),
    field("no_cache_filter", StringList),
    field("additional_contexts", Mapping),
    field("pull", Bool),
    field("extra_hosts", Hosts),
    field("isolation", Str),
    field("network", Str),
    field("target", Str),
    field("secrets", List(&Struct(FILE))),
    field("shm_size", Bytes),
    field("tags", StringList),
    field("ulimits", Dict(&Ulimit)),
    field("platforms", StringList),
    field("privileged", Bool),
];

static DEVELOP: &[Field] = &[field("watch", List(&Struct(TRIGGER)))];

static TRIGGER: &[Field] = &[
    always("path", Str),
    always("action", Str),
    field("target", Str),
    always("exec", Struct(HOOK)),
    field("include", STRINGS),
    field("ignore", STRINGS),
    field("initial_sync", Bool),
];

static BLKIO: &[Field] = &[
    field("weight", Uint(u16::MAX as u64)),
    field("weight_device", List(&Struct(WEIGHT))),
    field("device_read_bps", List(&Struct(THROTTLE))),
    field("device_read_iops", List(&Struct(THROTTLE))),
    field("device_write_bps", List(&Struct(THROTTLE))),
    field("device_write_iops", List(&Struct(THROTTLE))),
];

static WEIGHT: &[Field] =
    &[capital("path", "Path", Str), capital("weight", "Weight", Uint(u16::MAX as u64))];
static THROTTLE: &[Field] = &[capital("path", "Path", Str), capital("rate", "Rate", Bytes)];

static DEVICE: &[Field] = &[field("source", Str), field("target", Str), field("permissions", Str)];

static CREDENTIALS: &[Field] = &[field("config", Str), field("file", Str), field("registry", Str)];

static DEPENDENCY: &[Field] =
    &[field("condition", Str), field("restart", Bool), always("required", Bool)];

static DEPLOY: &[Field] = &[
    field("mode", Str),
    given("replicas", Int),
    field("labels", Labels),
    given("update_config", Struct(UPDATE)),
    given("rollback_config", Struct(UPDATE)),
    always("resources", Struct(RESOURCES)),
    given("restart_policy", Struct(RESTART)),
    always("placement", Struct(PLACEMENT)),
    field("endpoint_mode", Str),
];

static UPDATE: &[Field] = &[
    given("parallelism", Uint(u64::MAX)),
    field("delay", Duration),
    field("failure_action", Str),
    field("monitor", Duration),
    field("max_failure_ratio", Float),
    field("order", Str),
];

static RESOURCES: &[Field] =
    &[given("limits", Struct(RESOURCE)), given("reservations", Struct(RESOURCE))];

static RESOURCE: &[Field] = &[
    field("cpus", Cores),
    field("memory", Bytes),
    field("pids", Int),
    field("devices", List(&Struct(REQUEST))),
    field("generic_resources", List(&Struct(GENERIC))),
];

static REQUEST: &[Field] = &[
    field("capabilities", STRINGS),
    field("driver", Str),
    field("count", Count),
    field("device_ids", STRINGS),
    field("options", Mapping),
];

static GENERIC: &[Field] = &[given("discrete_resource_spec", Struct(DISCRETE))];
static DISCRETE: &[Field] = &[always("kind", Str), always("value", Int)];

static RESTART: &[Field] = &[
    field("condition", Str),
    given("delay", Duration),
    given("max_attempts", Uint(u64::MAX)),
    given("window", Duration),
];

static PLACEMENT: &[Field] = &[
    field("constraints", STRINGS),
    field("preferences", List(&Struct(&[field("spread", Str)]))),
    field("max_replicas_per_node", Uint(u64::MAX)),
];

static PROVIDER: &[Field] = &[field("type", Str), field("options", MultiOptions)];

static ENV_FILE: &[Field] = &[field("path", Str), field("required", OptOut), field("format", Str)];

static EXTENDS: &[Field] = &[field("file", Str), field("service", Str)];

static HEALTHCHECK: &[Field] = &[
    field("test", HealthTest),
    given("timeout", Duration),
    given("interval", Duration),
    given("retries", Uint(u64::MAX)),
    given("start_period", Duration),
    given("start_interval", Duration),
    field("disable", Bool),
];

static LOGGING: &[Field] = &[field("driver", Str), field("options", Options)];

static SERVICE_MODEL: &[Field] = &[field("endpoint_var", Str), field("model_var", Str)];

static SERVICE_NETWORK: &[Field] = &[
    field("aliases", STRINGS),
    field("driver_opts", Options),
    field("gw_priority", Int),
    field("interface_name", Str),
    field("ipv4_address", Str),
    field("ipv6_address", Str),
    field("link_local_ips", STRINGS),
    field("mac_address", Str),
    field("priority", Int),
];

static PORT: &[Field] = &[
    field("name", Str),
    field("mode", Str),
    field("host_ip", Str),
    field("target", Uint(u32::MAX as u64)),
    field("published", Str),
    field("protocol", Str),
    field("app_protocol", Str),
];

static FILE: &[Field] = &[
    field("source", Str),
    field("target", Str),
    field("uid", Str),
    field("gid", Str),
    given("mode", Mode),
];

static MOUNT: &[Field] = &[
    field("type", Str),
    field("source", Str),
    field("target", Str),
    field("read_only", Bool),
    field("consistency", Str),
    given(
        "bind",
        Struct(&[
            field("selinux", Str),
            field("propagation", Str),
            field("create_host_path", OptOut),
            field("recursive", Str),
        ]),
    ),
    given(
        "volume",
        Struct(&[field("labels", Mapping), field("nocopy", Bool), field("subpath", Str)]),
    ),
    given("tmpfs", Struct(&[field("size", Bytes), field("mode", Uint(u32::MAX as u64))])),
    given("image", Struct(&[field("subpath", Str)])),
];

static HOOK: &[Field] = &[
    always("command", Command),
    field("image", Str),
    field("user", Str),
    field("privileged", Bool),
    field("working_dir", Str),
    field("environment", Environment),
    field("per_replica", Bool),
];

static NETWORK: &[Field] = &[
    field("name", Str),
    field("driver", Str),
    field("driver_opts", Options),
    always("ipam", Struct(IPAM)),
    field("external", Bool),
    field("internal", Bool),
    field("attachable", Bool),
    field("labels", Labels),
    given("enable_ipv4", Bool),
    given("enable_ipv6", Bool),
];

static IPAM: &[Field] =
    &[field("driver", Str), field("config", List(&Struct(POOL))), field("options", Options)];

static POOL: &[Field] = &[
    field("subnet", Str),
    field("gateway", Str),
    field("ip_range", Str),
    field("aux_addresses", Mapping),
];

static VOLUME: &[Field] = &[
    field("name", Str),
    field("driver", Str),
    field("driver_opts", Options),
    field("external", Bool),
    field("labels", Labels),
];

static CONFIG: &[Field] = &[
    field("name", Str),
    field("file", Str),
    field("environment", Str),
    field("content", Str),
    field("external", Bool),
    field("labels", Labels),
    field("driver", Str),
    field("driver_opts", Dict(&Str)),
    field("template_driver", Str),
];

static MODEL: &[Field] = &[
    field("name", Str),
    field("model", Str),
    field("context_size", Int),
    field("runtime_flags", STRINGS),
];
