//! One run of a line of shell that is over in time, whatever it does.

use std::io::{self, PipeReader, PipeWriter, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use signal_hook::SigId;
use signal_hook::consts::SIGCHLD;
use signal_hook::low_level::{pipe, unregister};

use crate::core::clock::Stopwatch;
use crate::core::config::Environment;
use crate::core::shutdown;

/// How much is kept of what is printed, on each of the two streams. The rest is read and forgotten.
const KEPT: usize = 16 << 10;
/// What a pipe holds.
const CHUNK: usize = 64 << 10;

/// How it ended, and what it printed first.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) end: End,
    pub(super) out: Vec<u8>,
    pub(super) err: Vec<u8>,
    pub(super) took: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Exit(i32),
    Signal(Signal),
    TimedOut,
    /// It was stopped for that: it is not in the terminal's foreground.
    WantsTerminal,
}

/// Runs it in a group of its own, of which nobody stays.
pub(super) fn run(line: &str, timeout: Duration, env: &Environment) -> io::Result<Ran> {
    let watch = Stopwatch::start();
    let ((out, to_out), (err, to_err)) = (io::pipe()?, io::pipe()?);
    let mut watched = Watched { children: Children::watch()?, out: out.into(), err: err.into() };
    let held = shutdown::hold();
    let child = start(line, env, to_out, to_err)?;
    let group = Pid::from_raw(child.id().cast_signed());
    let tied = shutdown::kill_with_us(group);
    drop(held);
    let end = loop {
        match look(group) {
            Ok(None) => {}
            Ok(Some(end)) => break Ok(end),
            Err(error) => break Err(error),
        }
        match timeout.saturating_sub(watch.elapsed()) {
            Duration::ZERO => break Ok(End::TimedOut),
            left => watched.wait(left),
        }
    };
    let took = watch.elapsed();
    // Also of what it left behind.
    let _ = killpg(group, Signal::SIGKILL);
    drop(tied);
    // What it printed is in the pipes by now.
    watched.wait(Duration::ZERO);
    if !matches!(end, Ok(End::Exit(_) | End::Signal(_))) {
        bury(child);
    }
    Ok(Ran { end: end?, out: watched.out.kept, err: watched.err.kept, took })
}

fn start(
    line: &str,
    env: &Environment,
    to_out: PipeWriter,
    to_err: PipeWriter,
) -> io::Result<Child> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", line]).env_clear().envs(&env.variables).process_group(0);
    command.stdin(Stdio::null()).stdout(to_out).stderr(to_err).spawn()
}

/// How the leader of the group ended, if it has.
fn look(group: Pid) -> io::Result<Option<End>> {
    match waitpid(group, Some(WaitPidFlag::WUNTRACED | WaitPidFlag::WNOHANG)) {
        Ok(WaitStatus::Exited(_, code)) => Ok(Some(End::Exit(code))),
        Ok(WaitStatus::Signaled(_, signal, _)) => Ok(Some(End::Signal(signal))),
        Ok(WaitStatus::Stopped(_, Signal::SIGTTIN | Signal::SIGTTOU)) => {
            Ok(Some(End::WantsTerminal))
        }
        Ok(_) | Err(Errno::EINTR) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A process that waits for a disk that hangs does not die at once; nobody waits for it here.
fn bury(mut child: Child) {
    let _ = thread::Builder::new().spawn(move || child.wait());
}

/// What may happen: a child ends or stops, or something is printed.
struct Watched {
    children: Children,
    out: Stream,
    err: Stream,
}

impl Watched {
    /// Until something happens, or the time is over. What is printed is read.
    fn wait(&mut self, time: Duration) {
        let Self { children, out, err } = self;
        let mut streams: Vec<&mut Stream> = [out, err].into_iter().filter(|s| s.is_open).collect();
        let fds = streams.iter().map(|stream| stream.from.as_fd()).chain([children.wake.as_fd()]);
        let mut fds: Vec<PollFd> = fds.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        // Whatever goes wrong here, the caller looks again.
        if poll(&mut fds, rounded_up(time)).is_err() {
            return;
        }
        let is_ready: Vec<bool> = fds.iter().map(|fd| fd.any().unwrap_or(true)).collect();
        for (stream, _) in streams.iter_mut().zip(&is_ready).filter(|(_, is_ready)| **is_ready) {
            stream.read();
        }
        if is_ready.last() == Some(&true) {
            let _ = (&children.wake).read(&mut [0; 64]);
        }
    }
}

fn rounded_up(time: Duration) -> PollTimeout {
    let millis = time.as_micros().div_ceil(1000).min(60_000);
    PollTimeout::from(millis as u16)
}

/// One end of a pipe, and the beginning of what came through it.
struct Stream {
    from: PipeReader,
    is_open: bool,
    kept: Vec<u8>,
}

impl From<PipeReader> for Stream {
    fn from(from: PipeReader) -> Self {
        Self { from, is_open: true, kept: Vec::new() }
    }
}

impl Stream {
    fn read(&mut self) {
        let mut chunk = vec![0; CHUNK];
        match self.from.read(&mut chunk) {
            Ok(0) => self.is_open = false,
            Ok(count) => {
                let room = KEPT.saturating_sub(self.kept.len());
                self.kept.extend_from_slice(&chunk[..count.min(room)]);
            }
            Err(error) => self.is_open = error.kind() == io::ErrorKind::Interrupted,
        }
    }
}

/// Has a byte in `wake` for each time that a child ended or stopped.
struct Children {
    wake: UnixStream,
    registered: SigId,
}

impl Children {
    fn watch() -> io::Result<Self> {
        let (wake, to) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        Ok(Self { wake, registered: pipe::register(SIGCHLD, to)? })
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        unregister(self.registered);
    }
}
