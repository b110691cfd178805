//! Tracking URIs.

use std::path::{Path, PathBuf};

use reqwest::Url;

use crate::core::config::Environment;
use crate::core::error::{Fault, nearest};

/// Which store is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrackingUri {
    Sqlite(PathBuf),
    Files(PathBuf),
    Http(Url),
}

impl TrackingUri {
    /// As MLflow reads them; relative paths are relative to the current folder.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Fault> {
        let wrong = |why: &str| Fault::usage(format!("the tracking URI {}: {why}", plain(text)));
        let Some((scheme, rest)) = text.split_once(':').filter(|(s, _)| is_scheme(s)) else {
            return match text {
                "" => Err(wrong("it is empty")),
                "databricks" => Err(wrong("Databricks is not supported")),
                path => Ok(Self::Files(folder.join(path))),
            };
        };
        let scheme = scheme.to_lowercase();
        match scheme.split('+').next().unwrap_or_default() {
            "http" | "https" => match text.trim_end_matches('/').parse::<Url>() {
                Ok(url) if url.has_host() => Ok(Self::Http(url)),
                _ => Err(wrong("it is no URL")),
            },
            "sqlite" => {
                let path =
                    rest.strip_prefix("///").map(|rest| rest.split('?').next().unwrap_or(rest));
                match path {
                    Some(path) if !path.is_empty() && path != ":memory:" => {
                        Ok(Self::Sqlite(folder.join(path)))
                    }
                    _ => Err(wrong("it names no file").hint(
                        "sqlite:///mlflow.db is relative, sqlite:////data/mlflow.db is absolute",
                    )),
                }
            }
            "file" => {
                let path = match rest.strip_prefix("//") {
                    Some(path) if path.starts_with('/') => path,
                    Some(_) => return Err(wrong("it names a host")),
                    None => rest,
                };
                let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
                Ok(Self::Files(folder.join(&*path)))
            }
            "postgresql" | "postgres" | "mysql" | "mssql" => {
                Err(wrong("this database is not read directly")
                    .hint("name the http:// address of the tracking server in front of it"))
            }
            other => {
                let fault = wrong(&format!("the scheme {other}: is not known"));
                let known = ["sqlite", "file", "http", "https"];
                Err(match nearest(other, known) {
                    Some(near) => fault.hint(format!("did you mean {near}:?")),
                    None => fault.hint("http://, https://, sqlite:/// and folders are"),
                })
            }
        }
    }

    /// MLflow's own default: `./mlruns` where it holds an experiment, else `mlflow.db`.
    pub fn find(env: &Environment) -> Self {
        let folder = &env.current_folder;
        let runs = folder.join("mlruns");
        let has_experiment = std::fs::read_dir(&runs).is_ok_and(|entries| {
            entries.flatten().any(|entry| {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                name.bytes().all(|b| b.is_ascii_digit()) && entry.path().join("meta.yaml").is_file()
            })
        });
        if has_experiment { Self::Files(runs) } else { Self::Sqlite(folder.join("mlflow.db")) }
    }
}

/// A letter more than a Windows drive.
fn is_scheme(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// Without a password.
fn plain(text: &str) -> String {
    match (text.find("://"), text.rfind('@')) {
        (Some(start), Some(end)) if start + 3 <= end => {
            format!("{}…{}", &text[..start + 3], &text[end..])
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_read_as_mlflow_reads_them() {
        let parse = |text| TrackingUri::parse(text, Path::new("/here"));
        for (text, expected) in [
            ("sqlite:///mlflow.db", TrackingUri::Sqlite("/here/mlflow.db".into())),
            ("sqlite:////data/m.db", TrackingUri::Sqlite("/data/m.db".into())),
            ("./mlruns", TrackingUri::Files("/here/./mlruns".into())),
            ("mlruns", TrackingUri::Files("/here/mlruns".into())),
            ("file:///data/a%20b", TrackingUri::Files("/data/a b".into())),
            ("file:mlruns", TrackingUri::Files("/here/mlruns".into())),
        ] {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
        assert!(matches!(parse("http://localhost:5000/"), Ok(TrackingUri::Http(_))));
        for wrong in
            ["", "sqlite://", "sqlite:///", "file://host/a", "databricks", "https:", "ftp://x"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        let secret = parse("postgresql://ada:secret@db/mlflow").unwrap_err().to_string();
        assert!(!secret.contains("secret") && secret.contains("@db"), "{secret}");
    }
}
