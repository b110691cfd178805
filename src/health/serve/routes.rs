//! What is answered.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::PoisonError;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use tokio::sync::Mutex;

use super::accept::prefers_open_metrics;
use crate::core::clock::Stopwatch;
use crate::core::context::Context;
use crate::core::counting::store_pending;
use crate::core::error::Fault;
use crate::core::metrics::catalogue::{HTTP_IN_FLIGHT, HTTP_REQUEST_DURATION, HTTP_REQUESTS};
use crate::core::metrics::{Exposition, OPEN_METRICS, TEXT};
use crate::health::run::Runner;
use crate::health::verdict::Status;

/// An answer is given again for so long: many load balancers ask at once.
const FRESH: Duration = Duration::from_secs(1);
/// Who only reads metrics has the checks made as often as this.
const STALE: Duration = Duration::from_secs(10);

/// What the handlers share.
pub(super) struct Routes {
    router: Router,
    shared: Arc<Shared>,
}

struct Shared {
    runner: Runner,
    ctx: Context,
    /// The last answer, and when it was found. Who holds it makes the checks, and others wait for that.
    last: Mutex<Option<(Stopwatch, StatusCode, Vec<u8>)>>,
    /// Requests that are being answered, by handler.
    in_flight: std::sync::Mutex<BTreeMap<&'static str, u32>>,
}

impl Routes {
    pub(super) fn new(runner: Runner, ctx: &Context) -> Arc<Self> {
        let last = Mutex::new(None);
        let (ctx, in_flight) = (ctx.clone(), std::sync::Mutex::default());
        let shared = Arc::new(Shared { runner, ctx, last, in_flight });
        let router = Router::new()
            .route("/healthz", get(healthz))
            .route("/livez", get(livez))
            .route("/metrics", get(metrics))
            .with_state(Arc::clone(&shared));
        Arc::new(Self { router, shared })
    }

    /// Answers, and counts that it did.
    pub(super) async fn answer(
        &self,
        request: Request<hyper::body::Incoming>,
    ) -> Result<Response, Infallible> {
        let watch = Stopwatch::start();
        let handler = handler(request.uri().path());
        let method = method(request.method());
        let _in_flight = InFlight::new(&self.shared, handler);
        let answer = TowerToHyperService::new(self.router.clone()).call(request).await?;
        let code = answer.status().as_u16().to_string();
        self.shared.ctx.pending.change(|count| {
            count.add(&HTTP_REQUESTS, &[handler, method, &code], 1.0);
            let took = watch.elapsed().as_secs_f64();
            count.observe(&HTTP_REQUEST_DURATION, &[handler, method], took);
        });
        Ok(answer)
    }
}

/// Counts a request until it is answered, or its client has gone.
struct InFlight<'s>(&'s Shared, &'static str);

impl<'s> InFlight<'s> {
    fn new(shared: &'s Shared, handler: &'static str) -> Self {
        *shared.in_flight().entry(handler).or_default() += 1;
        Self(shared, handler)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        *self.0.in_flight().entry(self.1).or_default() -= 1;
    }
}

impl Shared {
    fn in_flight(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, u32>> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn handler(path: &str) -> &'static str {
    let known = ["/healthz", "/livez", "/metrics"];
    known.into_iter().find(|known| *known == path).unwrap_or("none")
}

fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        _ => "other",
    }
}

async fn healthz(State(shared): State<Arc<Shared>>) -> Response {
    // A client that goes away does not end what others wait for.
    let answer = tokio::spawn(async move { look(&shared, FRESH).await }).await;
    match answer {
        Ok((code, body)) => {
            let headers = [(CONTENT_TYPE, "application/health+json"), (CACHE_CONTROL, "no-store")];
            (code, headers, body).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The last answer if it is younger than `age`, else a new one.
async fn look(shared: &Arc<Shared>, age: Duration) -> (StatusCode, Vec<u8>) {
    let mut last = shared.last.lock().await;
    if let Some((since, code, body)) = &*last
        && since.elapsed() < age
    {
        return (*code, body.clone());
    }
    let at_work = Arc::clone(shared);
    let made = tokio::task::spawn_blocking(move || {
        let answer = at_work.runner.run();
        store_pending(&at_work.ctx);
        let body = serde_json::to_vec(&answer).expect("an answer is plain data");
        (answer.status, body)
    });
    let Ok((status, body)) = made.await else {
        return (StatusCode::INTERNAL_SERVER_ERROR, Vec::new());
    };
    let code = match status {
        Status::Pass | Status::Warn => StatusCode::OK,
        Status::Fail => StatusCode::SERVICE_UNAVAILABLE,
    };
    *last = Some((Stopwatch::start(), code, body.clone()));
    (code, body)
}

/// That we answer is all there is to say: what else is ill is no reason to restart us.
async fn livez() -> Response {
    let headers = [(CONTENT_TYPE, "application/health+json"), (CACHE_CONTROL, "no-store")];
    (headers, r#"{"status":"pass"}"#).into_response()
}

/// Everything that is counted on this machine; 500 where it cannot be read, never an empty page.
async fn metrics(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    renew(&shared);
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_open = prefers_open_metrics(accept);
    let made = tokio::task::spawn_blocking(move || {
        store_pending(&shared.ctx);
        let mut all = Exposition::gather(&shared.ctx.config, &shared.ctx.env)?;
        for (handler, count) in &*shared.in_flight() {
            all.set(&HTTP_IN_FLIGHT, &[handler], f64::from(*count));
        }
        Ok::<_, Fault>(if is_open { all.open_metrics() } else { all.text() })
    });
    let kind = if is_open { OPEN_METRICS } else { TEXT };
    match made.await {
        Ok(Ok(text)) => ([(CONTENT_TYPE, kind)], text).into_response(),
        Ok(Err(fault)) => {
            let why = format!("{:#}\n", anyhow::Error::from(fault));
            (StatusCode::INTERNAL_SERVER_ERROR, why).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Has the checks made anew for the next time, where nobody asks for them.
fn renew(shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move { look(&shared, STALE).await });
}
