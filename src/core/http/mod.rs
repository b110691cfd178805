//! The one HTTP client: every call passes a breaker and is tried again where that can help and do no harm.
//! [`client`] is for those that ask once, and judge the answer themselves.

mod retry_after;
mod verdict;

use std::error::Error as _;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::blocking::{Client, ClientBuilder, RequestBuilder, Response};
use reqwest::{Certificate, Identity, Method, StatusCode, Url};

use self::verdict::{of_answer, of_error};
use crate::core::breaker::{Answer, Door, Refusal, Settings};
use crate::core::clock::Stopwatch;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::metrics::{Changes, catalogue};
use crate::core::name::Name;
use crate::core::output::units::long_duration;
use crate::core::output::{Progress, Unit};
use crate::core::retry::{GaveUp, Retry};

const TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A server that asks for a longer wait is not waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// Bodies from this size on show their progress.
const LARGE: u64 = 8 << 20;
/// How much is read of an answer that says what was wrong.
const EXPLANATION: u64 = 4096;

/// The way to one server.
#[derive(Debug)]
pub struct Http {
    client: Client,
    door: Door,
    /// Of one attempt, its answer included.
    timeout: Duration,
    pub retry: Retry,
    /// Of all attempts and waits.
    pub deadline: Option<Duration>,
    has_secret_path: bool,
}

/// How a server is reached, where that differs from others.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// Where `http.timeout` is not set.
    pub timeout: Option<Duration>,
    /// Certificates to trust as well.
    pub ca_file: Option<PathBuf>,
    /// Certificate and key of ours, in PEM.
    pub identity: Option<PathBuf>,
    /// Trusts whoever answers.
    pub accepts_any_certificate: bool,
    /// The address is a secret from its path on: nobody is shown it.
    pub has_secret_path: bool,
}

/// Whether a request may be sent again when it is not known whether the server has carried it out.
#[derive(Debug, Clone, Copy)]
pub enum Repeat<'k> {
    /// As HTTP has it: not POST and PATCH.
    ByMethod,
    /// With this idempotency key, always.
    WithKey(&'k str),
    /// It reads, or does the same twice, whatever its method.
    Freely,
    /// Only if the server cannot have seen it.
    Never,
}

/// Why there is no answer to work with.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("{name}: its breaker is {}{}", .refusal.state.name().replace('_', " "), after(.refusal.retry_in))]
    Refused { name: Name, refusal: Refusal },
    #[error("{method} {url}: {reason}")]
    Failed {
        method: Method,
        url: String,
        reason: String,
        /// What the server answered, and how it began to explain that.
        status: Option<StatusCode>,
        body: String,
    },
    #[error("{method} {url}: {reason}; asked to come back in {}", long_duration(.wait.as_secs_f64()))]
    ComeBackLater { method: Method, url: String, reason: String, wait: Duration },
    #[error(transparent)]
    State(#[from] Fault),
}

fn after(millis: Option<i64>) -> String {
    millis.map_or_else(String::new, |millis| {
        format!(", next probe in {}", long_duration(millis as f64 / 1000.0))
    })
}

impl From<HttpError> for Fault {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Refused { ref name, .. } => Self::try_later(error.to_string())
                .hint(format!("`ut breaker-status {name}` says why")),
            HttpError::ComeBackLater { .. } => Self::try_later(error.to_string()),
            HttpError::Failed { .. } => Self::failed(error.to_string()),
            HttpError::State(fault) => fault,
        }
    }
}

impl Http {
    /// To the server that the breaker `name` stands for. Proxies are those of the environment
    /// (`HTTPS_PROXY`, `NO_PROXY`, …).
    pub fn open(name: Name, setup: &Setup, ctx: &Context) -> Result<Self, Fault> {
        let timeout = ctx.config.duration("http.timeout");
        let timeout = timeout.unwrap_or(setup.timeout.unwrap_or(TIMEOUT));
        let settings = Settings::from_config(&ctx.config.for_breaker(&name), Some(timeout));
        let client = client(setup, ctx)?
            .timeout(timeout)
            .build()
            .map_err(|e| Fault::failed("cannot set up HTTP").because(e.without_url()))?;
        let door = Door::open(name, settings, ctx)?;
        let has_secret_path = setup.has_secret_path;
        Ok(Self { client, door, timeout, retry: Retry::default(), deadline: None, has_secret_path })
    }

    /// Sends the request that `make` makes, once for each attempt. The answer has a status of success or redirection.
    pub fn send(
        &mut self,
        method: &Method,
        url: &Url,
        repeat: Repeat<'_>,
        make: impl Fn(RequestBuilder) -> RequestBuilder,
        ctx: &Context,
    ) -> Result<Response, HttpError> {
        let watch = Stopwatch::start();
        let left = |deadline: Option<Duration>| Some(deadline?.saturating_sub(watch.elapsed()));
        let (mut attempt, mut last) = (0, None);
        loop {
            attempt += 1;
            let leave = match self.door.ask(ctx)? {
                Answer::Go(leave) => leave,
                // The failure that opened it says more.
                Answer::No(refusal, _) => {
                    self.give_up(GaveUp::BreakerOpen, ctx);
                    let name = self.door.name().clone();
                    return Err(last.unwrap_or(HttpError::Refused { name, refusal }));
                }
            };
            let timeout = left(self.deadline).into_iter().chain([self.timeout]).min();
            let mut request = self.client.request(method.clone(), url.clone());
            request = request.timeout(timeout.unwrap_or(self.timeout));
            if let Repeat::WithKey(key) = repeat {
                request = request.header("Idempotency-Key", key);
            }
            let took = Stopwatch::start();
            let result = make(request).send();
            let verdict = result.as_ref().map_or_else(of_error, of_answer);
            let took = took.elapsed();
            let counted = counted(self.door.name(), result.as_ref().ok(), took);
            self.door.tell(leave, verdict.outcome.clone(), took, counted, ctx);
            let (reason, status, body) = match result {
                Ok(response) if !is_error(&response) => return Ok(response),
                Ok(response) => {
                    let status = response.status();
                    (status.to_string(), Some(status), explanation(response))
                }
                Err(error) => (reason(&error), None, String::new()),
            };
            let may_repeat = verdict.is_unseen
                || match repeat {
                    Repeat::ByMethod => method.is_idempotent(),
                    Repeat::WithKey(_) | Repeat::Freely => true,
                    Repeat::Never => false,
                };
            let url = if self.has_secret_path { origin(url) } else { shown(url) };
            let method = method.clone();
            let wait = self.wait(attempt, verdict.asked_wait);
            let is_retried = verdict.is_passing && may_repeat;
            let wait = wait.filter(|_| is_retried);
            let is_too_long = |wait: &Duration| {
                verdict.asked_wait.is_some() && *wait > LONGEST_WAIT
                    || left(self.deadline).is_some_and(|left| *wait >= left)
            };
            match (wait, verdict.asked_wait) {
                (Some(own), Some(wait)) if is_too_long(&own) => {
                    self.give_up(GaveUp::Deadline, ctx);
                    return Err(HttpError::ComeBackLater { method, url, reason, wait });
                }
                (Some(wait), _) if !is_too_long(&wait) => {
                    let time = long_duration(wait.as_secs_f64());
                    ctx.out.note(format!("{method} {url}: {reason}; again in {time}"));
                    std::thread::sleep(wait);
                    last = Some(HttpError::Failed { method, url, reason, status, body });
                }
                (wait, _) => {
                    self.give_up(
                        match wait {
                            Some(_) => GaveUp::Deadline,
                            None if is_retried => GaveUp::Attempts,
                            None => GaveUp::NotRetryable,
                        },
                        ctx,
                    );
                    return Err(HttpError::Failed { method, url, reason, status, body });
                }
            }
        }
    }

    fn give_up(&self, why: GaveUp, ctx: &Context) {
        let labels = [self.door.name().as_str(), why.name()];
        ctx.pending.change(|count| count.add(&catalogue::RETRY_EXHAUSTED, &labels, 1.0));
    }

    /// The schedule's wait, or the one that was asked for and a little more.
    fn wait(&self, attempt: u32, asked: Option<Duration>) -> Option<Duration> {
        let own = self.retry.wait(attempt, fastrand::f64())?;
        let Some(asked) = asked else { return Some(own) };
        let wait = own.max(asked).as_secs_f64() * (1.0 + 0.1 * fastrand::f64());
        Some(Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX))
    }
}

/// What all clients have in common: who asks, how long a connection may take, and which certificates are trusted.
pub fn client(setup: &Setup, ctx: &Context) -> Result<ClientBuilder, Fault> {
    // Another part of this process may have done so already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let connect = ctx.config.duration("http.connect-timeout").unwrap_or(CONNECT_TIMEOUT);
    let mut client = Client::builder()
        .user_agent(concat!("ut/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(connect);
    for path in ctx.config.path("http.ca-file").iter().chain(&setup.ca_file) {
        client = trust(client, path)?;
    }
    if let Some(path) = &setup.identity {
        let pem = read_pem(path)?;
        let identity = Identity::from_pem(&pem).map_err(|e| unusable(path).because(e))?;
        client = client.identity(identity);
    }
    if setup.accepts_any_certificate {
        client = client.tls_danger_accept_invalid_certs(true);
    }
    Ok(client)
}

/// What is counted of an attempt; of an answer, up to its body.
fn counted(name: &Name, answer: Option<&Response>, took: Duration) -> Changes {
    let (code, result) = match answer.map(|answer| answer.status().as_u16() / 100) {
        Some(5) => ("5xx", "failure"),
        Some(4) => ("4xx", "failure"),
        Some(3) => ("3xx", "success"),
        Some(_) => ("2xx", "success"),
        None => ("error", "failure"),
    };
    let name = name.as_str();
    let mut counted = Changes::default();
    counted.add(&catalogue::RETRY_ATTEMPTS, &[name, result], 1.0);
    counted.add(&catalogue::HTTP_CLIENT_REQUESTS, &[name, code], 1.0);
    counted.observe(&catalogue::HTTP_CLIENT_DURATION, &[name], took.as_secs_f64());
    counted
}

fn explanation(response: Response) -> String {
    let mut bytes = Vec::new();
    let _ = response.take(EXPLANATION).read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn unusable(path: &Path) -> Fault {
    Fault::usage(format!("cannot use the certificates of {}", path.display()))
}

fn read_pem(path: &Path) -> Result<Vec<u8>, Fault> {
    std::fs::read(path).map_err(|e| unusable(path).because(e))
}

fn trust(client: ClientBuilder, path: &Path) -> Result<ClientBuilder, Fault> {
    let pem = read_pem(path)?;
    let all = Certificate::from_pem_bundle(&pem).map_err(|e| unusable(path).because(e))?;
    if all.is_empty() {
        return Err(unusable(path).hint("it holds no certificate in PEM"));
    }
    Ok(all.into_iter().fold(client, ClientBuilder::add_root_certificate))
}

/// The body, into `to`, with a progress bar where it is large. How many bytes.
pub fn download(
    mut response: Response,
    what: &'static str,
    to: &mut (impl Write + ?Sized),
    ctx: &Context,
) -> io::Result<u64> {
    let length = response.content_length();
    let progress = match length {
        Some(length) if length >= LARGE => ctx.out.progress(what, Unit::Bytes, Some(length)),
        _ => Progress::hidden(),
    };
    let mut buffer = vec![0; 1 << 16];
    let mut total = 0;
    loop {
        let count = response.read(&mut buffer)?;
        if count == 0 {
            return Ok(total);
        }
        to.write_all(&buffer[..count])?;
        total += count as u64;
        progress.advance(count as u64);
    }
}

fn is_error(response: &Response) -> bool {
    response.status().is_client_error() || response.status().is_server_error()
}

/// Without what may be secret: who asks, and what is asked for.
pub fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    if shown.query().is_some() {
        shown.set_query(Some("…"));
    }
    shown.set_fragment(None);
    shown.to_string().replace("%E2%80%A6", "…")
}

/// `https://hooks.example.com/…`
fn origin(url: &Url) -> String {
    format!("{}/…", url.origin().ascii_serialization())
}

/// The innermost cause, which says most: `connection refused`.
pub fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "timeout".to_owned();
    }
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(std::error::Error::source) {
        cause = Some(deeper);
    }
    match cause {
        Some(cause) => cause.to_string(),
        None => "it cannot be sent".to_owned(),
    }
}
