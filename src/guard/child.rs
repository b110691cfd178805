//! One run of a command: in a process group of its own, with the terminal if there is one, and with signals and
//! timeouts handed on to the whole group.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, killpg, pthread_sigmask};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpgrp, tcgetpgrp, tcsetpgrp};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use super::input::Input;
use crate::core::clock::Stopwatch;

/// How often a group that was told to end is looked at.
const PAUSE: Duration = Duration::from_millis(10);
/// Longer waits need no end: who waits looks again anyway.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A command, and how long it may take.
#[derive(Debug)]
pub(super) struct Call<'c> {
    pub program: &'c OsStr,
    pub args: &'c [OsString],
    pub env: Vec<(&'static str, String)>,
    pub timeout: Option<Duration>,
    /// Between SIGTERM and SIGKILL.
    pub kill_after: Duration,
}

/// How it ended.
#[derive(Debug)]
pub enum Ended {
    Exit(i32),
    /// By a signal that it did not get from us.
    Signal(i32),
    TimedOut,
    /// We were told to end, by this signal; with this code it did.
    Interrupted {
        signal: i32,
        code: i32,
    },
    /// It could not be started.
    NotStarted(io::Error),
}

enum Event {
    Signal(i32),
    Stopped,
    Ended(io::Result<ExitStatus>),
}

/// The signals that are handed on, and the one that tells of the child. From then on they do not end this process.
#[derive(Debug)]
pub(super) struct Signals {
    /// Which one came last; 0 is none.
    last: Arc<AtomicUsize>,
    /// A byte for each that came.
    wake: UnixStream,
}

impl Signals {
    pub(super) fn catch() -> io::Result<Self> {
        let last = Arc::new(AtomicUsize::new(0));
        let (wake, to) = UnixStream::pair()?;
        wake.set_nonblocking(false)?;
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            signal_hook::flag::register_usize(signal, last.clone(), signal as usize)?;
        }
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD] {
            signal_hook::low_level::pipe::register(signal, to.try_clone()?)?;
        }
        Ok(Self { last, wake })
    }

    /// Waits, and says which signal ended that early.
    pub(super) fn sleep(&self, time: Duration) -> Option<i32> {
        let watch = Stopwatch::start();
        loop {
            if let Some(signal) = self.taken() {
                return Some(signal);
            }
            self.wait(time.checked_sub(watch.elapsed()).filter(|rest| !rest.is_zero())?);
        }
    }

    /// What happens next to us or to the child; none if nothing does in that time.
    fn next(&self, child: Pid, limit: Option<Duration>) -> Option<Event> {
        let watch = Stopwatch::start();
        loop {
            let event = self.taken().map(Event::Signal).or_else(|| look(child));
            if event.is_some() {
                return event;
            }
            match limit.map(|limit| limit.saturating_sub(watch.elapsed())) {
                Some(Duration::ZERO) => return None,
                rest => self.wait(rest.unwrap_or(Duration::MAX)),
            }
        }
    }

    fn taken(&self) -> Option<i32> {
        match self.last.swap(0, Ordering::SeqCst) {
            0 => None,
            signal => Some(signal as i32),
        }
    }

    /// Until a signal comes, or the time is over.
    fn wait(&self, time: Duration) {
        // Whatever goes wrong here, the caller looks again.
        let _ = self.wake.set_read_timeout((time < DAY).then_some(time));
        let _ = (&self.wake).read(&mut [0; 64]);
    }
}

/// Whether the child has stopped or ended.
fn look(child: Pid) -> Option<Event> {
    match waitpid(child, Some(WaitPidFlag::WUNTRACED | WaitPidFlag::WNOHANG)) {
        Ok(WaitStatus::Exited(_, code)) => Some(Event::Ended(Ok(ExitStatus::from_raw(code << 8)))),
        Ok(WaitStatus::Signaled(_, signal, _)) => {
            Some(Event::Ended(Ok(ExitStatus::from_raw(signal as i32))))
        }
        Ok(WaitStatus::Stopped(..)) => Some(Event::Stopped),
        Ok(_) | Err(Errno::EINTR) => None,
        Err(error) => Some(Event::Ended(Err(error.into()))),
    }
}

/// Runs the command to its end.
pub(super) fn run(call: &Call<'_>, input: &Input, signals: &Signals) -> Ended {
    let mut command = Command::new(call.program);
    command.args(call.args).envs(call.env.iter().map(|(name, value)| (name, value)));
    let child = input.stdin().and_then(|stdin| command.stdin(stdin).process_group(0).spawn());
    let group = match child {
        Ok(child) => Pid::from_raw(child.id().cast_signed()),
        Err(error) => return Ended::NotStarted(error),
    };
    let terminal = Terminal::hand_over(group);
    let mut running = Running {
        group,
        call,
        terminal,
        signal: None,
        term_at: None,
        timed_out: false,
        killed: false,
    };
    let ended = running.until_the_end(signals);
    running.terminal.take_back();
    running.sweep();
    ended
}

struct Running<'r> {
    group: Pid,
    call: &'r Call<'r>,
    terminal: Terminal,
    /// What we were told to end by.
    signal: Option<i32>,
    /// When the group was asked to end because of a timeout.
    term_at: Option<Stopwatch>,
    timed_out: bool,
    /// Whether the whole group was sent SIGKILL.
    killed: bool,
}

impl Running<'_> {
    fn until_the_end(&mut self, signals: &Signals) -> Ended {
        let watch = Stopwatch::start();
        loop {
            let limit = match &self.term_at {
                Some(since) => Some(self.call.kill_after.saturating_sub(since.elapsed())),
                None => self.call.timeout.map(|limit| limit.saturating_sub(watch.elapsed())),
            };
            match signals.next(self.group, limit) {
                Some(Event::Ended(Ok(status))) => return self.ended(status),
                Some(Event::Ended(Err(error))) => return Ended::NotStarted(error),
                Some(Event::Signal(signal)) => {
                    self.signal.get_or_insert(signal);
                    self.send(Signal::try_from(signal).unwrap_or(Signal::SIGTERM));
                }
                Some(Event::Stopped) => self.terminal.stop_with(self.group),
                None if self.term_at.is_some() => {
                    self.send(Signal::SIGKILL);
                    self.killed = true;
                    // It may take a while to die, but not to be killed again.
                    self.term_at = Some(Stopwatch::start());
                }
                None => {
                    self.timed_out = true;
                    self.term_at = Some(Stopwatch::start());
                    self.send(Signal::SIGTERM);
                    self.send(Signal::SIGCONT);
                }
            }
        }
    }

    fn ended(&self, status: ExitStatus) -> Ended {
        let code = status.code().or_else(|| status.signal().map(|n| 128 + n)).unwrap_or(1);
        if self.timed_out {
            return Ended::TimedOut;
        }
        // On a terminal that was handed over, Ctrl-C reaches the child alone.
        let typed = [SIGINT, SIGQUIT].into_iter().find(|n| status.signal() == Some(*n));
        let typed = typed.filter(|_| self.terminal.is_handed_over());
        match (self.signal.or(typed), status.signal()) {
            (Some(signal), _) => Ended::Interrupted { signal, code },
            (None, Some(signal)) => Ended::Signal(signal),
            (None, None) => Ended::Exit(code),
        }
    }

    /// To the whole group. That it has ended meanwhile is no error.
    fn send(&self, signal: Signal) {
        let _ = killpg(self.group, signal);
    }

    /// After a timeout nobody of the group stays.
    fn sweep(&self) {
        let Some(since) = self.term_at.as_ref().filter(|_| !self.killed) else { return };
        while killpg(self.group, None).is_ok() {
            if since.elapsed() >= self.call.kill_after {
                return self.send(Signal::SIGKILL);
            }
            std::thread::sleep(PAUSE);
        }
    }
}

/// The terminal, if this process was in its foreground: then the child's group is, while it runs.
struct Terminal {
    own: Option<Pid>,
}

impl Terminal {
    fn hand_over(group: Pid) -> Self {
        let own = getpgrp();
        let is_ours = tcgetpgrp(io::stdin()).is_ok_and(|foreground| foreground == own);
        if !is_ours {
            return Self { own: None };
        }
        give_terminal(group);
        // It may have been stopped for reading before it was its turn.
        let _ = killpg(group, Signal::SIGCONT);
        Self { own: Some(own) }
    }

    fn is_handed_over(&self) -> bool {
        self.own.is_some()
    }

    fn take_back(&self) {
        if let Some(own) = self.own {
            give_terminal(own);
        }
    }

    /// Ctrl-Z stops the child: this process stops too, so that the shell goes on, and both go on together.
    fn stop_with(&self, group: Pid) {
        let Some(own) = self.own else { return };
        give_terminal(own);
        let _ = kill(Pid::this(), Signal::SIGSTOP);
        if tcgetpgrp(io::stdin()).is_ok_and(|foreground| foreground == own) {
            give_terminal(group);
        }
        let _ = killpg(group, Signal::SIGCONT);
    }
}

/// A group in the background that gives the terminal away is stopped, unless that signal is blocked.
fn give_terminal(to: Pid) {
    let mut blocked = SigSet::empty();
    blocked.add(Signal::SIGTTOU);
    let mut before = SigSet::empty();
    let _ = pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&blocked), Some(&mut before));
    let _ = tcsetpgrp(io::stdin(), to);
    let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), None);
}
