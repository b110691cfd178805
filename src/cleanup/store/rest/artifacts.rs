//! Artifacts that the tracking server hands on.

use std::fs::File;
use std::io::{self, Write};

use reqwest::{Method, Url};

use super::client::Client;
use super::wire::{FileAnswer, Page};
use crate::cleanup::store::{Proxy, Remote};
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::files::tree::Size;
use crate::core::http::{Repeat, download};

/// Folders in folders. A server that follows a link to its own parent has no end.
const DEEPEST: usize = 64;

impl Client {
    /// Every name is a segment of its own, encoded once.
    fn artifact_url(&self, path: &str) -> Result<Url, Fault> {
        let mut url = self.url("mlflow-artifacts/artifacts");
        let cannot = || Fault::failed(format!("{path:?} is no path of an artifact"));
        let is_plain = |name: &str| {
            !name.is_empty() && name != "." && name != ".." && !name.contains(['%', '\\', '#', '?'])
        };
        if !path.split('/').all(is_plain) {
            return Err(cannot());
        }
        url.path_segments_mut().map_err(|()| cannot())?.extend(path.split('/'));
        Ok(url)
    }

    fn add_size(
        &mut self,
        path: &str,
        depth: usize,
        size: &mut Size,
        ctx: &Context,
    ) -> Result<(), Fault> {
        if depth > DEEPEST {
            return Err(Fault::failed(format!("{path}: more than {DEEPEST} folders in folders")));
        }
        for entry in self.list(path, ctx)? {
            match entry.bytes {
                Some(bytes) => {
                    size.bytes += bytes;
                    size.files += 1;
                }
                None => self.add_size(&format!("{path}/{}", entry.name), depth + 1, size, ctx)?,
            }
        }
        Ok(())
    }
}

impl Proxy for Client {
    fn list(&mut self, path: &str, ctx: &Context) -> Result<Vec<Remote>, Fault> {
        let query = [("path", path)];
        let page: Page<FileAnswer> = self.get("mlflow-artifacts/artifacts", &query, ctx)?;
        let own = |entry: FileAnswer| {
            let bytes = entry.bytes();
            // Only ever a name, whatever a server says.
            let name = entry.path.rsplit('/').next().unwrap_or_default().to_owned();
            Remote { name, bytes }
        };
        Ok(page.entries.into_iter().map(own).collect())
    }

    fn size(&mut self, path: &str, ctx: &Context) -> Result<Size, Fault> {
        let mut size = Size::default();
        self.add_size(path, 0, &mut size, ctx)?;
        Ok(size)
    }

    fn get(&mut self, path: &str, to: &mut dyn Write, ctx: &Context) -> Result<u64, Fault> {
        let url = self.artifact_url(path)?;
        let response = self.send(&Method::GET, &url, Repeat::ByMethod, |request| request, ctx)?;
        let length = response.content_length();
        let cannot = || Fault::failed(format!("cannot download {path}"));
        let read = download(response, "downloading", to, ctx).map_err(|e| cannot().because(e))?;
        match length {
            Some(length) if length != read => {
                Err(cannot().because(io::Error::other(format!("{read} of {length} bytes came"))))
            }
            _ => Ok(read),
        }
    }

    fn put(&mut self, path: &str, file: File, ctx: &Context) -> Result<(), Fault> {
        let url = self.artifact_url(path)?;
        let cannot = || Fault::failed(format!("cannot upload {path}"));
        let length = file.metadata().map_err(|e| cannot().because(e))?.len();
        let make = |request: reqwest::blocking::RequestBuilder| match file.try_clone() {
            Ok(own) => {
                let rewound = io::Seek::rewind(&mut &own);
                debug_assert!(rewound.is_ok(), "a temporary file can be read again");
                request.body(reqwest::blocking::Body::sized(own, length))
            }
            Err(_) => request,
        };
        Ok(self.send(&Method::PUT, &url, Repeat::ByMethod, make, ctx).map(drop)?)
    }

    /// Never sent again: an answer of 500 does not say what is gone already.
    fn delete(&mut self, path: &str, ctx: &Context) -> Result<(), Fault> {
        let url = self.artifact_url(path)?;
        Ok(self.send(&Method::DELETE, &url, Repeat::Never, |request| request, ctx).map(drop)?)
    }
}
