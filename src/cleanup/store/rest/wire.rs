//! What the server says, as far as it is needed. A list that is empty is left out.

use serde::Deserialize;

use crate::cleanup::facts::{Run, Scope, Status, Uri};
use crate::cleanup::store::Metadata;

/// Numbers may come as text: `"NaN"`, and long ones.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Number {
    Whole(i64),
    Real(f64),
    Text(String),
}

impl Number {
    fn real(&self) -> f64 {
        match self {
            Self::Whole(n) => *n as f64,
            Self::Real(x) => *x,
            Self::Text(text) => text.parse().unwrap_or(f64::NAN),
        }
    }

    fn whole(&self) -> Option<i64> {
        match self {
            Self::Whole(n) => Some(*n),
            Self::Real(x) => Some(*x as i64),
            Self::Text(text) => text.parse().ok(),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Whole(n) => n.to_string(),
            Self::Real(x) => x.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// Whatever is listed.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    #[serde(
        default = "Vec::new",
        alias = "experiments",
        alias = "runs",
        alias = "models",
        alias = "model_versions",
        alias = "registered_models",
        alias = "files"
    )]
    pub(super) entries: Vec<T>,
    pub(super) next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Experiment {
    #[serde(rename = "experiment_id")]
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) artifact_location: String,
    #[serde(default)]
    pub(super) lifecycle_stage: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct RunAnswer {
    pub(super) info: Info,
    #[serde(default)]
    pub(super) data: Data,
    #[serde(default)]
    pub(super) inputs: Ends,
    #[serde(default)]
    pub(super) outputs: Ends,
}

#[derive(Debug, Deserialize)]
pub(super) struct Info {
    run_id: Option<String>,
    run_uuid: Option<String>,
    pub(super) experiment_id: String,
    run_name: Option<String>,
    #[serde(default)]
    status: String,
    start_time: Option<Number>,
    end_time: Option<Number>,
    #[serde(default)]
    artifact_uri: String,
    #[serde(default)]
    lifecycle_stage: String,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Data {
    #[serde(default)]
    pub(super) metrics: Vec<Metric>,
    #[serde(default)]
    params: Vec<Pair>,
    #[serde(default)]
    tags: Vec<Pair>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Metric {
    pub(super) key: String,
    value: Option<Number>,
}

#[derive(Debug, Deserialize)]
struct Pair {
    key: String,
    #[serde(default)]
    value: String,
}

/// Logged models that went in or came out.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Ends {
    #[serde(default, alias = "model_outputs")]
    pub(super) model_inputs: Vec<ModelEnd>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ModelEnd {
    pub(super) model_id: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct ModelAnswer {
    pub(super) info: ModelInfo,
}

#[derive(Debug, Deserialize)]
pub(super) struct ModelInfo {
    pub(super) model_id: String,
    pub(super) experiment_id: String,
    #[serde(default)]
    pub(super) artifact_uri: String,
    pub(super) source_run_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct VersionAnswer {
    pub(super) name: String,
    pub(super) version: Number,
    pub(super) current_stage: Option<String>,
    pub(super) run_id: Option<String>,
    pub(super) source: Option<String>,
    pub(super) storage_location: Option<String>,
    pub(super) model_id: Option<String>,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RegisteredModel {
    pub(super) name: String,
    #[serde(default)]
    pub(super) aliases: Vec<Alias>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Alias {
    pub(super) alias: String,
    pub(super) version: Number,
}

#[derive(Debug, Deserialize)]
pub(super) struct FileAnswer {
    pub(super) path: String,
    #[serde(default)]
    pub(super) is_dir: bool,
    pub(super) file_size: Option<Number>,
}

impl FileAnswer {
    pub(super) fn bytes(&self) -> Option<u64> {
        let size = self.file_size.as_ref().and_then(Number::whole).unwrap_or(0);
        (!self.is_dir).then(|| size.max(0) as u64)
    }
}

impl VersionAnswer {
    pub(super) fn number(&self) -> String {
        self.version.text()
    }
}

impl Alias {
    pub(super) fn number(&self) -> String {
        self.version.text()
    }
}

impl RunAnswer {
    pub(super) fn id(&self) -> &str {
        self.info.run_id.as_deref().or(self.info.run_uuid.as_deref()).unwrap_or_default()
    }

    pub(super) fn models(&self) -> impl Iterator<Item = &str> {
        let both = self.inputs.model_inputs.iter().chain(&self.outputs.model_inputs);
        both.map(|end| end.model_id.as_str())
    }

    pub(super) fn run(&self, experiment: u32, scope: &Scope) -> Run {
        let (info, policy) = (&self.info, &scope.policy);
        let time = |time: &Option<Number>| time.as_ref().and_then(Number::whole).unwrap_or(0);
        let metric = self.data.metrics.iter().find(|metric| metric.key == policy.metric);
        let parent = self.data.tags.iter().find(|tag| tag.key == "mlflow.parentRunId");
        Run {
            id: self.id().into(),
            experiment,
            is_active: info.lifecycle_stage != "deleted",
            status: Status::parse(&info.status),
            start: time(&info.start_time),
            end: time(&info.end_time),
            deleted_at: 0,
            metric: metric.and_then(|metric| metric.value.as_ref()).map_or(f64::NAN, Number::real),
            tags: self
                .data
                .tags
                .iter()
                .fold(0, |bits, tag| bits | policy.protects(&tag.key, &tag.value)),
            parent: parent.map(|tag| tag.value.as_str().into()),
            uri: Uri::new(&info.artifact_uri, &scope.experiment.location, "", self.id()),
        }
    }

    pub(super) fn metadata(&self) -> Metadata {
        let info = &self.info;
        let pairs = |pairs: &[Pair]| {
            pairs.iter().map(|pair| (pair.key.clone(), pair.value.clone())).collect()
        };
        let metrics = self.data.metrics.iter();
        let time = |time: &Option<Number>| time.as_ref().and_then(Number::whole);
        Metadata {
            run_id: self.id().to_owned(),
            name: info.run_name.clone(),
            status: info.status.clone(),
            start_time: time(&info.start_time),
            end_time: time(&info.end_time),
            lifecycle_stage: info.lifecycle_stage.clone(),
            artifact_uri: info.artifact_uri.clone(),
            tags: pairs(&self.data.tags),
            params: pairs(&self.data.params),
            metrics: metrics
                .filter_map(|metric| Some((metric.key.clone(), metric.value.as_ref()?.text())))
                .collect(),
        }
    }
}
