//! Requests, answers, pages.

use std::io::{self, Read as _};

use reqwest::blocking::{RequestBuilder, Response};
use reqwest::{Method, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::auth::{Auth, setup};
use super::wire::Page;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::http::{Http, HttpError, Repeat, shown};
use crate::core::{clock, name::Name};

/// Bytes of an answer that is read whole.
const LARGEST: u64 = 512 << 20;
/// Pages of a listing that has no end.
const MOST_PAGES: usize = 100_000;

pub(super) struct Client {
    http: Http,
    auth: Auth,
    pub(super) base: Url,
    /// By how much this machine's clock is ahead of the server's, in microseconds.
    pub(super) ahead: Option<i64>,
}

/// Why a request came to nothing: what the server answered, if it did.
pub(super) struct Refused {
    pub(super) status: Option<StatusCode>,
    pub(super) fault: Fault,
}

impl Client {
    pub(super) fn open(url: &Url, ctx: &Context) -> Result<Self, Fault> {
        let mut base = url.clone();
        let auth = Auth::find(&mut base, &ctx.env)?;
        let name: Name = "mlflow".parse().expect("it is a name");
        let http = Http::open(name, &setup(&ctx.env), ctx)?;
        Ok(Self { http, auth, base, ahead: None })
    }

    pub(super) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let own = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{own}/api/2.0/{path}"));
        url
    }

    pub(super) fn send(
        &mut self,
        method: &Method,
        url: &Url,
        repeat: Repeat<'_>,
        make: impl Fn(RequestBuilder) -> RequestBuilder,
        ctx: &Context,
    ) -> Result<Response, Refused> {
        let auth = self.auth.clone();
        let sent = self.http.send(method, url, repeat, |request| auth.sign(make(request)), ctx);
        let response = sent.map_err(refused)?;
        let date = response.headers().get("date").and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(|text| httpdate::parse_http_date(text).ok())
            && let Ok(since) = date.duration_since(std::time::UNIX_EPOCH)
        {
            self.ahead = Some(clock::now().saturating_sub(since.as_micros() as i64));
        }
        Ok(response)
    }

    fn json<T: DeserializeOwned>(response: Response, url: &Url) -> Result<T, Fault> {
        let cannot = || Fault::failed(format!("cannot read the answer of {}", shown(url)));
        let mut bytes = Vec::new();
        let read = response.take(LARGEST + 1).read_to_end(&mut bytes);
        read.map_err(|e| cannot().because(e))?;
        if bytes.len() as u64 > LARGEST {
            return Err(cannot().because(io::Error::other("it does not end")));
        }
        serde_json::from_slice(&bytes).map_err(|e| {
            if bytes.trim_ascii_start().starts_with(b"<") {
                return cannot().because(io::Error::other("it is HTML")).hint(
                    "is this the address of an MLflow server, or of a login page before it?",
                );
            }
            cannot().because(e)
        })
    }

    /// A POST that reads.
    pub(super) fn ask<T: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &Value,
        ctx: &Context,
    ) -> Result<T, Refused> {
        let url = self.url(path);
        let make = |request: RequestBuilder| request.json(body);
        let response = self.send(&Method::POST, &url, Repeat::Freely, make, ctx)?;
        Self::json(response, &url).map_err(|fault| Refused { status: None, fault })
    }

    pub(super) fn get<T: DeserializeOwned>(
        &mut self,
        path: &str,
        query: &[(&str, &str)],
        ctx: &Context,
    ) -> Result<T, Refused> {
        let mut url = self.url(path);
        url.query_pairs_mut().extend_pairs(query);
        let response = self.send(&Method::GET, &url, Repeat::ByMethod, |request| request, ctx)?;
        Self::json(response, &url).map_err(|fault| Refused { status: None, fault })
    }

    /// All pages of a listing. `page` asks for the one after a token.
    pub(super) fn pages<T>(
        &mut self,
        mut page: impl FnMut(&mut Self, Option<&str>) -> Result<Page<T>, Refused>,
        mut take: impl FnMut(Vec<T>),
    ) -> Result<(), Refused> {
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let Page { entries, next_page_token } = page(self, token.as_deref())?;
            let next = next_page_token.filter(|next| !next.is_empty());
            // The same page again and again would be read for ever.
            let is_stuck = next.is_some() && (entries.is_empty() || next == token);
            take(entries);
            if is_stuck {
                break;
            }
            if next.is_none() {
                return Ok(());
            }
            token = next;
        }
        let fault = Fault::failed(format!("what {} lists does not end", shown(&self.base)));
        Err(Refused { status: None, fault })
    }
}

/// With what MLflow says of it, and what to do.
fn refused(error: HttpError) -> Refused {
    let (status, said) = match &error {
        HttpError::Failed { status, body, .. } => (*status, said(body)),
        _ => (None, None),
    };
    let fault = match (said, &error) {
        (Some(said), HttpError::Failed { .. }) => Fault::failed(format!("{error}: {said}")),
        _ => Fault::from(error),
    };
    let fault = match status.map(|status| status.as_u16()) {
        Some(401) => fault.hint(
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, MLFLOW_TRACKING_TOKEN or \
             ~/.mlflow/credentials say who asks",
        ),
        Some(403) => fault.hint("this user may not do that"),
        _ => fault,
    };
    Refused { status, fault }
}

fn said(body: &str) -> Option<String> {
    let value: Value = serde_json::from_str(body).ok()?;
    let text = value.get("message")?.as_str()?.trim();
    (!text.is_empty()).then(|| text.chars().take(300).collect())
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        refused.fault
    }
}
