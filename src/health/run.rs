//! Looks at everything at once, and waits for nothing longer than it may take.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::answer::{Answer, Seen};
use super::check::Check;
use super::verdict::{Status, Verdict};
use crate::core::breaker::{Answer as Leave, Door, Outcome, Settings, What};
use crate::core::clock::Stopwatch;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::metrics::{Changes, catalogue::HEALTH_STATUS};
use crate::core::output::units::long_duration;
use crate::core::state::{self, State};

/// How much longer than its timeout a check is waited for: one that keeps to it has said something by then.
const GRACE: Duration = Duration::from_millis(30);

/// How long a check waits for others that write to the state: that they do is not its failure.
pub(super) const PATIENCE: Duration = Duration::from_millis(100);

/// The checks, and which of them are still under way from an earlier time.
#[derive(Debug)]
pub struct Runner {
    checks: Vec<Arc<Check>>,
    under_way: Arc<Mutex<BTreeSet<usize>>>,
    ctx: Context,
    /// What goes wrong with the state is said once, not by every check.
    silent: Arc<Context>,
}

impl Runner {
    pub fn new(checks: Vec<Check>, ctx: &Context) -> Self {
        let (ctx, silent) = (ctx.clone(), Arc::new(ctx.silent()));
        let checks = checks.into_iter().map(Arc::new).collect();
        Self { checks, under_way: Arc::default(), ctx, silent }
    }

    /// Looks at everything, each on a thread of its own: one that hangs is left behind.
    pub fn run(&self) -> Answer {
        self.try_state();
        let (to, from) = mpsc::channel();
        let mut verdicts: Vec<Option<Verdict>> =
            (0..self.checks.len()).map(|number| self.start(number, to.clone())).collect();
        let watch = Stopwatch::start();
        loop {
            let elapsed = watch.elapsed();
            for (verdict, check) in verdicts.iter_mut().zip(&self.checks) {
                if verdict.is_none() && elapsed >= check.timeout + GRACE {
                    *verdict = Some(overdue(check));
                }
            }
            let waiting =
                verdicts.iter().zip(&self.checks).filter(|(verdict, _)| verdict.is_none());
            let Some(next) = waiting.map(|(_, check)| check.timeout + GRACE).min() else { break };
            if let Ok((number, verdict)) = from.recv_timeout(next.saturating_sub(elapsed)) {
                verdicts[number] = Some(verdict);
            }
        }
        let seen = self.checks.iter().zip(verdicts.into_iter().flatten());
        let seen: Vec<Seen> = seen.map(|(check, verdict)| Seen::new(check, verdict)).collect();
        self.count(&seen);
        Answer::new(seen, &self.silent)
    }

    /// A verdict at once, if it cannot be looked at now.
    fn start(&self, number: usize, to: mpsc::Sender<(usize, Verdict)>) -> Option<Verdict> {
        if !lock(&self.under_way).insert(number) {
            return Some(Verdict::fail("the last look at it has not ended yet"));
        }
        let (check, ctx) = (Arc::clone(&self.checks[number]), Arc::clone(&self.silent));
        let under_way = UnderWay(Arc::clone(&self.under_way), number);
        let look = move || {
            let looked = catch_unwind(AssertUnwindSafe(|| look(&check, &ctx)));
            let verdict = looked.unwrap_or_else(|_| Verdict::fail("it broke off: a fault of ut's"));
            drop(under_way);
            // Nobody may wait for it any more.
            let _ = to.send((number, verdict));
        };
        let started = std::thread::Builder::new().name("check".to_owned()).spawn(look);
        let error = started.err()?;
        Some(Verdict::fail(format!("cannot start a thread for it: {error}")))
    }

    fn try_state(&self) {
        let ctx = &self.ctx;
        if self.checks.iter().any(|check| check.kind.is_guarded) {
            let folder = state::folder(&ctx.config, &ctx.env);
            if let Err(fault) = folder.and_then(|folder| Ok(State::open(&folder)?)) {
                let error = anyhow::Error::from(fault);
                ctx.out.warn(format!("{error:#}: checks are made without breakers"));
            }
        }
    }

    fn count(&self, seen: &[Seen]) {
        let mut counted = Changes::default();
        for one in seen {
            counted.clear(&HEALTH_STATUS, &[one.name.as_str()]);
            for status in Status::ALL {
                let is = if status == one.status { 1.0 } else { 0.0 };
                counted.set(&HEALTH_STATUS, &[one.name.as_str(), status.name()], is);
            }
        }
        self.ctx.pending.put(counted);
    }
}

/// While this lives, a check is not begun again.
struct UnderWay(Arc<Mutex<BTreeSet<usize>>>, usize);

impl Drop for UnderWay {
    fn drop(&mut self) {
        lock(&self.0).remove(&self.1);
    }
}

fn lock(set: &Mutex<BTreeSet<usize>>) -> MutexGuard<'_, BTreeSet<usize>> {
    set.lock().unwrap_or_else(PoisonError::into_inner)
}

fn overdue(check: &Check) -> Verdict {
    let timeout = long_duration(check.timeout.as_secs_f64());
    Verdict { took: check.timeout, ..Verdict::fail(format!("no answer in {timeout}")) }
}

fn look(check: &Check, ctx: &Context) -> Verdict {
    let watch = Stopwatch::start();
    let verdict = if check.kind.is_guarded {
        guarded(check, ctx)
            .unwrap_or_else(|fault| Verdict::fail(format!("{:#}", anyhow::Error::from(fault))))
    } else {
        check.probe.look(check.timeout, ctx)
    };
    Verdict { took: watch.elapsed(), ..verdict }
}

/// What keeps failing is left alone for a while.
fn guarded(check: &Check, ctx: &Context) -> Result<Verdict, Fault> {
    let name = check.breaker();
    let settings = Settings::from_config(&ctx.config.for_breaker(&name), Some(check.timeout));
    let mut door = Door::open(name, settings, ctx)?;
    door.wait_at_most(PATIENCE)?;
    let leave = match door.ask(ctx)? {
        Leave::Go(leave) => leave,
        Leave::No(refusal, seen) => {
            let last = seen.record.last_failure.map(|failure| failure.what.text);
            let last = last.unwrap_or_else(|| "its breaker is open".to_owned());
            let wait = refusal.retry_in.map_or_else(
                || "until somebody closes its breaker".to_owned(),
                |millis| format!("for {}", long_duration(millis as f64 / 1000.0)),
            );
            return Ok(Verdict::fail(format!("{last}; not asked again {wait}")));
        }
    };
    let watch = Stopwatch::start();
    let verdict = check.probe.look(check.timeout, ctx);
    let outcome = match verdict.status {
        Status::Pass | Status::Warn => Outcome::Success,
        Status::Fail => {
            let text = verdict.output.clone();
            Outcome::Failure(What { kind: "health".to_owned(), code: None, text })
        }
    };
    door.tell(leave, outcome, watch.elapsed(), Changes::default(), ctx);
    Ok(verdict)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender};

    use super::*;
    use crate::core::config::{Config, Environment};
    use crate::core::output::{Color, Level, Output};
    use crate::health::KINDS;
    use crate::health::verdict::Probe;

    fn context(folder: &tempfile::TempDir) -> Context {
        let state = folder.path().as_os_str().to_owned();
        let variables = [("UT_STATE_DIR".into(), state)].into();
        let env = Environment { variables, ..Environment::default() };
        let out = Output::new(&env, Color::Never, Level::Quiet);
        Context::new(Config::load(&env, None).unwrap(), env, out)
    }

    fn check(kind: &str, timeout_ms: u64, probe: impl Probe + 'static) -> Check {
        Check {
            name: "x".parse().unwrap(),
            kind: KINDS.iter().find(|k| k.name == kind).unwrap(),
            timeout: Duration::from_millis(timeout_ms),
            critical: true,
            probe: Arc::new(probe),
        }
    }

    /// Hangs until it is let go, whatever its timeout.
    #[derive(Debug)]
    struct Hangs(Mutex<Receiver<()>>, Sender<()>);

    impl Probe for Hangs {
        fn look(&self, _: Duration, _: &Context) -> Verdict {
            let _ = self.0.lock().unwrap().recv();
            let _ = self.1.send(());
            Verdict::pass("let go")
        }
    }

    #[test]
    fn what_hangs_is_left_behind_and_not_begun_again() {
        let folder = tempfile::tempdir().unwrap();
        let ctx = context(&folder);
        let (let_go, waits) = mpsc::channel();
        let (ends, ended) = mpsc::channel();
        let runner = Runner::new(vec![check("disk", 20, Hangs(Mutex::new(waits), ends))], &ctx);
        let output = || runner.run().checks[0].output.clone();
        assert_eq!(output(), "no answer in 0.02 s");
        assert_eq!(output(), "the last look at it has not ended yet");
        let_go.send(()).unwrap();
        ended.recv().unwrap();
        drop(let_go);
        while output() != "let go" {}
    }

    #[derive(Debug)]
    struct Panics;

    impl Probe for Panics {
        fn look(&self, _: Duration, _: &Context) -> Verdict {
            panic!("a fault of ours")
        }
    }

    #[derive(Debug)]
    struct Fails;

    impl Probe for Fails {
        fn look(&self, _: Duration, _: &Context) -> Verdict {
            Verdict::fail("connection refused")
        }
    }

    #[test]
    fn what_keeps_failing_is_left_alone_and_a_panic_is_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        let ctx = context(&folder);
        let runner =
            Runner::new(vec![check("tcp", 60_000, Fails), check("disk", 60_000, Panics)], &ctx);
        for _ in 0..Settings::default().threshold {
            let answer = runner.run();
            assert_eq!(answer.checks[0].output, "connection refused");
            assert_eq!(answer.checks[1].output, "it broke off: a fault of ut's");
        }
        let answer = runner.run();
        assert!(answer.checks[0].output.starts_with("connection refused; not asked again for "));
        assert_eq!(answer.circuit_breakers[0].name, "health.x");
    }
}
